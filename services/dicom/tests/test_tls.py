"""TLS: only who holds a certificate of the hospital's authority is let in."""

import socket
import subprocess
from pathlib import Path

import pytest
from dicom_peer import tool

from dicom_node.peers import Place
from dicom_node.reporting import probes


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """An authority with certificates for a node and a modality, and a stranger signed by itself."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run([tool("openssl"), *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("authority", "stranger"):
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"),
        )
    (folder / "names.cnf").write_text("subjectAltName = IP:127.0.0.1")
    for name in ("node", "modality"):
        openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", f"{name}.key", "-out", f"{name}.csr"),
        )
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-days", "2"),
            *("-CAcreateserial", "-out", f"{name}.pem", "-extfile", "names.cnf"),
        )
    return folder


@pytest.fixture
def tls_node(start_node, certificates):
    return start_node(
        dicom_tls_certificate=certificates / "node.pem",
        dicom_tls_key=certificates / "node.key",
        dicom_tls_ca=certificates / "authority.pem",
    )


def storescu(node, film: Path, *options: str) -> int:
    command = [tool("storescu"), *options, "-aet", "PACS", "-aec", "LOBULE", "127.0.0.1", str(node.port), film]
    return subprocess.run(command, capture_output=True, timeout=60).returncode


def test_who_may_send(tls_node, certificates, make_film):
    def held(name: str) -> tuple[str, ...]:
        pair = (str(certificates / f"{name}.key"), str(certificates / f"{name}.pem"))
        return ("+tls", *pair, "+cf", str(certificates / "authority.pem"))

    film = make_film()
    assert storescu(tls_node, film, *held("modality")) == 0
    assert storescu(tls_node, make_film(), *held("stranger")) != 0
    assert storescu(tls_node, make_film(), "+tla", "+cf", str(certificates / "authority.pem")) != 0
    assert storescu(tls_node, make_film()) != 0, "without TLS"
    assert len(list(tls_node.intake.objects.iterdir())) == 1


def test_a_handshake_that_never_comes_holds_nobody_up(tls_node, certificates, make_film):
    with socket.create_connection(("127.0.0.1", tls_node.port)):
        pair = (str(certificates / "modality.key"), str(certificates / "modality.pem"))
        assert storescu(tls_node, make_film(), "+tls", *pair, "+cf", str(certificates / "authority.pem")) == 0


def test_the_node_calls_over_tls_whom_it_should(tls_node, certificates):
    place = Place("LOBULE", "127.0.0.1", tls_node.port)

    def echoed(authority: str = "authority", **changes) -> str:
        held = {
            "dicom_ae_title": "MODALITY",
            "dicom_tls_peers": "OTHER, LOBULE",
            "dicom_tls_certificate": certificates / "modality.pem",
            "dicom_tls_key": certificates / "modality.key",
            "dicom_tls_ca": certificates / f"{authority}.pem",
        }
        return probes.echo(place, tls_node.settings.model_copy(update=held | changes))

    assert echoed() == "ok"
    assert echoed(dicom_tls_peers="*") == "ok"
    assert echoed(dicom_tls_peers="OTHER") == "not_connected"
    assert echoed("stranger") == "not_connected", "its certificate is of another authority"


def test_tls_towards_others_needs_a_certificate(start_node):
    with pytest.raises(ValueError, match="LOBULE_DICOM_TLS_PEERS needs"):
        start_node(dicom_tls_peers="PACS")
