"""A node that cannot start says in a line why: which setting, which file, which port."""

import os
import socket
import subprocess
import sys

import pytest
from pydantic import ValidationError

from dicom_node.node import Node


@pytest.fixture
def start(tmp_path):
    """Starts a node that must not start; gives its exit status and what it said, among the log of its threads."""

    def run(**settings: object) -> tuple[int, str]:
        given = {"api_token": "x", "dicom_folder": tmp_path / "node", "dicom_calling_ae_titles": "*", "dicom_port": 0}
        own = {f"LOBULE_{name.upper()}": str(value) for name, value in (given | settings).items()}
        others = {name: value for name, value in os.environ.items() if not name.startswith("LOBULE_")}
        done = subprocess.run(
            [sys.executable, "-m", "dicom_node"], env=others | own, capture_output=True, text=True, timeout=60
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    return run


def test_others_cannot_read_the_folder(make_settings, tmp_path):
    """An older version may have made it with the user's umask."""
    folder = tmp_path / "node"
    settings = make_settings(gateway_url="http://127.0.0.1:9", dicom_folder=folder, dicom_port=0)
    for _ in range(2):
        Node(settings).close()
        assert folder.stat().st_mode & 0o077 == 0
        folder.chmod(0o755)


def test_a_folder_that_cannot_be_made(start, tmp_path):
    (tmp_path / "file").touch()
    status, said = start(dicom_folder=tmp_path / "file" / "node")
    assert (status, f"LOBULE_DICOM_FOLDER={tmp_path}/file/node cannot be used" in said) == (78, True)


def test_a_journal_that_is_none(start, tmp_path):
    (tmp_path / "node" / "journal.sqlite").mkdir(parents=True)
    status, said = start()
    assert (status, "LOBULE_DICOM_FOLDER" in said) == (78, True)


@pytest.mark.parametrize("name", ["dicom_port", "dicom_hl7_port", "worker_port"])
def test_a_port_that_is_taken(start, name):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, said = start(**{name: port})
    assert (status, "Address already in use" in said, f"LOBULE_{name.upper()}={port}" in said) == (1, True, True)


@pytest.mark.parametrize("address", ["https://pacs:abc/x", "https://pacs:99999/x", "https://pa\x01cs/x"])
@pytest.mark.parametrize("name", ["dicom_stow_destinations", "dicom_prior_nodes", "dicom_ups_url", "dicom_fhir_url"])
def test_an_address_that_is_none(make_settings, name, address):
    with pytest.raises(ValidationError, match=name):
        make_settings(dicom_ups_station="LOBULE", **{name: address})


@pytest.mark.parametrize("port", ["0", "65536"])
@pytest.mark.parametrize("name", ["dicom_destinations", "dicom_prior_nodes", "dicom_hl7_destinations"])
def test_a_port_that_is_none(make_settings, name, port):
    with pytest.raises(ValidationError, match=f"{port} is no port"):
        make_settings(**{name: f"PACS@127.0.0.1:{port}"})


@pytest.mark.parametrize("name", ["gateway_ca", "dicom_tls_ca", "dicom_fhir_ca", "dicom_hl7_ca", "dicom_stow_ca"])
def test_authorities_that_are_none(start, tmp_path, name):
    status, said = start(**{name: tmp_path / "none.pem"})
    assert (status, f"LOBULE_{name.upper()} is wrong: {tmp_path}/none.pem is no file of PEM" in said) == (78, True)
    (tmp_path / "none.pem").write_text("no certificate")
    assert start(**{name: tmp_path / "none.pem"})[0] == 78


def test_a_certificate_with_another_key(start, tmp_path):
    for name in ("a", "b"):
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
                *("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"),
            ],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    files = {"dicom_tls_certificate": tmp_path / "a.pem", "dicom_tls_ca": tmp_path / "a.pem"}
    status, said = start(**files, dicom_tls_key=tmp_path / "b.key")
    assert (status, f"{tmp_path}/b.key are no certificate and its key" in said) == (78, True)
