"""TLS: only who holds a certificate of the hospital's authority is let in."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from dicom_faults import free_port
from dicom_peer import tool
from dicom_rounds import until

from dicom_node.peers import MessagePlace, Place
from dicom_node.reporting import probes


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """An authority with certificates for several systems, and a stranger signed by itself."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run([tool("openssl"), *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("authority", "stranger"):
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"),
        )
    names = {
        "node": "IP:127.0.0.1",
        "modality": "IP:127.0.0.1",
        "expired": "IP:127.0.0.1",
        "elsewhere": "DNS:elsewhere",
    }
    for name, host in names.items():
        (folder / "names.cnf").write_text(f"subjectAltName = {host}")
        openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", f"{name}.key", "-out", f"{name}.csr"),
        )
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key"),
            *(
                "-days",
                "-1" if name == "expired" else "2",
                "-CAcreateserial",
                "-out",
                f"{name}.pem",
                "-extfile",
                "names.cnf",
            ),
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


def test_the_end_of_the_nodes_certificate_is_a_metric(tls_node):
    told = {sample.name: sample.value for family in tls_node.collector.collect() for sample in family.samples}
    days = (told["lobule_dicom_certificate_end_timestamp_seconds"] - time.time()) / 86400
    assert days == pytest.approx(2, abs=0.1)


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
    assert echoed("stranger") == "tls_untrusted", "its certificate is of another authority"


def test_tls_towards_others_needs_a_certificate(start_node):
    with pytest.raises(ValueError, match="LOBULE_DICOM_TLS_PEERS needs"):
        start_node(dicom_tls_peers="PACS")


@pytest.fixture
def tls_system(certificates):
    """Starts systems that speak TLS, each with its certificate; callers need one of the authority."""
    with ExitStack() as systems:

        def start(name: str, *, callers: str = "authority") -> int:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / f"{callers}.pem"))
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
            listening = systems.enter_context(socket.create_server(("127.0.0.1", 0)))
            threading.Thread(target=serve, args=(listening, context), daemon=True).start()
            return listening.getsockname()[1]

        def serve(listening: socket.socket, context: ssl.SSLContext) -> None:
            while True:
                try:
                    plain, _ = listening.accept()
                except OSError:
                    return
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as caller:
                    caller.recv(1)

        yield start


WRONG_CERTIFICATES = [
    ("expired", "tls_expired"),
    ("elsewhere", "tls_host"),
    ("stranger", "tls_untrusted"),
]


@pytest.mark.parametrize(("name", "problem"), WRONG_CERTIFICATES)
def test_what_is_wrong_with_a_certificate_is_said(tls_node, certificates, tls_system, name, problem):
    """All of them were "no connection: check host, port and firewall", and a test of HL7 over TLS said "it works"."""
    port = tls_system(name)
    settings = tls_node.settings.model_copy(
        update={"dicom_tls_peers": "*", "dicom_hl7_ca": certificates / "authority.pem"}
    )
    assert probes.echo(Place("PACS", "127.0.0.1", port), settings) == problem
    assert probes.connect(MessagePlace("RIS", "127.0.0.1", port, is_tls=True), settings) == problem
    fhir = {"dicom_fhir_url": f"https://127.0.0.1:{port}", "dicom_fhir_ca": certificates / "authority.pem"}
    assert probes.read_metadata(settings.model_copy(update=fhir)) == problem


def test_a_refused_certificate_of_ours_and_a_system_without_tls_are_told_apart(tls_node, certificates, tls_system):
    settings = tls_node.settings.model_copy(
        update={"dicom_tls_peers": "*", "dicom_hl7_ca": certificates / "authority.pem", "dicom_timeout_s": 5}
    )

    def told(port: int) -> set[str]:
        return {
            probes.echo(Place("PACS", "127.0.0.1", port), settings),
            probes.connect(MessagePlace("RIS", "127.0.0.1", port, is_tls=True), settings),
        }

    assert told(tls_system("node", callers="stranger")) == {"tls_refused"}
    assert told(free_port()) == {"not_connected"}


