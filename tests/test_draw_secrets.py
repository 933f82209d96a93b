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

    run_options = {"env": environment, "cwd": tmp_path, "capture_output": True, "text": True}
    command = [ROOT / "k8s" / "draw-secrets", folder]

    def run() -> dict[str, str]:
        done = subprocess.run(command, **run_options)
        assert done.returncode == 0, done.stderr
        return {path.name: path.read_text() for path in folder.iterdir()}

    run.folder, run.command, run.options = folder, command, run_options
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


def test_a_new_installation_gets_a_key_of_the_audit_log(draw):
    """So that `secret_key` can be replaced: nobody could verify what was linked with a key derived from it."""
    first = draw()
    assert len(first["audit_key"].strip()) == 64
    (draw.folder / "secret_key").unlink()
    again = draw()
    assert again["secret_key"] != first["secret_key"]
    assert again["audit_key"] == first["audit_key"]


def test_an_older_installation_keeps_the_key_that_is_derived(draw):
    draw()
    (draw.folder / "audit_key").unlink()  # version 0.1.0 made none
    assert draw()["audit_key"] == ""
    (draw.folder / "secret_key").unlink()
    refused = subprocess.run(draw.command, **draw.options)
    assert refused.returncode == 1
    assert "Put it back" in refused.stderr
    assert not (draw.folder / "secret_key").exists()
    (draw.folder / "audit_key").unlink()  # it is lost
    assert len(draw()["audit_key"].strip()) == 64


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
