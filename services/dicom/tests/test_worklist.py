"""Work items of a UPS-RS server are claimed, performed and completed, or cancelled with a reason."""

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from dicom_peer import STUDY
from pydantic import ValidationError
from ups_server import PERFORMED, STATE, ups_server, work_item

from dicom_node.journal import made, received, work_items
from dicom_node.journal.database import Journal
from dicom_node.journal.made import Made
from dicom_node.node import Node
from dicom_node.receiving.intake import Intake
from dicom_node.routing import read_routing
from dicom_node.worklist import performer
from dicom_node.worklist.performer import Performer
from dicom_node.worklist.server import WorkRefusedError

UID, RESULT = "1.2.826.0.1.3680043.8.498.900", "1.2.826.0.1.3680043.8.498.901"


@pytest.fixture
def films(make_film):
    return [make_film(hanging) for hanging in ("RCC", "LCC")]


@pytest.fixture
def server(films):
    with ups_server(films) as running:
        yield running


@pytest.fixture
def worker(tmp_path, make_settings, server, monkeypatch):
    """Starts performers on one journal; `look` makes everything due and has it work."""
    monkeypatch.setattr(performer, "_SETTLED_S", 0.0)
    journal = Journal(tmp_path / "journal.sqlite")
    routing = read_routing(None)
    intake = Intake(tmp_path, journal, reserve_bytes=0, quiet_s=9, complete=lambda: None, routing=routing)
    settings = make_settings(
        dicom_ups_url=server.url,
        dicom_ups_station="LOBULE",
        dicom_ups_procedure="CAD",
        dicom_ups_token="secret",
        dicom_stow_destinations="https://name:word@pacs.example/rs",
    )

    def look(one: Performer | None = None) -> None:
        with journal.transaction() as database:
            database.execute("UPDATE work_items SET due_at = 0")
        (one or Performer(journal, intake, settings)).work()

    def state() -> tuple:
        [row] = journal._database.execute("SELECT state, problem FROM work_items").fetchall()
        return tuple(row)

    yield SimpleNamespace(journal=journal, intake=intake, look=look, state=state, settings=settings)
    journal.close()


def read_film(worker, *destinations: str) -> None:
    """What the gateway and the maker of results do."""
    with worker.journal.transaction() as database:
        for film in received.of_study(database, STUDY):
            received.mark_delivered(database, film.sop_instance_uid, "j")
        new = Made(RESULT, "1.2.840.10008.5.1.4.1.1.88.34", "1.2.3.4", STUDY, "findings", "", 1, time.time())
        made.add(database, new, "x", destinations)


def send(worker) -> None:
    with worker.journal.transaction() as database:
        database.execute("UPDATE sendings SET state = 'sent'")


def test_an_item_is_performed(worker, server, films):
    server.items[UID] = work_item(UID, films)
    server.items["1.2.3"] = work_item("1.2.3", films, station="ELSEWHERE")
    server.items["1.2.4"] = work_item("1.2.4", films, procedure="OTHER")
    worker.look()
    assert worker.state() == ("claimed", None)
    assert server.items[UID][STATE]["Value"] == ["IN PROGRESS"]
    worker.look()
    assert worker.state() == ("reading", None)
    with worker.journal.reading() as database:
        films_taken = received.of_study(database, STUDY)
    assert [(film.calling_ae, film.hanging) for film in films_taken] == [("UPS-RS", "RCC"), ("UPS-RS", "LCC")]
    worker.look()
    read_film(worker, "stow:https://pacs.example/rs", "ARCHIVE")
    worker.look()
    assert worker.state() == ("reading", None), "until it is sent"
    send(worker)
    worker.look()
    assert worker.state() == ("completed", None)
    item = server.items[UID]
    assert item[STATE]["Value"] == ["COMPLETED"]
    [step] = item[PERFORMED]["Value"]
    [output] = step["00404033"]["Value"]
    assert output["00081199"]["Value"][0]["00081155"]["Value"] == [RESULT]
    [place] = output["0040E025"]["Value"]
    url = f"https://pacs.example/rs/studies/{STUDY}/series/1.2.3.4/instances/{RESULT}"
    assert place["00081190"]["Value"] == [url], "without the password"
    assert step["00404019"]["Value"][0]["00080100"]["Value"] == ["CAD"]
    assert server.items["1.2.3"][STATE]["Value"] == server.items["1.2.4"][STATE]["Value"] == ["SCHEDULED"]
    assert server.tokens == {"Bearer secret"}


def test_a_whole_study_is_found_and_results_of_a_node_are_named_by_its_title(worker, server, films):
    server.items[UID] = work_item(UID, films, named=False)
    worker.look()
    worker.look()
    with worker.journal.reading() as database:
        assert len(received.of_study(database, STUDY)) == 2
    read_film(worker, "ARCHIVE")
    send(worker)
    worker.look()
    [output] = server.items[UID][PERFORMED]["Value"][0]["00404033"]["Value"]
    assert output["0040E021"]["Value"][0]["00080054"]["Value"] == ["ARCHIVE"]


