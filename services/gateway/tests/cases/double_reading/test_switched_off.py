"""What becomes of readings that were begun apart, when double reading is switched off."""

import pytest

from gateway.cases import sheets


@pytest.fixture
def switch_off(app):
    """Adopts the setting as the start of the gateway does."""

    def do() -> None:
        with app.state.sessions.begin() as session:
            sheets.adopt(session, None)

    return do


def test_what_readers_kept_apart_is_shared(here, mark, switch_off):
    mark("alice", "f1", "dismissed")
    mark("bob", "f1", "confirmed")
    mark("alice", "f2", "dismissed")
    before = here("GET", "carol")
    assert before.json()["reviews"] == []
    switch_off()
    seen = here("GET", "carol")
    said = {each["finding_id"]: (each["reviewer"], each["verdict"]) for each in seen.json()["reviews"]}
    assert said == {"f1": ("bob", "confirmed"), "f2": ("alice", "dismissed")}, "the newest of each finding"
    comments = {each["finding_id"]: each["comment"] for each in seen.json()["reviews"]}
    assert comments["f1"] == "by bob\nby alice"
    drawn = here("GET", "carol").json()["reader_findings"]
    assert [(each["number"], each["author"]) for each in drawn] == [(1, "alice"), (2, "bob"), (3, "alice")]
    assert seen.headers["ETag"] != before.headers["ETag"]
    assert here("GET", "bob", "/reviews/last").json() is None
    switch_off()
    assert len(here("GET", "carol").json()["reviews"]) == 2


def test_a_case_that_a_reader_has_signed_is_read_to_its_end_apart(here, mark, read, switch_off):
    mark("alice")
    read("alice")
    switch_off()
    assert here("GET", "bob").json()["reviews"] == []
    assert here("GET", "alice").json()["read_twice"] is True
