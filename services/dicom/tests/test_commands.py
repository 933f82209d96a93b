"""The commands on a node's journal, and what its log may say."""

import errno
import os
import sys
import time
from datetime import datetime

import pytest

from dicom_node import __main__
from dicom_node.commands import run
from dicom_node.journal import outgoing, received, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.outgoing import OutgoingObject
from dicom_node.journal.received import Received
from dicom_node.privacy import error_location

STUDY = "1.2.3"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A node's folder with one dead and one sent result."""
    monkeypatch.setenv("LOBULE_DICOM_FOLDER", str(tmp_path))
    journal = Journal(tmp_path / "journal.sqlite")
    now = time.time()
    rows = [
        OutgoingObject(f"1.2.3.{n}", "1.2.840.10008.5.1.4.1.1.88.34", "1.2", STUDY, "findings", "", n, now)
        for n in (1, 2)
    ]
    with journal.transaction() as database:
        studies.note_arrival(database, STUDY, now, now)
        for row in rows:
            outgoing.add(database, row, "films", ["PACS"])
        dead, sent = outgoing.due(database, "PACS", now)
        outgoing.give_up(database, dead, "status_A900")
        outgoing.mark_sent(database, sent)
    journal.close()
    return tmp_path


def test_results_and_the_dead_are_listed(folder, capsys):
    assert run(["results"]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split("\t")[:3] == ["study_uid", "kind", "version"]
    assert len(lines) == 2
    assert datetime.fromisoformat(lines[0].split("\t")[-1]).tzinfo is not None
    assert run(["dead"]) == 0
    [_, line] = capsys.readouterr().out.splitlines()
    assert line.split("\t")[:7] == [STUDY, "findings", "1", "PACS", "dead", "1", "status_A900"]


@pytest.mark.parametrize(("chosen", "count"), [([], 1), ([STUDY], 2), (["9.9"], 0)])
def test_the_dead_or_a_study_are_sent_once_more(folder, capsys, chosen, count):
    assert run(["resend", *chosen]) == 0
    assert capsys.readouterr().out == f"{count} to be sent once more\n"
    journal = Journal(folder / "journal.sqlite")
    with journal.reading() as database:
        assert len(outgoing.due(database, "PACS", time.time())) == count
    journal.close()


def test_films_that_the_gateway_refused_are_listed_and_sent_to_it_again(folder, capsys):
    journal = Journal(folder / "journal.sqlite")
    with journal.transaction() as database:
        received.add(database, Received("1.2", "1.3", STUDY, "data", "", 1, None, "MODALITY", time.time()))
        received.mark_refused(database, "1.2", "image_unreadable")
    journal.close()
    assert run(["undelivered"]) == 0
    heading, line = capsys.readouterr().out.splitlines()
    told = dict(zip(heading.split("\t"), line.split("\t"), strict=True))
    assert datetime.fromisoformat(told.pop("received_at")).tzinfo is not None
    assert told.pop("pseudonym").startswith("PACS-")
    assert told == {"calling_ae": "MODALITY", "state": "refused", "problem": "image_unreadable"}
    assert run(["deliver"]) == 0
    assert capsys.readouterr().out == "1 to be delivered once more\n"
    assert run(["undelivered"]) == 0
    assert capsys.readouterr().out == ""


def test_the_folder_may_be_named_by_a_file(folder, monkeypatch, capsys):
    """As every setting."""
    (folder / "name").write_text(f"{folder}\n")
    monkeypatch.delenv("LOBULE_DICOM_FOLDER")
    monkeypatch.setenv("LOBULE_DICOM_FOLDER_FILE", str(folder / "name"))
    assert run(["dead"]) == 0
    assert STUDY in capsys.readouterr().out


def test_without_a_journal_it_says_what_to_set(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOBULE_DICOM_FOLDER", str(tmp_path))
    assert run(["results"]) == 1
    assert "Set LOBULE_DICOM_FOLDER" in capsys.readouterr().err


def test_a_full_disk_is_a_line(monkeypatch):
    def resend(_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(__main__, "run", resend)
    monkeypatch.setattr(sys, "argv", ["dicom-node", "resend"])
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with pytest.raises(SystemExit, match=r"A disk is full: .* Make room on it, then run the command again"):
        __main__.main()


def test_an_error_is_told_without_what_it_cites():
    def read() -> None:
        raise ValueError("Doe^Jane is no name")

    with pytest.raises(ValueError, match="Doe") as raised:
        read()
    assert error_location(raised.value).startswith("ValueError in read:")
    assert "Doe" not in error_location(raised.value)
