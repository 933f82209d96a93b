"""Signatures of reports: made at signing, verified by anybody, and asked for before a report is served."""

import base64
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import ValidationError
from sqlalchemy import update

from gateway.reports.content import fingerprint
from gateway.reports.models import CaseReport
from gateway.signing_keys import SigningKeys

SECRET = "the secret key of a server, of these tests"


@pytest.fixture
def signed(sign, worker, job) -> dict:
    worker.infer(job)
    return sign().json()


@pytest.fixture
def at(case) -> str:
    return f"/api/v1/cases/{case}/reports"


@pytest.fixture
def change(client):
    """Changes the row of the signed version, as somebody with the database's password does."""

    def write(**values):
        with client.app.state.sessions.begin() as session:
            session.execute(update(CaseReport).values(**values))

    return write


def altered(client) -> dict:
    with client.app.state.sessions() as session:
        return session.query(CaseReport).one().content | {"pseudonym": "P-2"}


def line_of(pem: str) -> str:
    return pem.splitlines()[1]


def test_anybody_can_verify_it(client, alice, signed, at, tmp_path):
    content = client.get(f"{at}/1/content", headers=alice).content
    [key] = client.get("/api/v1/signing-keys", headers=alice).json()
    assert (signed["signature"]["key"], signed["signature"]["state"], key["current"]) == (key["key"], "valid", True)
    signature = base64.b64decode(signed["signature"]["value"])
    load_pem_public_key(key["public_key"].encode()).verify(signature, content)
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    for name, said in (("content", content), ("sig", signature), ("pem", key["public_key"].encode())):
        (tmp_path / name).write_bytes(said)
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "pem", "-rawin", "-in", "content", "-sigfile", "sig"]
    assert subprocess.run(verify, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "content").write_bytes(content.replace(b"alice", b"mallo"))
    assert subprocess.run(verify, cwd=tmp_path, check=False, capture_output=True).returncode == 1


@pytest.mark.parametrize("form", ["html", "json", "content"])
def test_what_was_altered_with_its_fingerprint_is_not_served(client, alice, signed, at, change, serve, form):
    path = f"{at}/1/content" if form == "content" else f"{at}/1?format={form}"
    assert client.get(path, headers=alice).status_code == 200, "rendered, and kept"
    content = altered(client)
    change(content=content, sha256=fingerprint(content))
    for language, sentence in (("en", "differs from what was signed"), ("zh", "不一致")):
        answer = client.get(path, headers=alice | {"Accept-Language": language})
        assert (answer.status_code, answer.json()["code"]) == (500, "report_altered")
        assert sentence in answer.json()["detail"]
    [shown] = client.get(at, headers=alice).json()
    assert shown["signature"]["state"] == "broken"


def test_a_signature_does_not_count_at_another_version(client, alice, signed, sign, at, change):
    """Content, fingerprint, key and signature are moved together: each of them is genuine."""
    changed = {"modality": "mammography", "view": "MLO", "laterality": "L"}
    [image] = client.get(f"{at.removesuffix('/reports')}", headers=alice).json()["images"]
    assert client.patch(f"/api/v1/images/{image['id']}", json=changed, headers=alice).status_code == 200
    assert sign(conclusion="malignancy_suspected").status_code == 201
    with client.app.state.sessions() as session:
        first = session.query(CaseReport).filter_by(version=1).one()
        moved = {name: getattr(first, name) for name in ("content", "sha256", "signing_key", "signature")}
    change(**moved)
    answer = client.get(f"{at}/2/content", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (500, "report_altered")
    assert [shown["signature"]["state"] for shown in client.get(at, headers=alice).json()] == ["broken", "valid"]


def test_the_list_says_what_was_signed(client, alice, signed, at, change):
    change(conclusion="no_sign_of_malignancy", comment="Nothing.", signed_by="mallory")
    [shown] = client.get(at, headers=alice).json()
    assert shown == signed


def test_a_key_that_the_server_does_not_know_is_said(client, alice, signed, at, change):
    change(signing_key="0" * 16)
    answer = client.get(f"{at}/1/content", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (500, "signing_key_unknown")
    assert client.get(at, headers=alice).json()[0]["signature"]["state"] == "key_unknown"


@pytest.mark.parametrize("gone", [{"signature": None}, {"signature": "", "signing_key": None}])
def test_half_a_signature_is_none_that_counts(client, alice, signed, at, change, gone):
    change(**gone)
    assert client.get(f"{at}/1/content", headers=alice).status_code == 500


def test_a_version_from_before_has_none_and_stays_readable(client, alice, signed, at, change):
    change(signature=None, signing_key=None)
    assert client.get(at, headers=alice).json()[0]["signature"] is None
    assert client.get(f"{at}/1/content", headers=alice).status_code == 200


def test_a_replaced_key_still_verifies_what_it_signed():
    first = SigningKeys(SECRET, "a first key of its own, of these tests")
    signature = first.sign(b"content")
    kept = line_of(first.pem(first.current))
    second = SigningKeys(SECRET, "a second key of its own, of these tests", before=f"{kept}, ")
    assert second.judge(first.current, signature, b"content") == "valid"
    assert second.judge(first.current, signature, b"contend") == "broken"
    assert second.judge(second.current, signature, b"content") == "broken"
    assert SigningKeys(SECRET).judge(first.current, signature, b"content") == "key_unknown"


def test_what_the_secret_key_signed_verifies_under_a_key_of_its_own():
    before = SigningKeys(SECRET)
    after = SigningKeys(SECRET, "a key of its own, of these tests")
    assert after.current != before.current
    assert after.judge(before.current, before.sign(b"content"), b"content") == "valid"


UNKNOWN = "MCowBQYDK2V6AyEA" + 43 * "A" + "="  # of an algorithm that nobody knows


@pytest.mark.parametrize("text", ["nothing", "AAAA", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", UNKNOWN])
def test_what_is_no_public_key_is_refused_at_the_start(make_app, text):
    with pytest.raises(ValidationError, match="signing_keys_before"):
        make_app(signing_keys_before=text)