def test_an_hl7_receiver_that_wants_a_certificate_gets_ours(tls_node, certificates, tls_system):
    """Messages to a receiver with certificates on both sides were never delivered."""
    place = MessagePlace("RIS", "127.0.0.1", tls_system("node"), is_tls=True)
    settings = tls_node.settings.model_copy(update={"dicom_hl7_ca": certificates / "authority.pem"})
    assert probes.connect(place, settings) == "ok"
    without = {"dicom_tls_certificate": None, "dicom_tls_key": None, "dicom_tls_ca": None}
    assert probes.connect(place, settings.model_copy(update=without)) == "tls_refused"


def test_callers_with_whom_tls_fails_are_listed(tls_node, certificates, make_film):
    """Administrators saw nothing of them, and the log had neither address nor reason."""
    trusted = ("+cf", str(certificates / "authority.pem"))
    assert storescu(tls_node, make_film(), "+tla", *trusted) != 0
    assert storescu(tls_node, make_film()) != 0
    for name in ("stranger", "expired"):
        pair = (str(certificates / f"{name}.key"), str(certificates / f"{name}.pem"))
        assert storescu(tls_node, make_film(), "+tls", *pair, *trusted) != 0
    with socket.create_connection(("127.0.0.1", tls_node.port)):
        pass  # looks whether the port is open
    notes = tls_node._scp.notes
    until(lambda: len(notes.entries()) == 4, "the callers are listed")
    problems = {"tls_expired", "tls_untrusted", "tls_failed", "tls_no_certificate"}
    assert {(each.outcome, each.address, each.problem) for each in notes.entries()} == {
        ("rejected", "127.0.0.1", problem) for problem in problems
    }


def test_renewed_certificates_are_used_without_a_restart(start_node, certificates, make_film, tmp_path):
    for name in ("node.pem", "node.key", "authority.pem"):
        shutil.copy(certificates / name, tmp_path / name)
    tls = {"dicom_tls_certificate": "node.pem", "dicom_tls_key": "node.key", "dicom_tls_ca": "authority.pem"}
    node = start_node(dicom_hl7_port=0, **{name: tmp_path / file for name, file in tls.items()})
    settings = node.settings.model_copy(
        update={name: certificates / file.replace("node", "modality") for name, file in tls.items()}
        | {"dicom_tls_peers": "*", "dicom_ae_title": "MODALITY", "dicom_hl7_ca": certificates / "authority.pem"}
    )

    def told() -> list[str]:
        message = MessagePlace("LOBULE", "127.0.0.1", node.orders.port, is_tls=True)
        return [probes.echo(Place("LOBULE", "127.0.0.1", node.port), settings), probes.connect(message, settings)]

    def renew(name: str, source: str) -> None:
        shutil.copy(certificates / source, tmp_path / "new")
        (tmp_path / "new").rename(tmp_path / name)

    assert told() == ["ok", "ok"]
    renew("node.pem", "elsewhere.pem")
    assert told() == ["ok", "ok"], "the key is not there yet"
    renew("node.key", "elsewhere.key")
    assert told() == ["tls_host", "tls_host"]
    renew("node.pem", "node.pem")
    renew("node.key", "node.key")
    assert told() == ["ok", "ok"]


def test_nothing_is_sent_without_tls_because_of_a_slip(start_node, certificates):
    tls = {
        "dicom_tls_certificate": certificates / "node.pem",
        "dicom_tls_key": certificates / "node.key",
        "dicom_tls_ca": certificates / "authority.pem",
    }
    with pytest.raises(ValueError, match="gives an address: PASC"):
        start_node(dicom_tls_peers="PASC", dicom_destinations="PACS@127.0.0.1:9", **tls)
    with pytest.raises(ValueError, match="needs a destination with /tls"):
        start_node(dicom_hl7_ca=certificates / "authority.pem", dicom_hl7_destinations="RIS@127.0.0.1:9")
