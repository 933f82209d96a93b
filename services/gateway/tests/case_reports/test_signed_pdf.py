"""The signature in the PDF of a signed report, with the certificate that an administrator names."""

import hashlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pypdf
import pytest
from blank_pdf import blank_pdf
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import ValidationError

from gateway.operations.completeness import faulty_objects
from gateway.pdf_signing import CertificateEndedError, PdfSigner, draw_certificate, verified

NAME = "Hospital of these tests"


def drawn(days: int = 10) -> tuple[str, str]:
    certificate, key = draw_certificate(NAME, days)
    return certificate.decode(), key.decode()


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    return drawn()


@pytest.fixture
def app(make_app, pair):
    return make_app(pdf_certificate=pair[0], pdf_key=pair[1])


@pytest.fixture
def at(case) -> str:
    return f"/api/v1/cases/{case}/reports/1"


@pytest.fixture
def signed(sign, worker, job) -> dict:
    worker.infer(job)
    return sign().json()


@pytest.fixture
def serve(client, worker, signed, answer_next) -> None:
    """All renderings of the signed version are there, the PDF as a page without text."""
    for _ in signed["renderings"]:
        answer_next(blank_pdf())


@pytest.fixture
def read(client, alice, at, serve):
    def get(language: str = "en"):
        return client.get(at, params={"format": "pdf", "lang": language}, headers=alice)

    return get


@pytest.fixture
def render_anew(client, alice, at, answer_next):
    """Has the English PDF rendered again, as a page of another width."""

    def send(width: int) -> None:
        wanted = {"languages": ["en"], "forms": ["pdf"], "anew": True}
        assert client.post(f"{at}/renderings", json=wanted, headers=alice).status_code == 202
        answer_next(blank_pdf(width))

    return send


@pytest.fixture
def stored(client):
    """The keys of the signed PDF files in the store."""
    return lambda: [each.key for each in client.app.state.store.entries("jobs") if each.key.endswith(".signed.pdf")]


def test_it_states_case_version_and_content_and_stays_the_same(read, client, alice, at, case, signed, headers_of):
    pdf = read().content
    found = verified(pdf)
    assert found.states == f"Lobule report: case {case}, version 1, en, content {signed['sha256']}"
    assert hashlib.sha256(client.get(f"{at}/content", headers=alice).content).hexdigest() == signed["sha256"]
    assert found.certificate.subject.rfc4514_string() == f"CN={NAME}"
    assert read().content == pdf
    assert verified(read("zh").content).states != found.states
    events = client.get("/api/v1/audit", params={"action": "report.sign_pdf"}, headers=headers_of("root")).json()
    assert {each["detail"]["language"] for each in events["items"]} == {"en", "zh"}
    assert hashlib.sha256(pdf).hexdigest() in {each["detail"]["sha256"] for each in events["items"]}


def test_other_forms_and_drafts_are_as_they_were_blank_pdf(client, alice, at, serve):
    assert client.get(at, params={"format": "html", "lang": "en"}, headers=alice).content == blank_pdf()


def test_what_is_not_the_signed_file_is_not_served(read, client, stored, signed):
    pdf, store = read().content, client.app.state.store
    [key] = stored()
    other = client.app.state.pdf_signer.sign(blank_pdf(), "Lobule report: another")
    appended = pypdf.PdfWriter(io.BytesIO(pdf), incremental=True)
    appended.add_metadata({"/Title": "Another"})
    with_more = io.BytesIO()
    appended.write(with_more)
    for instead in (
        blank_pdf(),
        pdf.replace(b"/MediaBox", b"/CropBox "),
        other,
        with_more.getvalue(),
        b"",
        b"%PDF-1.7",
    ):
        store.put(key, instead)
        answer = read()
        assert (answer.status_code, answer.json()["code"]) == (500, "report_altered")
    store.put(key, pdf)
    assert read().content == pdf


def test_a_pdf_that_was_replaced_before_it_is_opened_is_not_signed(read, render_anew, client, stored):
    store = client.app.state.store
    [key] = [each.key for each in store.entries("jobs") if each.key.endswith("report.en.pdf")]
    store.put(key, blank_pdf(600))
    answer = read()
    assert (answer.status_code, answer.json()["code"], stored()) == (500, "report_altered", [])
    render_anew(500)
    assert verified(read().content) is not None


def test_a_pdf_of_an_earlier_report_service_is_rendered_anew_before_it_is_signed(
    client, alice, at, signed, answer_next, stored
):
    for _ in signed["renderings"]:
        answer_next(blank_pdf(), says=False)
    asked = {"params": {"format": "pdf", "lang": "en"}, "headers": alice}
    with ThreadPoolExecutor(1) as reader:
        waiting = reader.submit(client.get, at, **asked)
        answer_next(blank_pdf(500), says=False)
        assert (waiting.result().status_code, waiting.result().json()["code"]) == (503, "report_not_ready")
        waiting = reader.submit(client.get, at, **asked)
        answer_next(blank_pdf(600))
        assert pypdf.PdfReader(io.BytesIO(waiting.result().content)).pages[0].mediabox.width == 600
    assert len(stored()) == 1


