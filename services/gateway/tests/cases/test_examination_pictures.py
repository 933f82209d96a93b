"""The pictures that a joint reading names."""

import pytest
from played_worker import NOTHING_NEW
from reading_by_two import problem

from lobule.client import Client
from lobule.contracts.difference import FilmDifference

pytestmark = pytest.mark.usefixtures("store_read_without_connection")

PICTURE = b"\x89PNG of the difference"


@pytest.fixture
def drawn(client, alice, case):
    """Asks for a picture of the reading."""
    return lambda name="d.png", who=alice: client.get(f"/api/v1/cases/{case}/examination/{name}", headers=who)


def leave(worker, claim: dict, content: bytes | None = PICTURE) -> None:
    """End an attempt at an examination, a picture left behind."""
    job = claim["examination"]["images"][0]["job_id"]
    difference = FilmDifference(job_id=job, other="o", file="d.png", strongest=3)
    reading = NOTHING_NEW.model_copy(update={"differences": [difference]})
    worker.compare(reading, claim, {} if content is None else {"d.png": content})


def test_a_picture_is_given_to_those_who_may_see_the_case(client, case, worker, uploaded, drawn, alice, headers_of):
    assert problem(drawn()) == (404, "not_found"), "nothing is read together"
    worker.infer(uploaded(1, view="CC", laterality="L")["job"]["id"])
    assert problem(drawn()) == (409, "result_not_ready")
    leave(worker, worker.claim_next("mammo"))
    answer = drawn()
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, PICTURE, "image/png")
    again = drawn(who=alice | {"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert problem(drawn("examination.json")) == (404, "not_found"), "only what the reading names as a picture"
    assert drawn("other.png").json()["values"] == {"name": "other.png", "names": ["d.png"]}
    assert problem(drawn(who=headers_of("bob"))) == (404, "not_found")
    with Client("http://testserver", "alice", "correct horse battery staple") as program:
        program._http = client
        assert program.examination_picture(case, "d.png") == PICTURE


def test_a_picture_that_is_lost_is_an_error_that_is_told(worker, uploaded, drawn):
    worker.infer(uploaded(1, view="CC", laterality="L")["job"]["id"])
    leave(worker, worker.claim_next("mammo"), None)
    assert problem(drawn()) == (500, "result_unreadable")


def test_a_picture_goes_with_its_reading(worker, uploaded, drawn):
    """A film that is added has the others read anew; the picture is that of the new reading then."""
    worker.infer(uploaded(1, view="CC", laterality="L")["job"]["id"])
    leave(worker, worker.claim_next("mammo"))
    worker.infer(uploaded(2, view="CC", laterality="R")["job"]["id"])
    assert problem(drawn()) == (409, "result_not_ready")
    leave(worker, worker.claim_next("mammo"), b"another")
    assert drawn().content == b"another"
