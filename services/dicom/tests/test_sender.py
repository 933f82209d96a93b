"""Sending results: to a real Storage SCP, and to none; tried again, given up, and sent once more."""

import socket
import subprocess
import time
from pathlib import Path

import pydicom
import pytest
from dicom_faults import free_port, small_film
from dicom_peer import FILM, STUDY, tool
from dicom_rounds import until
from numpy.random import default_rng

from dicom_node.journal import outgoing, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.outgoing import OutgoingObject
from dicom_node.peers import parse_destinations
from dicom_node.results.files import ResultFiles
from dicom_node.sending.outbox import Outbox
from dicom_node.sending.sender import Sender
from dicom_node.settings import NodeSettings


@pytest.fixture
def pacs(tmp_path):
    """Starts dcmtk's storescp; it writes what it gets into a folder."""
    processes = []

    def start(port: int, *options: str) -> Path:
        folder = tmp_path / f"pacs-{len(processes)}"
        folder.mkdir()
        command = [tool("storescp"), "-aet", "PACS", *options, "-od", str(folder), str(port)]
        processes.append(subprocess.Popen(command))
        echo = [tool("echoscu"), "-aec", "PACS", "127.0.0.1", str(port)]

        def answers() -> bool:
            echoed = subprocess.run(echo, capture_output=True)
            return not echoed.returncode or b"Rejected" in echoed.stderr

        until(answers, "the PACS", 20)
        return folder

    yield start
    for process in processes:
        process.terminate()
        process.wait()


@pytest.fixture
def waiting(tmp_path):
    """A journal with an object that waits for the destination PACS."""
    journal = Journal(tmp_path / "journal.sqlite")
    film = small_film(STUDY, "R", "CC", default_rng(1))
    film.save_as(tmp_path / f"{film.SOPInstanceUID}.dcm", enforce_file_format=True)
    now = time.time()
    row = OutgoingObject(str(film.SOPInstanceUID), str(film.SOPClassUID), "1.2", STUDY, "findings", "", 1, now)
    with journal.transaction() as database:
        studies.note_arrival(database, STUDY, now, now)
        outgoing.add(database, row, "films", ["PACS"])
    yield journal
    journal.close()


def sender(tmp_path: Path, journal: Journal, port: int, **changes) -> Sender:
    values = {
        "api_token": "x",
        "dicom_folder": tmp_path,
        "dicom_calling_ae_titles": "*",
        "dicom_destinations": f"PACS@127.0.0.1:{port}",
        "dicom_timeout_s": 10,
    }
    settings = NodeSettings(**(values | changes))
    [place] = parse_destinations(settings.dicom_destinations)
    return Sender(place, Outbox(journal, settings.dicom_give_up_hours), ResultFiles(tmp_path), settings)


def state(journal: Journal) -> tuple:
    with journal.reading() as database:
        [row] = outgoing.sendings(database)
    return row["state"], row["attempts"], row["problem"]


def hurry(journal: Journal) -> None:
    """Let the pause before the next try be over."""
    with journal.transaction() as database:
        database.execute("UPDATE sendings SET due_at = 0")


def test_what_could_not_be_sent_is_sent_later_and_once(tmp_path, waiting, pacs):
    port = free_port()
    sending = sender(tmp_path, waiting, port)
    sending.work()
    assert state(waiting) == ("waiting", 1, "not_connected")
    sending.work()
    assert state(waiting) == ("waiting", 1, "not_connected"), "not before the pause is over"
    folder = pacs(port)
    hurry(waiting)
    sending.work()
    sending.work()
    assert state(waiting) == ("sent", 1, None)
    assert len(list(folder.iterdir())) == 1
    with waiting.transaction() as database:
        assert outgoing.send_again(database, STUDY, time.time()) == 1
    sending.work()
    assert state(waiting)[0] == "sent"


def test_what_no_destination_takes_is_dead_in_the_end_and_can_be_sent_again(tmp_path, waiting, pacs):
    port = free_port()
    pacs(port, "--refuse")  # every association
    sending = sender(tmp_path, waiting, port, dicom_give_up_hours=1e-9)
    for _ in range(2):
        hurry(waiting)
        sending.work()
    assert state(waiting)[:2] == ("dead", 2)
    assert state(waiting)[2] in ("rejected", "not_connected")  # storescp closes the connection at once
    with waiting.transaction() as database:
        assert outgoing.send_again(database, None, time.time()) == 1
    assert state(waiting)[:2] == ("waiting", 0)


