"""What the node reports of its work items: the last search, and how far each item has come."""

from datetime import UTC, datetime

import pytest
from dicom_peer import STUDY
from ups_server import work_item

from dicom_node.reporting.report import make_report
from dicom_node.routing import read_routing
from dicom_node.worklist.performer import Performer

UID = "1.2.826.0.1.3680043.8.498.900"


@pytest.fixture
def performer(worker):
    return Performer(worker.journal, worker.intake, worker.settings)


@pytest.fixture
def told(worker, performer):
    def tell():
        facts = {"started_at": datetime.now(UTC), "free_bytes": 1, "associations": []}
        with worker.journal.reading() as database:
            return make_report(database, worker.settings, read_routing(None), [], performer, **facts).worklist

    return tell


def test_items_are_told_of_by_their_cases(worker, performer, ups, ups_films, told):
    assert (told().searched_at, told().items) == (None, [])
    ups.items[UID] = work_item(UID, ups_films)
    worker.look(performer)
    worker.look(performer)
    worklist = told()
    assert worklist.searched_at is not None
    assert (worklist.address, worklist.problem, worklist.open) == (ups.url, None, 1)
    [item] = worklist.items
    assert (item.state, item.problem, item.case[:5]) == ("reading", None, "PACS-")
    assert UID not in worklist.model_dump_json()
    assert STUDY not in worklist.model_dump_json()


def test_a_server_that_is_away_and_an_item_that_failed_say_why(worker, performer, ups, ups_films, told):
    ups.items[UID] = work_item(UID, ups_films)
    worker.look(performer)
    ups.films.clear()
    worker.look(performer)
    [item] = told().items
    assert (item.state, item.problem, item.case) == ("claimed", "http_404", None)
    assert item.attempts == 1
    ups.away = True
    worker.look(performer)
    assert told().problem == "http_503"


def test_a_node_without_a_worklist_tells_of_none(worker):
    facts = {"started_at": datetime.now(UTC), "free_bytes": 1, "associations": []}
    with worker.journal.reading() as database:
        report = make_report(database, worker.settings, read_routing(None), [], None, **facts)
    assert report.worklist is None
