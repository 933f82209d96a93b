"""Uploads: good ones are accepted whole, bad ones are refused in words, and nothing is left behind."""

import hashlib
import io
import struct
import zlib

import pytest
from fastapi.testclient import TestClient
from object_files import stored_files
from PIL import Image

from gateway.corrections.removal import lock
from gateway.errors import ProblemError
from gateway.images.models import Image as StoredImage
from gateway.users.models import User


def encoded(image: Image.Image, format_: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


RED = Image.new("RGB", (80, 80), "red")


def header_bomb() -> bytes:
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    idat = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (ihdr, idat))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def animated_png() -> bytes:
    return encoded(RED, "PNG", save_all=True, append_images=[Image.new("RGB", (80, 80), "blue")])


def test_an_accepted_upload_is_stored_byte_for_byte(client, alice, upload, picture):
    answer = upload(picture(), um_per_pixel="0.48", magnification="100X")
    assert answer.status_code == 202
    image = answer.json()["image"]
    assert (image["width"], image["height"], image["media_type"]) == (80, 70, "image/png")
    assert (image["um_per_pixel"], image["magnification"]) == (0.48, "100X")
    assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['job']['id']}"
    content = client.get(f"/api/v1/images/{image['id']}/content", headers=alice)
    assert content.content == picture()
    assert content.headers["content-disposition"].startswith("attachment")
    assert content.headers["x-content-type-options"] == "nosniff"


def test_a_stored_file_that_is_missing_is_said_before_the_download_begins(client, alice, upload, picture):
    image = upload(picture()).json()["image"]
    for file in stored_files(client.app):
        file.unlink()
    answer = client.get(f"/api/v1/images/{image['id']}/content", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (500, "stored_file_unreadable")


@pytest.mark.parametrize("um", ["0", "0.019", "8.5", "nan", "inf", "0,5"])
def test_micrometres_of_no_microscope_are_refused(upload, picture, um):
    refused = upload(picture(), um_per_pixel=um)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert "um_per_pixel" in refused.json()["detail"]


def test_both_files_are_described(client, alice, upload):
    """The one that was received, by which duplicates are found, and the one that is kept."""
    received = encoded(RED, "JPEG", comment=b"DOE^JANE")
    image = upload(received).json()["image"]
    stored = client.get(f"/api/v1/images/{image['id']}/content", headers=alice).content
    assert b"JANE" not in stored
    assert image["sha256"] == hashlib.sha256(received).hexdigest()
    assert (image["stored_sha256"], image["size_bytes"]) == (hashlib.sha256(stored).hexdigest(), len(stored))


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "empty_file"),
        (b"I am a text file that is called field.png\n" * 10, 415, "unsupported_format"),
        (encoded(Image.new("RGB", (1, 1)), "PNG"), 422, "image_too_small"),
        (header_bomb(), 413, "too_many_pixels"),
        (encoded(RED, "GIF"), 415, "unsupported_format"),
        (animated_png(), 422, "animated_image"),
        (encoded(RED, "PNG")[:25], 422, "image_unreadable"),
    ],
    ids=["empty", "text", "1x1", "bomb", "gif", "animated", "cut header"],
)
def test_bad_files_are_refused_and_deleted(app, upload, content, status, code):
    answer = upload(content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].endswith(".")
    assert stored_files(app) == []


@pytest.mark.parametrize(
    "content",
    [
        encoded(Image.new("I;16", (80, 80), 40_000), "PNG"),
        encoded(RED.convert("CMYK"), "JPEG"),
        encoded(RED.convert("RGBA"), "PNG"),
        encoded(RED, "TIFF"),
    ],
    ids=["16 bit", "CMYK", "alpha", "TIFF"],
)
def test_unusual_but_honest_files_are_accepted(upload, content):
    assert upload(content).status_code == 202


