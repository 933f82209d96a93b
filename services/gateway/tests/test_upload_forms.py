"""Forms of an upload: malformed ones, their file names, connections that end."""

import threading
from functools import partial

import pytest
from object_files import stored_files


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
        (MODALITY * 40 + FILE + b"x\r\n--B--\r\n", 400, "malformed_upload"),
        (b"--B\r\nX-Nameless: 1\r\n\r\nx\r\n" * 40 + FILE + b"x\r\n--B--\r\n", 400, "malformed_upload"),
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
        "one name again and again",
        "fields without a name",
        "nonsense",
        "nothing",
    ],
)
def test_bad_forms_are_refused_and_nothing_is_kept(app, client, alice, body, status, code):
    answer = raw(client, alice, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert stored_files(app) == []


CASE = b'--B\r\nContent-Disposition: form-data; name="case_id"\r\n\r\n%s\r\n'


def test_fields_after_the_file_count_as_those_before(client, alice, picture):
    """Generated clients send optional fields after the required file."""
    case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-1"}).json()["id"]
    answer = raw(client, alice, MODALITY + FILE + picture(1) + b"\r\n" + CASE % case.encode() + b"--B--\r\n")
    assert answer.status_code == 202, answer.text
    assert answer.json()["image"]["case_id"] == case


def test_a_wrong_field_after_the_file_is_refused_and_nothing_is_kept(app, client, alice, picture):
    answer = raw(client, alice, MODALITY + FILE + picture(1) + b"\r\n" + CASE % b"nowhere" + b"--B--\r\n")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert stored_files(app) == []


def test_not_a_form(client, alice):
    assert raw(client, alice, b"{}", "application/json").json()["code"] == "not_multipart"


def test_a_boundary_that_is_too_long(client, alice):
    answer = raw(client, alice, b"x", f"multipart/form-data; boundary={'B' * 300}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_upload")


def test_a_hostile_file_name_is_only_a_name(upload):
    answer = upload(name='../../etc/"><script>\r\nx.png')
    assert answer.status_code == 202
    assert "/" not in answer.json()["image"]["file_name"]
    assert "\n" not in answer.json()["image"]["file_name"]


def test_a_client_that_hangs_up_leaves_nothing(app, client, bearer_of):
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
        (b"authorization", bearer_of("alice")["Authorization"].encode()),
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
