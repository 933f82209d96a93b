"""What fails for a work item in passing is tried again, and what fails for good ends."""

import hashlib
import struct

import pydicom
import pytest
from ups_server import STATE, work_item

from dicom_node.journal import received
from dicom_node.statuses import Status
from dicom_node.worklist import performer
from dicom_node.worklist.performer import Performer
from dicom_node.worklist.server import WorklistError, WorklistServer, WorkRefusedError, _data_sets

UID = "1.2.826.0.1.3680043.8.498.900"


def test_a_claim_that_is_refused_in_passing_is_made_again(worker, ups, ups_films):
    ups.items[UID] = work_item(UID, ups_films)
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


def test_items_that_fail_do_not_stop_others_and_are_cancelled_in_time(worker, ups, ups_films, monkeypatch):
    monkeypatch.setattr(performer, "_MOST_OPEN", 1)
    ups.items[UID] = work_item(UID, ups_films)
    ups.films.clear()
    worker.look()
    worker.look()
    assert worker.state() == ("claimed", "http_404")
    ups.items["1.2.3"] = work_item("1.2.3", ups_films)
    Performer(worker.journal, worker.intake, worker.settings).work()
    assert ups.items["1.2.3"][STATE]["Value"] == ["IN PROGRESS"]
    with worker.journal.transaction() as database:
        database.execute("UPDATE work_items SET claimed_at = 0")
    worker.look()
    assert [item[STATE]["Value"] for item in ups.items.values()] == [["CANCELED"], ["CANCELED"]]


def test_an_item_that_cannot_be_cancelled_either_ends(worker, ups, ups_films):
    ups.items[UID] = work_item(UID, ups_films)
    worker.look()
    with worker.journal.transaction() as database:
        database.execute("UPDATE work_items SET claimed_at = 0")
    ups.away = True
    worker.look()
    assert worker.state() == ("refused", "http_503")


@pytest.mark.parametrize("uid", ["../studies", "..", "1.2\n3", "", "1" * 65])
def test_what_is_no_uid_becomes_no_part_of_an_address(worker, ups, ups_films, uid):
    ups.items[uid] = work_item(uid, ups_films)
    worker.look()
    assert {method for method, _ in ups.calls} == {"GET"}


def test_items_behind_the_first_page_are_found(worker, ups, ups_films):
    uids = [f"{UID}.{number}" for number in range(45)]
    ups.items |= {uid: work_item(uid, ups_films) for uid in uids}
    assert WorklistServer(worker.settings).scheduled() == uids


def test_an_answer_that_nests_too_deep_is_unreadable():
    with pytest.raises(WorklistError, match="answer_unreadable"):
        _data_sets(b"[" * 1_000_000)


def test_films_whose_file_does_not_state_the_length_of_its_heading_are_kept_apart(worker, ups_films):
    """Servers send files as they have them; the standard wants the length, and readers do without it."""
    kept = {}
    for path in ups_films:
        film, content = pydicom.dcmread(path), path.read_bytes()
        (length,) = struct.unpack("<I", content[140:144])
        heading = content[144 : 144 + length].removeprefix(b"\2\0\1\0OB\0\0\2\0\0\0\0\1")
        sent = worker.intake.incoming / path.name
        sent.write_bytes(content[:132] + heading + content[144 + length :])
        kept[film.SOPInstanceUID] = hashlib.sha256(sent.read_bytes()).hexdigest()
        answer = worker.intake.keep(sent, film.SOPClassUID, film.SOPInstanceUID, "UPS-RS")
        assert answer.status == Status.SUCCESS
    with worker.journal.reading() as database:
        found = [received.find(database, uid) for uid in kept]
    assert [each.file_sha256 for each in found] == list(kept.values())
    stored = [worker.intake.path_of(each.sha256).read_bytes() for each in found]
    assert [hashlib.sha256(content).hexdigest() for content in stored] == list(kept.values())


def test_an_answer_that_is_no_file_is_refused(worker):
    sent = worker.intake.incoming / "answer"
    sent.write_bytes(b"<html>")
    answer = worker.intake.keep(sent, "1.2.840.10008.5.1.4.1.1.1.2", "1.2.3", "UPS-RS")
    assert answer.status == Status.NOT_A_FILM
