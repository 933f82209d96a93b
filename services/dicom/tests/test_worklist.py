"""Work items of a UPS-RS server are claimed, performed and completed, or cancelled with a reason."""

import time
from collections.abc import Callable

import pytest
from dicom_peer import STUDY
from pydantic import ValidationError
from ups_server import PERFORMED, STATE, work_item

from dicom_node.journal import received, work_items
from dicom_node.node import Node
from dicom_node.worklist.performer import Performer

UID, RESULT = "1.2.826.0.1.3680043.8.498.900", "1.2.826.0.1.3680043.8.498.901"


def test_an_item_is_performed(worker, ups, ups_films):
    ups.items[UID] = work_item(UID, ups_films)
    ups.items["1.2.3"] = work_item("1.2.3", ups_films, station="ELSEWHERE")
    ups.items["1.2.4"] = work_item("1.2.4", ups_films, procedure="OTHER")
    worker.look()
    assert worker.state() == ("claimed", None)
    assert ups.items[UID][STATE]["Value"] == ["IN PROGRESS"]
    worker.look()
    assert worker.state() == ("reading", None)
    with worker.journal.reading() as database:
        films_taken = received.of_study(database, STUDY)
    assert [(film.calling_ae, film.hanging) for film in films_taken] == [("UPS-RS", "RCC"), ("UPS-RS", "LCC")]
    worker.look()
    worker.read_film("stow:https://pacs.example/rs", "ARCHIVE")
    worker.look()
    assert worker.state() == ("reading", None), "until it is sent"
    worker.send()
    worker.look()
    assert worker.state() == ("completed", None)
    item = ups.items[UID]
    assert item[STATE]["Value"] == ["COMPLETED"]
    [step] = item[PERFORMED]["Value"]
    [output] = step["00404033"]["Value"]
    assert output["00081199"]["Value"][0]["00081155"]["Value"] == [RESULT]
    [place] = output["0040E025"]["Value"]
    url = f"https://pacs.example/rs/studies/{STUDY}/series/1.2.3.4/instances/{RESULT}"
    assert place["00081190"]["Value"] == [url], "without the password"
    assert step["00404019"]["Value"][0]["00080100"]["Value"] == ["CAD"]
    assert ups.items["1.2.3"][STATE]["Value"] == ups.items["1.2.4"][STATE]["Value"] == ["SCHEDULED"]
    assert ups.tokens == {"Bearer secret"}


def test_a_whole_study_is_found_and_results_of_a_node_are_named_by_its_title(worker, ups, ups_films):
    ups.items[UID] = work_item(UID, ups_films, named=False)
    worker.look()
    worker.look()
    with worker.journal.reading() as database:
        assert len(received.of_study(database, STUDY)) == 2
    worker.read_film("ARCHIVE")
    worker.send()
    worker.look()
    [output] = ups.items[UID][PERFORMED]["Value"][0]["00404033"]["Value"]
    assert output["0040E021"]["Value"][0]["00080054"]["Value"] == ["ARCHIVE"]


def test_an_item_that_somebody_else_has_is_left_to_them(worker, ups, ups_films):
    ups.items[UID] = work_item(UID, ups_films)
    one = Performer(worker.journal, worker.intake, worker.settings)
    found = one._server.scheduled()
    assert found == [UID]
    one._server.change_state(UID, "IN PROGRESS", "1.2.3.9")
    one._server.scheduled = lambda: found
    worker.look(one)
    assert worker.state() == ("refused", "http_409")
    assert ups.owners[UID] == "1.2.3.9"


def test_a_claim_whose_answer_was_lost_is_ours(worker, ups, ups_films):
    ups.items[UID] = work_item(UID, ups_films)
    with worker.journal.transaction() as database:
        work_items.add(database, UID, "1.2.3.5", time.time())
    ups.owners[UID] = "1.2.3.5"
    ups.items[UID][STATE]["Value"] = ["IN PROGRESS"]
    worker.look()
    assert worker.state() == ("claimed", None)


def test_what_cannot_be_performed_is_cancelled_with_the_reason(worker, ups, ups_films):
    ups.items[UID] = work_item(UID, ups_films)
    for part in ups.items[UID]["00404021"]["Value"]:
        part["00081199"]["Value"][0]["00081150"]["Value"] = ["1.2.840.10008.5.1.4.1.1.2"]
    worker.look()
    worker.look()
    why = "The work item names no mammogram that Lobule takes."
    assert worker.state() == ("cancelled", "no_mammogram")
    item = ups.items[UID]
    assert item[STATE]["Value"] == ["CANCELED"]
    [progress] = item["00741002"]["Value"]
    assert progress["00741238"]["Value"] == [why]
    assert progress["0074100E"]["Value"][0]["00080100"]["Value"] == ["110513"]


def test_films_that_the_gateway_refuses_cancel_it(worker, ups, ups_films):
    ups.items[UID] = work_item(UID, ups_films)
    worker.look()
    worker.look()
    with worker.journal.transaction() as database:
        for film in received.of_study(database, STUDY):
            received.mark_refused(database, film.sop_instance_uid, "image_unreadable")
    worker.look()
    assert worker.state() == ("cancelled", "nothing_made")


def test_one_that_ended_elsewhere_is_left(worker, ups, ups_films):
    ups.items[UID] = work_item(UID, ups_films)
    worker.look()
    ups.items[UID][STATE]["Value"] = ["CANCELED"]
    worker.look()
    assert worker.state() == ("refused", "ended_elsewhere")


def test_a_server_that_is_away_is_asked_again(worker, ups, ups_films):
    ups.items[UID] = work_item(UID, ups_films)
    ups.away = True
    worker.look()
    assert not worker.journal._database.execute("SELECT * FROM work_items").fetchall()
    ups.away = False
    worker.look()
    ups.away = True
    worker.look()
    assert worker.state() == ("claimed", "http_503")
    ups.away = False
    worker.look()
    assert worker.state() == ("reading", None)


def test_the_node_performs_items(start_node: Callable[..., Node], ups, ups_films):
    ups.items[UID] = work_item(UID, ups_films)
    node = start_node(dicom_ups_url=ups.url, dicom_ups_station="LOBULE", dicom_ups_every_s=0.1)
    deadline = time.monotonic() + 30
    while node.study(STUDY) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert node.study(STUDY) is not None
    assert node.live()["worklist"]


def test_a_worklist_names_what_is_for_us(make_settings):
    with pytest.raises(ValidationError, match="UPS_STATION"):
        make_settings(dicom_ups_url="http://pacs.example/rs")
