"""Uploads: good ones are accepted whole, bad ones are refused in words, and nothing is left behind."""

import io
import struct
import threading
import zlib
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from gateway.corrections.removal import lock
from gateway.errors import ProblemError
from gateway.images.models import Image as StoredImage


def stored_files(app) -> list[Path]:
    return [path for path in Path(app.state.store.root).rglob("*") if path.is_file()]


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
    answer = upload(picture(), magnification="100X")
    assert answer.status_code == 202
    image = answer.json()["image"]
    assert (image["width"], image["height"], image["media_type"]) == (80, 70, "image/png")
    assert image["magnification"] == "100X"
    assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['job']['id']}"
    content = client.get(f"/api/v1/images/{image['id']}/content", headers=alice)
    assert content.content == picture()
    assert content.headers["content-disposition"].startswith("attachment")
    assert content.headers["x-content-type-options"] == "nosniff"


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


def raw(client, headers, body: bytes, content_type="multipart/form-data; boundary=B"):
    return client.post("/api/v1/images", content=body, headers=headers | {"Content-Type": content_type})


MODALITY = b'--B\r\nContent-Disposition: form-data; name="modality"\r\n\r\nhistopathology\r\n'
FILE = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (MODALITY + b"--B--\r\n", 422, "file_missing"),
        (MODALITY + FILE + b"half of the ima", 400, "malformed_upload"),
        (FILE + b"x\r\n" + MODALITY + b"--B--\r\n", 422, "unknown_modality"),
        (MODALITY + FILE + b"x\r\n" + FILE + b"y\r\n--B--\r\n", 400, "malformed_upload"),
        (MODALITY + FILE.replace(b'"file"', b'"picture"') + b"x\r\n--B--\r\n", 400, "malformed_upload"),
        (MODALITY.replace(b"histo", b"palmi") + FILE + b"x\r\n--B--\r\n", 422, "unknown_modality"),
        (MODALITY.replace(b"modality", b"m" * 9000) + FILE + b"x\r\n--B--\r\n", 400, "malformed_upload"),
        (b"complete nonsense", 400, "malformed_upload"),
        (b"", 422, "file_missing"),
    ],
    ids=[
        "no file",
        "cut off",
        "file first",
        "two files",
        "other field",
        "modality",
        "long header",
        "nonsense",
        "nothing",
    ],
)
def test_bad_forms_are_refused_and_nothing_is_kept(app, client, alice, body, status, code):
    answer = raw(client, alice, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert stored_files(app) == []


def test_not_a_form(client, alice):
    assert raw(client, alice, b"{}", "application/json").json()["code"] == "not_multipart"


def test_a_duplicate_is_led_to_what_exists(app, upload, headers_of, picture):
    first = upload().json()
    again = upload()
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_image")
    assert again.json()["existing_job_id"] == first["job"]["id"]
    assert again.json()["existing_image_id"] == first["image"]["id"]
    assert len(stored_files(app)) == 1, "the second copy is gone"
    assert upload(headers=headers_of("bob")).status_code == 202, "another user knows nothing of it"


class TestTwins:
    """The same film may belong to several cases."""

    @pytest.fixture
    def case(self, client, alice):
        return lambda name: client.post("/api/v1/cases", headers=alice, json={"pseudonym": name}).json()["id"]

    def test_another_case_takes_it_and_is_told(self, upload, case):
        one, other = case("P-1"), case("P-2")
        first = upload(case_id=one).json()
        assert first["also_in"] == []
        second = upload(case_id=other).json()
        assert second["image"]["id"] != first["image"]["id"]
        twin = {"image_id": first["image"]["id"], "job_id": first["job"]["id"], "case_id": one, "pseudonym": "P-1"}
        assert second["also_in"] == [twin]
        again = upload(case_id=other).json()
        assert (again["code"], again["existing_job_id"]) == ("duplicate_image", second["job"]["id"])

    def test_who_names_no_case_is_led_to_what_exists(self, upload, case):
        in_case = upload(case_id=case("P-1")).json()
        assert upload().json()["existing_job_id"] == in_case["job"]["id"]

    def test_a_single_image_may_join_a_case(self, upload, case):
        single = upload().json()
        joined = upload(case_id=case("P-1")).json()
        assert [twin["pseudonym"] for twin in joined["also_in"]] == [None]
        assert upload().json()["existing_job_id"] == single["job"]["id"], "the one that was sent in the same way"

    def test_moving_makes_no_second_one(self, client, alice, upload, case):
        one, other = case("P-1"), case("P-2")
        image = upload(case_id=one).json()["image"]["id"]
        upload(case_id=other)
        moved = client.patch(f"/api/v1/images/{image}", json={"case_id": other}, headers=alice)
        assert (moved.status_code, moved.json()["code"]) == (409, "duplicate_image")


@pytest.mark.parametrize("in_case", [False, True])
def test_two_uploads_at_once_make_one_image(app, client, alice, upload, in_case):
    answers = []
    case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P"}).json()["id"] if in_case else ""
    threads = [threading.Thread(target=lambda: answers.append(upload(case_id=case).status_code)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [202, 409, 409, 409]
    assert len(stored_files(app)) == 1


def test_without_login_nothing_is_stored(app, upload):
    answer = upload(headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert stored_files(app) == []


def test_a_hostile_file_name_is_only_a_name(upload):
    answer = upload(name='../../etc/"><script>\r\nx.png')
    assert answer.status_code == 202
    assert "/" not in answer.json()["image"]["file_name"]
    assert "\n" not in answer.json()["image"]["file_name"]


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
    assert client.get(f"/api/v1/jobs/{mine['job']['id']}", headers=headers_of("root")).status_code == 200


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
    again = client.post(f"/api/v1/images/{first['image']['id']}/jobs", headers=alice)
    assert again.status_code == 202
    assert again.json()["id"] != first["job"]["id"]
    jobs = client.get(f"/api/v1/images/{first['image']['id']}/jobs", headers=alice).json()
    assert [job["id"] for job in jobs] == [again.json()["id"], first["job"]["id"]]


def test_a_client_that_hangs_up_leaves_nothing(app, client, alice):
    import anyio

    messages = [
        {"type": "http.request", "body": MODALITY + FILE + b"first half", "more_body": True},
        {"type": "http.disconnect"},
    ]
    answers: list[dict] = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        answers.append(message)

    headers = [
        (b"content-type", b"multipart/form-data; boundary=B"),
        (b"authorization", alice["Authorization"].encode()),
    ]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/images", "headers": headers, "query_string": b""}
    scope |= {"http_version": "1.1", "scheme": "http", "server": ("x", 80), "client": ("1.2.3.4", 1), "root_path": ""}
    call = partial(anyio.run, app, scope | {"raw_path": b"/api/v1/images"}, receive, send)
    thread = threading.Thread(target=call)  # an event loop of its own: the browser tests keep one in this thread
    thread.start()
    thread.join(30)
    assert stored_files(app) == []
    assert answers[0]["status"] == 400


@pytest.mark.parametrize("extended", [False, True], ids=["urllib3 2", "urllib3 1"])
@pytest.mark.filterwarnings("ignore:.*will be removed in urllib3 v3:FutureWarning")  # the old form is the subject
def test_a_name_that_requests_sends_is_understood(client, alice, picture, extended):
    import requests
    from urllib3.fields import RequestField, format_header_param_rfc2231
    from urllib3.filepost import encode_multipart_formdata

    name = "乳腺 naïve.png"
    if extended:  # as Requests sent it until urllib3 2.0
        field = RequestField("file", picture(), name, header_formatter=format_header_param_rfc2231)
        field.make_multipart(content_type="image/png")
        body, content_type = encode_multipart_formdata([("modality", "histopathology"), field])
        assert b"filename*=utf-8''" in body
    else:
        sent = requests.Request(
            "POST", "http://gateway", data={"modality": "histopathology"}, files={"file": (name, picture())}
        ).prepare()
        body, content_type = sent.body, sent.headers["Content-Type"]
    answer = raw(client, alice, body, content_type)
    assert answer.status_code == 202, answer.text
    assert answer.json()["image"]["file_name"] == name


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
            assert client.delete(f"/api/v1/images/{image_id}", headers=headers).status_code == 204
            with pytest.raises(ProblemError) as refused:
                lock(session, image, None)
    assert (refused.value.status, refused.value.code) == (404, "not_found")
