"""Keys in a PKCS#11 token: SoftHSM signs reports and their PDF as a hardware security module does.

`test_token_keys.py` runs these tests.
"""

import base64
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from blank_pdf import blank_pdf
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key, load_pem_public_key
from pkcs11 import Attribute, AttributeSensitive, KeyType, ObjectClass, lib
from pkcs11.util.rsa import encode_rsa_public_key
from pydantic import ValidationError
from typer.testing import CliRunner

from gateway import token_keys
from gateway.pdf_signing import PdfSigner, draw_certificate, judge
from gateway.reports.commands import app as commands
from gateway.token_keys import TokenError, TokenKey

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "a PIN of these tests"
pytestmark = pytest.mark.skipif(
    shutil.which("softhsm2-util") is None or not MODULE.exists(), reason="softhsm2 is not installed"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of the token; SoftHSM reads where it is once in a process."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    (folder / "pin").write_text(f"{PIN}\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    new = ["softhsm2-util", "--init-token", "--free", "--label", "A token", "--pin", PIN, "--so-pin", "12345678"]
    subprocess.run(new, check=True, capture_output=True)
    yield folder
    del os.environ["SOFTHSM2_CONF"]


@pytest.fixture(scope="module")
def run():
    return lambda *words: CliRunner().invoke(commands, [str(word) for word in words])


@pytest.fixture(scope="module")
def uri(folder):
    """The URI of a key in the token."""

    def name(label: str, **changes) -> str:
        parts = {"token": "A%20token", "module": MODULE, "pin": f"pin-source=file:{folder / 'pin'}"} | changes
        return "pkcs11:token={token};object={label};type=private?module-path={module}&{pin}".format(
            **parts, label=label
        )

    return name


@pytest.fixture(scope="module")
def key(uri, run):
    """The URI of a key that signs reports, and its public key."""
    drawn = run("key", uri("reports"))
    assert drawn.exit_code == 0, drawn.output
    return uri("reports"), drawn.output


@pytest.fixture(scope="module")
def pair(uri, run, folder):
    """A certificate, and the URI of its key."""
    said = run("certificate", folder / "secrets", "--name", "Hospital of these tests", "--key", uri("pdf"))
    assert said.exit_code == 0, said.output
    certificate, written = ((folder / "secrets" / name).read_text() for name in ("pdf_certificate", "pdf_key"))
    return certificate, written.strip()


@pytest.fixture
def app(make_app, key):
    return make_app(signing_key=key[0])


@pytest.fixture
def ready(worker, job):
    worker.infer(job)


def test_a_report_has_the_signature_of_the_key_in_the_token(client, alice, case, ready, sign, key):
    signature = sign().json()["signature"]
    content = client.get(f"/api/v1/cases/{case}/reports/1/content", headers=alice).content
    [current, derived] = client.get("/api/v1/signing-keys", headers=alice).json()
    assert (current["current"], current["key"], current["public_key"]) == (True, signature["key"], key[1])
    assert not derived["current"]
    load_pem_public_key(key[1].encode()).verify(base64.b64decode(signature["value"]), content)


def test_nothing_is_signed_while_the_token_is_away(client, alice, case, ready, sign, folder):
    (folder / "tokens").rename(folder / "away")
    try:
        answer = sign()
        assert (answer.status_code, answer.json()["code"]) == (503, "signing_key_unavailable")
        assert answer.headers["Retry-After"]
        assert client.get(f"/api/v1/cases/{case}/reports", headers=alice).json() == []
    finally:
        (folder / "away").rename(folder / "tokens")
    assert sign().json()["signature"]["state"] == "valid", "without a restart"


def test_a_token_that_hangs_does_not_hold_every_thread(key, monkeypatch):
    monkeypatch.setattr(token_keys, "_PATIENCE_S", 0.01)
    with token_keys._ALONE, pytest.raises(TokenError, match="others wait"):
        TokenKey.parse(key[0]).sign(b"content")
    assert TokenKey.parse(key[0]).sign(b"content")


def test_a_pdf_has_the_signature_of_the_key_in_the_token(pair, tmp_path):
    signer = PdfSigner(*pair)
    (tmp_path / "a.pdf").write_bytes(signer.sign(blank_pdf(), "a reason"))
    assert judge((tmp_path / "a.pdf").read_bytes(), "a reason", signer.known) == "valid"
    if shutil.which("pdfsig") is None:
        pytest.skip("poppler-utils is not installed")
    said = subprocess.run(["pdfsig", tmp_path / "a.pdf"], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in said


def test_a_key_of_rsa_signs_too(uri):
    with lib(str(MODULE)).get_token(token_label="A token").open(rw=True, user_pin=PIN) as session:
        public, _ = session.generate_keypair(KeyType.RSA, 2048, label="rsa", store=True)
        public = load_der_public_key(encode_rsa_public_key(public))
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "An authority")]), datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, public, 1, now, now + timedelta(days=1))
    certificate = made.sign(generate_private_key(SECP256R1()), SHA256()).public_bytes(Encoding.PEM)
    signer = PdfSigner(certificate.decode(), uri("rsa"))
    assert judge(signer.sign(blank_pdf(), "a reason"), "a reason", signer.known) == "valid"


def test_the_private_key_stays_in_the_token(key):
    with lib(str(MODULE)).get_token(token_label="A token").open(user_pin=PIN) as session:
        private = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label="reports")
        with pytest.raises(AttributeSensitive):
            _ = private[Attribute.VALUE]
    assert PIN not in repr(TokenKey.parse(key[0]))


def test_a_key_is_not_drawn_over_another(run, key, pair, tmp_path):
    for words in (("key", key[0]), ("certificate", tmp_path, "--name", "A hospital", "--key", pair[1])):
        said = run(*words)
        assert (said.exit_code, "already a key" in said.output) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_sign_is_refused_at_the_start(make_app, uri, key, pair, folder):
    no_pin = f"pin-source={folder / 'none'}"
    for given, message in (
        ({"signing_key": uri("none")}, "NoSuchKey"),
        ({"signing_key": uri("reports", token="another")}, "NoSuchToken"),
        ({"signing_key": uri("reports", pin="pin-value=another")}, "PinIncorrect"),
        ({"signing_key": uri("reports", module="/nowhere/module.so")}, "cannot open"),
        ({"signing_key": uri("reports", pin=no_pin)}, "pin-source"),
        ({"signing_key": uri("reports;serial=1")}, "and no more"),
        ({"signing_key": uri("pdf")}, "no key of Ed25519"),
        ({"pdf_certificate": draw_certificate("Another", 1)[0].decode(), "pdf_key": pair[1]}, "not that of the cert"),
        ({"pdf_certificate": pair[0], "pdf_key": uri("none")}, "NoSuchKey"),
        ({"pdf_certificate": pair[0], "pdf_key": key[0]}, "not that of the cert"),
    ):
        with pytest.raises(ValidationError, match=message) as refused:
            make_app(**given)
        assert PIN not in str(refused.value)


def test_without_the_package_it_says_what_to_install(monkeypatch, key):
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(TokenError, match=r"lobule-gateway\[pkcs11\]"):
        TokenKey.parse(key[0]).sign(b"content")
