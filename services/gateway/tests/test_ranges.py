"""Parts of films and reports: `Range` and `If-Range` (RFC 9110, section 14)."""

import pytest


@pytest.fixture
def content(upload, picture):
    """The address of an uploaded file, and its bytes."""
    data = picture(3)
    return f"/api/v1/images/{upload(data).json()['image']['id']}/content", data


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=5-999999999", slice(5, None)),
        ("bytes=-999999999", slice(0, None)),
        ("bytes=0-0", slice(0, 1)),
    ],
)
def test_one_range_is_sent(client, alice, content, wanted, part):
    address, data = content
    answer = client.get(address, headers={**alice, "Range": wanted})
    assert answer.status_code == 206
    assert answer.content == data[part]
    first, last, _ = part.indices(len(data))
    assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(data)}"
    assert answer.headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "lines=0-5", "bytes=-", "bytes=a-b", "bytes", "bytes=9-3"])
def test_what_is_no_single_range_of_bytes_is_ignored(client, alice, content, wanted):
    address, data = content
    answer = client.get(address, headers={**alice, "Range": wanted})
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("wanted", ["bytes=999999999-", "bytes=-0"])
def test_an_empty_range_cannot_be_sent(client, alice, content, wanted):
    address, data = content
    answer = client.get(address, headers={**alice, "Range": wanted})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(data)}"


def test_the_state_that_the_client_has_decides(client, alice, content):
    address, data = content
    etag = client.get(address, headers=alice).headers["etag"]
    part = {**alice, "Range": "bytes=0-3"}
    assert client.get(address, headers={**part, "If-Range": etag}).content == data[:4]
    assert client.get(address, headers={**part, "If-Range": '"another"'}).content == data
    assert client.get(address, headers={**part, "If-None-Match": etag}).status_code == 304


def test_what_offers_no_parts_is_sent_whole(client, alice):
    answer = client.get("/api/v1/users/me", headers={**alice, "Range": "bytes=0-3"})
    assert answer.status_code == 200
    assert answer.json()["username"] == "alice"