def test_a_signed_file_that_is_deleted_is_not_made_of_another(read, render_anew, client, stored):
    store = client.app.state.store
    render_anew(500)
    signed, [key] = read().content, stored()
    newest = f"{key.rpartition('/')[0]}/report.en.pdf"
    store.delete(key)
    for forged in (newest, newest.replace("/2/", "/1/")):
        store.delete(newest)
        store.put(forged, blank_pdf(600))
        answer = read()
        assert (answer.status_code, answer.json()["code"], stored()) == (500, "report_altered", [])
    render_anew(500)
    assert verified(read().content).states == verified(signed).states


def test_a_file_of_a_version_that_named_it_by_its_language_is_still_served(read, client, stored):
    pdf, [key], store = read().content, stored(), client.app.state.store
    store.put(f"{key.rpartition('/')[0]}/report.en.signed.pdf", store.get(key))
    store.delete(key)
    assert read().content == pdf


def test_requests_that_sign_at_the_same_time_serve_the_same_file(read, client, stored, audited, monkeypatch):
    """Neither holds a lock while it signs; what one of them stored is deleted again."""
    met, signer = threading.Barrier(2, timeout=60), client.app.state.pdf_signer
    sign = signer.sign

    def together(pdf: bytes, states: str) -> bytes:
        signed = sign(pdf, states)
        met.wait()
        return signed

    monkeypatch.setattr(signer, "sign", together)
    with ThreadPoolExecutor(2) as readers:
        first, second = (each.result() for each in [readers.submit(read) for _ in range(2)])
    assert first.content == second.content
    assert verified(first.content) is not None
    assert len(stored()) == 1
    assert len(audited("report.sign_pdf")) == 1


def test_a_replaced_certificate_still_verifies(read, client, pair):
    pdf, (certificate, key) = read().content, drawn()
    client.app.state.pdf_signer = PdfSigner(certificate, key)
    answer = read()
    assert (answer.status_code, answer.json()["code"]) == (500, "signing_key_unknown")
    client.app.state.pdf_signer = PdfSigner(certificate, key, before=pair[0])
    assert read().content == pdf
    assert verified(read("zh").content).certificate == client.app.state.pdf_signer.certificate


def test_nothing_is_signed_with_a_certificate_that_has_ended(read, client):
    before = read().content
    ended = PdfSigner(*drawn(days=0), before=client.app.state.settings.pdf_certificate)
    with pytest.raises(CertificateEndedError):
        ended.sign(blank_pdf(), "anything")
    client.app.state.pdf_signer = ended
    answer = read("zh")
    assert (answer.status_code, answer.json()["code"]) == (500, "pdf_certificate_ended")
    assert read().content == before, "what was signed while it was valid stays signed"


def test_what_cannot_be_signed_is_said(client, alice, at, signed, answer_next):
    for _ in signed["renderings"]:
        answer_next(b"no PDF")
    answer = client.get(at, params={"format": "pdf", "lang": "en"}, headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (500, "report_failed")


def test_what_is_rendered_anew_is_signed_anew(read, render_anew, stored):
    first = read().content
    render_anew(600)
    assert read().content != first
    assert len(stored()) == 2


def test_a_certificate_and_a_key_that_do_not_belong_together_are_refused_at_the_start(make_app, pair):
    certificate, key = pair
    locked = load_pem_private_key(key.encode(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    )
    unknown = f"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2V6BCIEI{43 * 'A'}\n-----END PRIVATE KEY-----\n"
    for given, message in (
        ({"pdf_certificate": certificate, "pdf_key": unknown}, "elliptic curve or RSA"),
        ({"pdf_certificate": certificate}, "needed together"),
        ({"pdf_key": key}, "needed together"),
        ({"pdf_certificate": certificate, "pdf_key": drawn()[1]}, "not that of the certificate"),
        ({"pdf_certificate": certificate, "pdf_key": locked.decode()}, "no password"),
        ({"pdf_certificate": "x", "pdf_key": key}, "PEM"),
    ):
        with pytest.raises(ValidationError, match=message):
            make_app(**given)


@pytest.fixture
def faulty(client):
    """The keys of missing and damaged objects."""
    state = client.app.state
    return lambda: [each.key for each, _ in faulty_objects(state.engine, state.store, contents=True)]


def test_check_names_signed_files_that_are_served_and_missing(client, read, stored, render_anew, faulty):
    read()
    [first] = stored()
    assert faulty() == []
    client.app.state.store.delete(first)
    assert faulty() == [first]
    render_anew(300)
    assert faulty() == [], "the next one is signed when it is asked for"
    read()
    [second] = stored()
    client.app.state.store.delete(second)
    assert faulty() == [second]


def test_check_names_rendered_files_of_signed_versions(client, read, faulty):
    """Without it, its signed one is not served any more, but another one is signed."""
    read()
    store = client.app.state.store
    [key] = [each.key for each in store.entries("jobs") if each.key.endswith("report.en.pdf")]
    store.put(key, b"%PDF-1.7")
    assert faulty() == [key]
    store.delete(key)
    assert faulty() == [key]
