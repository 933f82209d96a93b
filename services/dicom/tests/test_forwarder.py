"""Delivery to the gateway: whatever goes wrong with a study, the others are delivered."""

import time
from types import SimpleNamespace

import pytest
from dicom_peer import FILM, STUDY

from dicom_node.delivery.forwarder import Forwarder
from dicom_node.journal import orders, priors, received, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.orders import Order
from dicom_node.journal.received import Received
from lobule.client import ApiError


class _Gateway:
    """A gateway that answers about one case in a form that nobody knows."""

    def cases(self, pseudonym: str) -> list[dict]:
        return [{"id": "case", "images": 0}] if pseudonym == "good" else [{}]


def test_a_study_that_cannot_be_delivered_holds_up_no_other(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    with journal.transaction() as database:
        for study, pseudonym in ((STUDY, "odd"), ("1.2", "good")):
            studies.note_arrival(database, study, 0, float(len(pseudonym)))
            database.execute("UPDATE studies SET pseudonym = ? WHERE study_uid = ?", (pseudonym, study))
    Forwarder(journal, None, _Gateway()).work()
    with journal.reading() as database:
        odd, good = studies.find(database, STUDY), studies.find(database, "1.2")
    journal.close()
    assert (odd.state, odd.attempts, odd.problem) == ("collecting", 1, "delivery_failed")
    assert (good.state, good.case_id) == ("partial", "case")


class _Cases:
    """A gateway that opens cases; `images` has how many each of them holds."""

    def __init__(self, **images: int) -> None:
        self.images, self.problem, self.uploads, self.refusal = images, None, [], None

    def cases(self, pseudonym: str) -> list[dict]:
        if self.problem:
            raise self.problem
        return [{"id": pseudonym, "images": self.images[pseudonym]}] if pseudonym in self.images else []

    def open_case(self, pseudonym: str) -> str:
        if not pseudonym.startswith("PACS-") and pseudonym != "PL-7":
            raise ApiError(422, {"code": "nul"})
        self.images[pseudonym] = 0
        return pseudonym

    def upload(self, *_arguments, case_id: str, **_named) -> str:
        if self.refusal:
            raise self.refusal
        if case_id not in self.images:
            raise ApiError(404, {"code": "not_found"})
        self.images[case_id] += 1
        return "job"


@pytest.fixture
def world(tmp_path, make_film):
    """Films of two studies with one accession number of one patient, and a node that calls cases by their orders."""
    journal, gateway = Journal(tmp_path / "journal.sqlite"), _Cases()
    film = make_film(PatientID="P1", AccessionNumber="ACC-1")
    intake = SimpleNamespace(path_of=lambda _sha256: film)

    def receive(study: str, uid: str) -> None:
        with journal.transaction() as database:
            studies.note_arrival(database, study, 0, 0)
            received.add(database, Received(uid, FILM, study, "data", "", 1, None, "PACS", 0))

    def order(placer: str, patient: str = "P1") -> None:
        with journal.transaction() as database:
            orders.put(database, Order("ACC-1", patient, placer, ""), 0)

    def work() -> None:
        Forwarder(journal, intake, gateway, prior_nodes=["PACS"], named_by_order=True).work()

    def study(uid: str = STUDY) -> studies.Study:
        with journal.reading() as database:
            found = studies.find(database, uid)
        assert found is not None
        return found

    def change(statement: str) -> None:
        with journal.transaction() as database:
            database.execute(statement)

    receive(STUDY, "1.1")
    yield SimpleNamespace(**locals())
    journal.close()


def test_a_case_is_called_by_its_order(world):
    world.order("PL-7^RIS")
    world.receive("1.9", "1.1.9")
    world.work()
    assert world.study().case_id == "PL-7"
    assert world.study("1.9").case_id.startswith("PACS-"), "two studies are two cases"


def test_a_case_is_not_called_by_the_order_of_another_patient(world):
    world.order("PL-7", patient="P2")
    world.work()
    assert world.study().case_id.startswith("PACS-")


@pytest.mark.parametrize("images", [0, 4])
def test_a_case_of_the_same_name_that_somebody_else_opened_gets_no_films(world, images):
    world.gateway.images["PL-7"] = images
    world.order("PL-7")
    world.work()
    assert world.study().case_id.startswith("PACS-")
    assert world.gateway.images["PL-7"] == images


def test_a_case_is_found_again_where_it_was_opened_but_not_noted(world):
    world.order("PL-7")
    world.change("UPDATE studies SET pseudonym = 'PL-7'")
    world.gateway.open_case("PL-7")
    world.work()
    assert world.gateway.images == {"PL-7": 1}


def test_an_order_that_cannot_name_a_case_stops_no_study(world):
    world.order("PL\x00")
    world.work()
    study = world.study()
    assert (study.state, study.problem, study.case_id) == ("partial", None, study.pseudonym)
    assert study.pseudonym.startswith("PACS-")


def test_a_study_waits_where_the_gateway_is_away_as_its_case_is_named(world):
    world.order("PL-7")
    world.gateway.problem = ApiError(503, {"code": "database_busy"})
    world.work()
    assert (world.study().case_id, world.study().problem) == (None, "database_busy")
    world.gateway.problem = None
    world.change("UPDATE studies SET due_at = 0")
    world.work()
    assert world.study().case_id == "PL-7"


def test_priors_are_looked_for_once_the_gateway_took_a_film(world):
    def asked() -> int:
        with world.journal.reading() as database:
            return len(priors.due(database, 2e9))

    world.gateway.refusal = ApiError(422, {"code": "image_unreadable"})
    world.work()
    assert (world.study().state, asked()) == ("partial", 0)
    world.gateway.refusal = None
    world.receive(STUDY, "1.2")
    world.work()
    assert asked() == 1


def test_a_film_that_the_gateway_refused_is_listed_and_can_be_delivered_again(world):
    def listed() -> list[tuple]:
        with world.journal.reading() as database:
            return [(row["state"], row["problem"], row["calling_ae"]) for row in received.undelivered(database)]

    assert listed() == [], "it has not been tried"
    world.gateway.refusal = ApiError(503, {"code": "storage_full"})
    world.work()
    assert listed() == [("waiting", "storage_full", "PACS")]
    world.gateway.refusal = ApiError(422, {"code": "image_unreadable"})
    for count in (0, 1):
        with world.journal.transaction() as database:
            assert received.deliver_again(database, 0) == count, "one that waits is delivered at once"
        world.work()
        assert listed() == [("refused", "image_unreadable", "PACS")]
    world.gateway.refusal = None
    world.work()
    assert listed() == [("refused", "image_unreadable", "PACS")], "it is not sent again by itself"
    with world.journal.transaction() as database:
        assert received.deliver_again(database, 0) == 1
    world.work()
    assert (listed(), world.study().state) == ([], "partial")
    assert world.gateway.images == {world.study().case_id: 1}


def test_a_late_film_of_a_case_that_was_deleted_opens_a_new_case(world):
    world.work()
    first = world.study().case_id
    del world.gateway.images[first]
    world.receive(STUDY, "1.2")
    world.work()
    assert (world.study().case_id, world.study().problem) == (None, "not_found")
    world.change("UPDATE studies SET due_at = 0")
    world.work()
    assert world.study().case_id not in (None, first)
    assert world.gateway.images == {world.study().case_id: 1}


def test_films_of_a_case_that_is_gone_wait_for_the_tasks_because_it_may_have_been_purged(world):
    world.work()
    first = world.study().case_id
    del world.gateway.images[first]
    world.receive(STUDY, "1.2")
    done_at = 0.0
    forwarder = Forwarder(world.journal, world.intake, world.gateway, tasks_done_at=lambda: done_at)
    for _ in range(2):
        world.change("UPDATE studies SET due_at = 0")
        forwarder.work()
        assert (world.study().case_id, world.study().problem) == (first, "not_found")
    done_at = time.monotonic()
    world.change("UPDATE studies SET due_at = 0")
    forwarder.work()
    assert world.study().case_id is None
    assert world.gateway.images == {}