def test_too_large_is_refused_while_it_comes_in(make_app, picture):
    app = make_app(max_upload_bytes=100_000)
    with TestClient(app) as client:
        access = client.post(
            "/api/v1/auth/token", json={"username": "alice", "password": "correct horse battery staple"}
        ).json()["access_token"]
        sent = 0

        def body():
            nonlocal sent
            yield (
                b'--B\r\nContent-Disposition: form-data; name="modality"\r\n\r\nhistopathology\r\n'
                b'--B\r\nContent-Disposition: form-data; name="file"; filename="big.png"\r\n\r\n'
            )
            for _ in range(100):
                sent += 50_000
                yield b"\0" * 50_000
            yield b"\r\n--B--\r\n"

        headers = {"Authorization": f"Bearer {access}", "Content-Type": "multipart/form-data; boundary=B"}
        answer = client.post("/api/v1/images", content=body(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
        assert stored_files(app) == []
        announced = client.post("/api/v1/images", content=b"x", headers=headers | {"Content-Length": "999999999"})
        assert announced.json()["code"] == "file_too_large"


def test_without_login_nothing_is_stored(app, upload):
    answer = upload(headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert stored_files(app) == []


def test_anothers_things_do_not_exist(client, upload, headers_of):
    mine = upload().json()
    bob = headers_of("bob")
    for path in (
        f"images/{mine['image']['id']}",
        f"images/{mine['image']['id']}/content",
        f"jobs/{mine['job']['id']}",
        f"jobs/{mine['job']['id']}/progress",
        f"jobs/{mine['job']['id']}/result",
        f"jobs/{mine['job']['id']}/report",
    ):
        answer = client.get(f"/api/v1/{path}", headers=bob)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert client.post(f"/api/v1/jobs/{mine['job']['id']}/cancel", headers=bob).status_code == 404
    assert client.get("/api/v1/jobs", headers=bob).json()["items"] == []
    assert client.get(f"/api/v1/jobs/{mine['job']['id']}", headers=headers_of("root")).status_code == 404


def test_cases_hold_images(client, alice, upload, headers_of):
    case = client.post("/api/v1/cases", json={"pseudonym": "P-7"}, headers=alice).json()
    image = upload(case_id=case["id"]).json()["image"]
    detail = client.get(f"/api/v1/cases/{case['id']}", headers=alice).json()
    assert [found["id"] for found in detail["images"]] == [image["id"]]
    assert client.get(f"/api/v1/cases/{case['id']}", headers=headers_of("bob")).status_code == 404
    assert upload(headers=headers_of("bob"), case_id=case["id"]).json()["code"] == "not_found"


def test_pages_of_jobs(client, alice, upload, picture):
    made = [upload(picture(colour)).json()["job"]["id"] for colour in range(5)]
    seen, cursor = [], None
    while True:
        page = client.get("/api/v1/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {}), headers=alice)
        seen += [job["id"] for job in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    bad = client.get("/api/v1/jobs", params={"cursor": "zzz"}, headers=alice)
    assert bad.json()["code"] == "cursor_invalid"


def test_analyse_again(client, alice, upload):
    first = upload().json()
    assert client.post(f"/api/v1/jobs/{first['job']['id']}/cancel", headers=alice).status_code == 200
    again = client.post(f"/api/v1/images/{first['image']['id']}/jobs", headers=alice)
    assert again.status_code == 202
    assert again.json()["id"] != first["job"]["id"]
    jobs = client.get(f"/api/v1/images/{first['image']['id']}/jobs", headers=alice).json()
    assert [job["id"] for job in jobs] == [again.json()["id"], first["job"]["id"]]


@pytest.mark.postgres
def test_what_somebody_else_removed_meanwhile_is_not_found(make_app, migrated_postgres_url, picture):
    app = make_app(migrated_postgres_url)
    with TestClient(app) as client:
        grant = {"username": "alice", "password": "correct horse battery staple"}
        headers = {"Authorization": f"Bearer {client.post('/api/v1/auth/token', json=grant).json()['access_token']}"}
        form = {"data": {"modality": "histopathology"}, "files": {"file": ("a.png", picture())}}
        image_id = client.post("/api/v1/images", headers=headers, **form).json()["image"]["id"]
        with app.state.sessions() as session:
            image = session.get(StoredImage, image_id)
            owner = session.get(User, image.owner_id)
            assert client.delete(f"/api/v1/images/{image_id}", headers=headers).status_code == 204
            with pytest.raises(ProblemError) as refused:
                lock(session, image, owner, None)
    assert (refused.value.status, refused.value.code) == (404, "not_found")