def test_what_is_sent_again_is_tried_as_long_as_something_new(tmp_path, waiting):
    """However old it is."""
    with waiting.transaction() as database:
        database.execute("UPDATE made SET made_at = made_at - 100 * 3600")
        database.execute("UPDATE sendings SET state = 'dead'")
        assert outgoing.send_again(database, STUDY, time.time()) == 1
    sending = sender(tmp_path, waiting, free_port())
    for _ in range(3):
        hurry(waiting)
        sending.work()
    assert state(waiting) == ("waiting", 3, "not_connected")
    with waiting.transaction() as database:
        database.execute("UPDATE sendings SET asked_again_at = asked_again_at - 100 * 3600")
    hurry(waiting)
    sending.work()
    assert state(waiting)[0] == "dead"


def test_a_journal_of_an_earlier_version_gets_the_time_of_sending_again(tmp_path, waiting):
    with waiting.transaction() as database:
        database.execute("ALTER TABLE sendings DROP COLUMN asked_again_at")
    waiting.close()
    journal = Journal(tmp_path / "journal.sqlite")
    with journal.transaction() as database:
        assert outgoing.send_again_to(database, "PACS", time.time()) == 0
        assert len(outgoing.due(database, "PACS", time.time())) == 1
    journal.close()


def test_a_destination_of_the_default_transfer_syntax_gets_its_objects(tmp_path, waiting, pacs):
    port = free_port()
    folder = pacs(port, "+xi")
    sender(tmp_path, waiting, port).work()
    assert state(waiting) == ("sent", 0, None)
    [file] = folder.iterdir()
    stored, [made] = pydicom.dcmread(file), tmp_path.glob("*.dcm")
    assert stored.file_meta.TransferSyntaxUID.is_implicit_VR
    assert stored == pydicom.dcmread(made)


def test_a_destination_that_does_not_answer_delays_no_other(start_node, pacs):
    port = free_port()
    folder = pacs(port)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        node = start_node(dicom_destinations=f"SILENT@127.0.0.1:{silent.getsockname()[1]},PACS@127.0.0.1:{port}")
        film, now = small_film(STUDY, "R", "CC", default_rng(2)), time.time()
        film.save_as(node.intake.results / f"{film.SOPInstanceUID}.dcm", enforce_file_format=True)
        row = OutgoingObject(str(film.SOPInstanceUID), FILM, "1.2", STUDY, "findings", "", 1, now)
        with node.journal.transaction() as database:
            studies.note_arrival(database, STUDY, now, now + 3600)
            outgoing.add(database, row, "films", ["SILENT", "PACS"])
        until(lambda: list(folder.iterdir()), "the object", 30)


def test_an_object_that_cannot_be_read_holds_up_no_other(tmp_path, waiting, pacs):
    port = free_port()
    pacs(port)
    with waiting.transaction() as database:
        outgoing.add(database, OutgoingObject("1.1", FILM, "1.2", STUDY, "marks", "", 1, 0), "films", ["PACS"])
    sender(tmp_path, waiting, port).work()
    with waiting.reading() as database:
        found = {row["kind"]: (row["state"], row["problem"]) for row in outgoing.sendings(database)}
    assert found == {"marks": ("waiting", "object_unreadable"), "findings": ("sent", None)}


def test_the_pauses_grow(tmp_path, waiting):
    sending = sender(tmp_path, waiting, free_port())
    pauses = []
    for _ in range(4):
        hurry(waiting)
        sending.work()
        with waiting.reading() as database:
            pauses.append(database.execute("SELECT due_at FROM sendings").fetchone()[0] - time.time())
    assert [round(pause / 5) for pause in pauses] == [1, 2, 4, 8]


@pytest.mark.parametrize("text", ["PACS", "PACS@host", "PACS@host:port", "A" * 17 + "@host:104"])
def test_a_destination_that_is_none_is_refused_at_the_start(tmp_path, text):
    with pytest.raises(ValueError, match="AE@host:port"):
        sender(tmp_path, None, 1, dicom_destinations=text)


def test_a_destination_that_is_named_twice_is_refused_at_the_start(tmp_path):
    """The journal knows destinations by their AE titles: no result could be noted for two of one title."""
    with pytest.raises(ValueError, match="name each destination once, by an AE title of its own: PACS"):
        sender(tmp_path, None, 1, dicom_destinations="PACS@10.0.0.1:104,PACS@10.0.0.2:104")
