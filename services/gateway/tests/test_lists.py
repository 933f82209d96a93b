"""Lists of jobs and images: filters, order, pages and totals; parameters that do not exist are refused."""

import pytest


@pytest.fixture
def three(upload, picture):
    """Three uploads, the oldest first."""
    return [upload(picture(number)).json() for number in range(3)]


def ids(client, headers, address):
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    return [item["id"] for item in page["items"]], page["total"]


def test_jobs_are_filtered_and_ordered(client, alice, three, headers_of):
    jobs = [each["job"]["id"] for each in three]
    image = three[1]["image"]
    client.post(f"/api/v1/jobs/{jobs[0]}/cancel", headers=alice)
    assert ids(client, alice, "/api/v1/jobs") == (jobs[::-1], 3)
    assert ids(client, alice, "/api/v1/jobs?reverse=true&limit=2") == (jobs[:2], 3)
    assert ids(client, alice, "/api/v1/jobs?state=cancelled") == (jobs[:1], 1)
    assert ids(client, alice, "/api/v1/jobs?state=cancelled&state=queued") == (jobs[::-1], 3)
    assert ids(client, alice, f"/api/v1/jobs?image_id={image['id']}") == ([jobs[1]], 1)
    assert ids(client, alice, "/api/v1/jobs?modality=mammography") == ([], 0)
    since = client.get(f"/api/v1/jobs/{jobs[1]}", headers=alice).json()["created_at"].replace("+", "%2B")
    assert ids(client, alice, f"/api/v1/jobs?since={since}") == (jobs[:0:-1], 2)
    assert ids(client, alice, f"/api/v1/jobs?until={since}") == (jobs[:1], 1)
    assert ids(client, headers_of("bob"), "/api/v1/jobs") == ([], 0)


def test_images_are_filtered_and_paged(client, alice, three, headers_of):
    images = [each["image"]["id"] for each in three]
    assert ids(client, alice, "/api/v1/images") == (images[::-1], 3)
    assert ids(client, alice, f"/api/v1/images?sha256={three[2]['image']['sha256']}") == (images[2:], 1)
    assert ids(client, alice, "/api/v1/images?modality=histopathology&reverse=true") == (images, 3)
    assert ids(client, alice, "/api/v1/images?case_id=none") == ([], 0)
    first = client.get("/api/v1/images?limit=2", headers=alice)
    assert 'rel="next"' in first.headers["link"]
    rest, total = ids(client, alice, first.headers["link"].partition(">")[0].removeprefix("<"))
    assert (rest, total) == (images[:1], 3)
    assert ids(client, headers_of("bob"), "/api/v1/images") == ([], 0)


@pytest.mark.parametrize(
    "address", ["/api/v1/jobs?sate=done", "/api/v1/images?limit=1&page=2", "/api/v1/users/me?verbose=1"]
)
def test_a_parameter_that_does_not_exist_is_refused(client, alice, address):
    answer = client.get(address, headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["parameter"] in ("sate", "page", "verbose")


@pytest.mark.parametrize("query", ["since=2026-01-01T00:00:00", "since=yesterday", "state=finished", "sha256=abc"])
def test_a_value_that_cannot_be_is_refused(client, alice, query):
    address = "/api/v1/images" if query.startswith("sha") else "/api/v1/jobs"
    assert client.get(f"{address}?{query}", headers=alice).status_code == 422
