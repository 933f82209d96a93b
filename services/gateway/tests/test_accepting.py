"""What a request does not accept (`q=0`) is not sent, whatever else it takes (RFC 9110, 12.5.1 and 12.5.4)."""

import pytest
from starlette.requests import Request

from gateway.accepting import is_acceptable
from gateway.dicomweb.content_negotiation import accepted
from lobule.contracts.language import negotiate_language

DICOM, JPEG = "application/dicom", "1.2.840.10008.1.2.4.50"
PARTS = f'multipart/related; type="{DICOM}"'


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        ("", True),
        ("*/*", True),
        ("text/html;q=0", False),
        ("*/*, text/html; q=0", False),
        ("*/*, text/*;q=0.0", False),
        ("text/*;q=0, text/html", True),
        ("*/*;q=0, text/html;q=0.1", True),
        ("text/html;q=2", False),
        ("TEXT/HTML", True),
    ],
)
def test_media_types(accept, taken):
    assert is_acceptable(accept, "text/html") is taken


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        (PARTS, True),
        (f"{PARTS}; q=0", False),
        (f"*/*, {PARTS}; q=0", False),
        (f"{PARTS}, {PARTS}; transfer-syntax={JPEG}; q=0", False),
        (f"{PARTS}; q=0, {PARTS}; transfer-syntax={JPEG}", True),
        ("*/*;q=0", False),
        (f"*/*, {DICOM};q=0", True),  # in parts it is accepted
    ],
)
def test_media_types_of_dicomweb(accept, taken):
    ranges = accepted(Request({"type": "http", "headers": [(b"accept", accept.encode())]}), DICOM)
    assert any(each.takes(DICOM, JPEG) for each in ranges) is taken


def test_what_weighs_more_comes_first():
    accept = b"image/png;q=0.1, image/gif, image/jpeg;q=0.5"
    ranges = accepted(Request({"type": "http", "headers": [(b"accept", accept)]}), DICOM)
    assert [each.media_type for each in ranges] == ["image/gif", "image/jpeg", "image/png"]


@pytest.mark.parametrize(
    ("said", "language"),
    [("*", "en"), ("en;q=0, *", "zh"), ("zh;q=0, *;q=0.5", "en"), ("zh-TW;q=0, zh", "zh"), ("zh;q=nan", "en")],
)
def test_languages(said, language):
    assert negotiate_language(said) == language


def test_a_search_does_not_answer_with_json_where_it_is_refused(client, alice):
    url = "/dicom-web/studies"
    for accept, status in (("application/dicom+json", 204), ("*/*, application/*;q=0", 406)):
        assert client.get(url, headers=alice | {"Accept": accept}).status_code == status


def test_a_page_of_an_error_is_none_for_who_refuses_html(client):
    problem = client.get("/nothing", headers={"Accept": "application/json, text/html;q=0"})
    assert problem.headers["content-type"] == "application/problem+json"
