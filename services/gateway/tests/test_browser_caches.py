"""Browsers ask before they show patients' data from their cache, and are told when somebody else asks."""

import gzip

import pytest


@pytest.fixture
def addresses(app, upload, worker):
    """Whatever shows a film or a result and is sent with an `ETag`."""
    made = upload().json()
    job, image = made["job"]["id"], made["image"]["id"]
    worker.infer(job)
    worker.render(job)
    for name in ("samples.u16", "overview.film"):
        app.state.store.put(f"images/{image}/film/{name}", gzip.compress(b"1234"))
    of_job = [
        f"/api/v1/jobs/{job}{part}" for part in ("/progress", "/result", "/result/display.png", "/thumbnail", "/report")
    ]
    return [*of_job, *(f"/api/v1/images/{image}{part}" for part in ("/content", "/film/samples", "/film/overview"))]


def test_they_ask_each_time_and_get_nothing_that_they_have(client, alice, addresses):
    for address in addresses:
        first = client.get(address, headers=alice)
        assert (first.status_code, first.headers["Cache-Control"]) == (200, "private, no-cache"), address
        again = client.get(address, headers=alice | {"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content, again.headers["Cache-Control"]) == (304, b"", "private, no-cache")


def test_the_next_user_is_shown_nothing(client, alice, headers_of, addresses):
    tags = {address: client.get(address, headers=alice).headers["ETag"] for address in addresses}
    client.cookies.clear()
    for address, tag in tags.items():
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 401, address
        assert client.get(address, headers=headers_of("bob") | {"If-None-Match": tag}).status_code == 404, address


def test_a_film_that_was_drawn_anew_is_sent_anew(app, client, alice, addresses):
    [address] = [address for address in addresses if address.endswith("/film/samples")]
    first = client.get(address, headers=alice)
    app.state.store.put(address.removeprefix("/api/v1/").replace("/samples", "/samples.u16"), gzip.compress(b"12345"))
    again = client.get(address, headers=alice | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (200, b"12345")
