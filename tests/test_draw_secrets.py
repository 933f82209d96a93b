"""`make secrets` creates missing secrets and keeps existing ones, even if it runs repeatedly."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


@pytest.fixture
def draw(tmp_path):
    """Returns a function that runs it and returns the content of every file."""
    folder = tmp_path / "secrets"
    environment = os.environ | {"LOBULE_PUBLIC_URL": "https://lobule.example:8443"}

    def run() -> dict[str, str]:
        command = [ROOT / "k8s" / "draw-secrets", folder]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return {path.name: path.read_text() for path in folder.iterdir()}

    run.folder = folder
    return run


def test_what_is_there_is_kept_and_what_is_missing_is_drawn(draw):
    first = draw()
    assert stat.S_IMODE(draw.folder.stat().st_mode) == 0o700
    for _ in range(3):
        assert draw() == first
    (draw.folder / "grafana_password").unlink()
    again = draw()
    assert again.pop("grafana_password") != first.pop("grafana_password")
    assert again == first


def test_every_file_that_compose_names_is_drawn(draw):
    """The exception is `dicom_api_token`, which an administrator makes in the portal."""
    named = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["secrets"]
    assert set(named) - set(draw()) == {"dicom_api_token"}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (
            'LOBULE_PUBLIC_URL="https://lobule.hospital.example:8443/lobule" # of the proxy',
            "DNS:lobule.hospital.example",
        ),
        ("LOBULE_PUBLIC_URL='https://10.20.0.5'", "IP Address:10.20.0.5"),
        ("LOBULE_PUBLIC_URL=https://[2001:db8::5]:8443", "IP Address:2001:DB8:0:0:0:0:0:5"),
    ],
)
def test_address_and_folder_are_read_from_the_file_as_compose_reads_them(tmp_path, line, name):
    (tmp_path / ".env").write_text(f"LOBULE_PUBLIC_URL=https://replaced.example\n{line}\nLOBULE_SECRETS=kept/apart\n")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOBULE_")}
    subprocess.run([ROOT / "k8s" / "draw-secrets"], env=environment, cwd=tmp_path, check=True, capture_output=True)
    command = ["openssl", "x509", "-in", tmp_path / "kept/apart/tls_certificate", "-noout", "-ext", "subjectAltName"]
    assert name in subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert not (tmp_path / "secrets").exists()