def test_an_item_that_somebody_else_has_is_left_to_them(worker, server, films):
    server.items[UID] = work_item(UID, films)
    one = Performer(worker.journal, worker.intake, worker.settings)
    found = one._server.scheduled()
    assert found == [UID]
    one._server.change_state(UID, "IN PROGRESS", "1.2.3.9")
    one._server.scheduled = lambda: found
    worker.look(one)
    assert worker.state() == ("refused", "http_409")
    assert server.owners[UID] == "1.2.3.9"


def test_a_claim_whose_answer_was_lost_is_ours(worker, server, films):
    server.items[UID] = work_item(UID, films)
    with worker.journal.transaction() as database:
        work_items.add(database, UID, "1.2.3.5", time.time())
    server.owners[UID] = "1.2.3.5"
    server.items[UID][STATE]["Value"] = ["IN PROGRESS"]
    worker.look()
    assert worker.state() == ("claimed", None)


def test_what_cannot_be_performed_is_cancelled_with_the_reason(worker, server, films):
    server.items[UID] = work_item(UID, films)
    for part in server.items[UID]["00404021"]["Value"]:
        part["00081199"]["Value"][0]["00081150"]["Value"] = ["1.2.840.10008.5.1.4.1.1.2"]
    worker.look()
    worker.look()
    why = "The work item names no mammogram that Lobule takes."
    assert worker.state() == ("cancelled", why)
    item = server.items[UID]
    assert item[STATE]["Value"] == ["CANCELED"]
    [progress] = item["00741002"]["Value"]
    assert progress["00741238"]["Value"] == [why]
    assert progress["0074100E"]["Value"][0]["00080100"]["Value"] == ["110513"]


def test_films_that_the_gateway_refuses_cancel_it(worker, server, films):
    server.items[UID] = work_item(UID, films)
    worker.look()
    worker.look()
    with worker.journal.transaction() as database:
        for film in received.of_study(database, STUDY):
            received.mark_refused(database, film.sop_instance_uid, "image_unreadable")
    worker.look()
    assert worker.state() == ("cancelled", "None of the films could be read.")


def test_a_claim_that_is_refused_in_passing_is_made_again(worker, server, films):
    server.items[UID] = work_item(UID, films)
    one = Performer(worker.journal, worker.intake, worker.settings)
    claim = one._server.change_state

    def refuse(*_: str) -> None:
        raise WorkRefusedError("http_404")

    one._server.change_state = refuse
    worker.look(one)
    assert worker.state() == ("claiming", "http_404")
    one._server.change_state = claim
    worker.look(one)
    assert worker.state() == ("claimed", None)
    one._server.item = refuse
    worker.look(one)
    assert worker.state() == ("claimed", "http_404"), "it is ours still"


def test_items_that_fail_do_not_stop_others_and_are_cancelled_in_time(worker, server, films, monkeypatch):
    monkeypatch.setattr(performer, "_MOST_OPEN", 1)
    server.items[UID] = work_item(UID, films)
    server.films.clear()
    worker.look()
    worker.look()
    assert worker.state() == ("claimed", "http_404")
    server.items["1.2.3"] = work_item("1.2.3", films)
    Performer(worker.journal, worker.intake, worker.settings).work()
    assert server.items["1.2.3"][STATE]["Value"] == ["IN PROGRESS"]
    with worker.journal.transaction() as database:
        database.execute("UPDATE work_items SET claimed_at = 0")
    worker.look()
    assert [item[STATE]["Value"] for item in server.items.values()] == [["CANCELED"], ["CANCELED"]]


def test_an_item_that_cannot_be_cancelled_either_ends(worker, server, films):
    server.items[UID] = work_item(UID, films)
    worker.look()
    with worker.journal.transaction() as database:
        database.execute("UPDATE work_items SET claimed_at = 0")
    server.away = True
    worker.look()
    assert worker.state() == ("refused", "http_503")


def test_one_that_ended_elsewhere_is_left(worker, server, films):
    server.items[UID] = work_item(UID, films)
    worker.look()
    server.items[UID][STATE]["Value"] = ["CANCELED"]
    worker.look()
    assert worker.state() == ("refused", "ended_elsewhere")


def test_a_server_that_is_away_is_asked_again(worker, server, films):
    server.items[UID] = work_item(UID, films)
    server.away = True
    worker.look()
    assert not worker.journal._database.execute("SELECT * FROM work_items").fetchall()
    server.away = False
    worker.look()
    server.away = True
    worker.look()
    assert worker.state() == ("claimed", "http_503")
    server.away = False
    worker.look()
    assert worker.state() == ("reading", None)


def test_the_node_performs_items(start_node: Callable[..., Node], server, films):
    server.items[UID] = work_item(UID, films)
    node = start_node(dicom_ups_url=server.url, dicom_ups_station="LOBULE", dicom_ups_every_s=0.1)
    deadline = time.monotonic() + 30
    while node.study(STUDY) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert node.study(STUDY) is not None
    assert node.live()["worklist"]


def test_a_worklist_names_what_is_for_us(make_settings):
    with pytest.raises(ValidationError, match="UPS_STATION"):
        make_settings(dicom_ups_url="http://pacs.example/rs")
