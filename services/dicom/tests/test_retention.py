"""What is old is deleted from the node's folder; what waits for anything stays."""

import threading
import time

import pytest
from dicom_peer import STUDY, send

from dicom_node.commands import run
from dicom_node.journal import outgoing, received, retention, studies, work_items
from dicom_node.journal.outgoing import OutgoingObject
from dicom_node.retention import Sweeper

REPORT = "1.2.840.10008.5.1.4.1.1.88.34"


@pytest.fixture
def kept(start_node, make_film):
    """A node with a study of one film that was delivered long ago, and a report that waits to be sent."""
    node = start_node(dicom_retention_days=0)
    assert [status for status, _ in send(node.port, make_film())] == [0]
    long_ago = time.time() - 100 * 86400
    (node.intake.results / "1.2.3.dcm").write_bytes(b"a report")
    with node.journal.transaction() as database:
        [film] = received.of_study(database, STUDY)
        received.mark_delivered(database, film.sop_instance_uid, "job")
        studies.mark_delivered(database, STUDY, "complete", long_ago)
        outgoing.add(
            database, OutgoingObject("1.2.3", REPORT, "1.2", STUDY, "findings", "", 1, long_ago), "films", ["PACS"]
        )
    return node


def files(node) -> list[int]:
    return [len(list(folder.iterdir())) for folder in (node.intake.objects, node.intake.results)]


def sent(node) -> None:
    with node.journal.transaction() as database:
        [sending] = outgoing.due(database, "PACS", time.time())
        outgoing.mark_sent(database, sending)


def test_a_study_stays_until_its_results_are_sent(kept):
    Sweeper(kept.journal, kept.intake, 90).work()
    assert files(kept) == [1, 1]
    sent(kept)
    Sweeper(kept.journal, kept.intake, 101).work()
    assert files(kept) == [1, 1], "it is not old enough"
    Sweeper(kept.journal, kept.intake, 90).work()
    assert files(kept) == [0, 0]


def test_a_late_film_finds_its_case_and_versions_go_on(kept, make_film):
    sent(kept)
    Sweeper(kept.journal, kept.intake, 90).work()
    before = kept.study(STUDY)
    assert [status for status, _ in send(kept.port, make_film("LCC"))] == [0]
    after = kept.study(STUDY)
    assert (after.pseudonym, after.state) == (before.pseudonym, "collecting")
    with kept.journal.reading() as database:
        assert outgoing.newest(database, STUDY, "findings", "") == (1, "films")


def test_a_film_that_arrives_while_old_studies_are_deleted_stays(kept, make_film):
    sent(kept)
    before = time.time() - 90 * 86400
    with kept.journal.reading() as database:
        assert retention.due(database, before) == [STUDY]
    assert [status for status, _ in send(kept.port, make_film("LCC"))] == [0]
    with kept.journal.transaction() as database:
        assert retention.forget(database, STUDY, before) == ([], [])
        assert len(received.of_study(database, STUDY)) == 2


def test_an_object_that_is_sent_again_while_its_study_is_deleted_stays(start_node, make_film, monkeypatch):
    """It comes at the worst moment: when the first file is being deleted."""
    node, film = start_node(), make_film()
    send(node.port, film)
    with node.journal.transaction() as database:
        [row] = received.of_study(database, STUDY)
        received.mark_delivered(database, row.sop_instance_uid, "job")
        studies.mark_delivered(database, STUDY, "complete", time.time() - 100 * 86400)
    again, path_of = [], node.intake.path_of

    def at_that_moment(sha256: str):
        if not again:
            again.append(threading.Thread(target=send, args=(node.port, film)))
            again[0].start()
            again[0].join(0.5)  # it ends where nothing holds it up
        return path_of(sha256)

    monkeypatch.setattr(node.intake, "path_of", at_that_moment)
    Sweeper(node.journal, node.intake, 90).work()
    again[0].join()
    with node.journal.reading() as database:
        kept = received.of_study(database, STUDY)
    assert [path_of(each.sha256).exists() for each in kept] == [True]


def test_nothing_is_deleted_unless_an_age_is_set(start_node):
    assert "retention" not in [loop.name for loop in start_node()._loops]


def test_films_may_not_be_deleted_while_results_are_still_looked_for(start_node):
    with pytest.raises(ValueError, match="LOBULE_DICOM_RETENTION_DAYS"):
        start_node(dicom_retention_days=30)


def test_an_object_of_our_own_making_is_not_taken_back(kept, make_film):
    film = make_film()
    import pydicom

    uid = str(pydicom.dcmread(film, stop_before_pixels=True).SOPInstanceUID)
    with kept.journal.transaction() as database:
        outgoing.add(database, OutgoingObject(uid, REPORT, "1.2", STUDY, "pictures", "", 1, 0), "films", [])
    assert send(kept.port, film) == [(0xA900, "Lobule made this object itself.")]


def test_nothing_is_deleted_after_a_jump_of_the_clock(kept, monkeypatch, capsys):
    """A clock that is years ahead makes everything old."""
    sent(kept)
    sweeper = Sweeper(kept.journal, kept.intake, 200)
    sweeper.work()
    real = time.time
    monkeypatch.setattr("dicom_node.retention.time.time", lambda: real() + 1000 * 86400)
    sweeper.work()
    sweeper.work()
    assert files(kept) == [1, 1]
    monkeypatch.setenv("LOBULE_DICOM_FOLDER", str(kept.settings.dicom_folder))
    assert run(["retention-after-pause"]) == 0
    assert "within an hour" in capsys.readouterr().out
    sweeper.work()
    assert files(kept) == [0, 0]


def test_a_pause_of_days_and_a_clock_that_is_set_back_are_no_reason(kept, monkeypatch):
    sent(kept)
    real, runs = time.time, Sweeper(kept.journal, kept.intake, 200)
    for days in (0, 6, 1):
        monkeypatch.setattr("dicom_node.retention.time.time", lambda days=days: real() + days * 86400)
        runs.work()
        with kept.journal.reading() as database:
            last = retention.last_run(database)
        assert last == pytest.approx(real() + days * 86400, abs=60)


def test_work_items_that_are_over_are_forgotten(kept):
    long_ago = time.time() - 100 * 86400
    with kept.journal.transaction() as database:
        for uid in ("1.2.3", "1.2.4"):
            work_items.add(database, uid, "1.2.9", long_ago)
        work_items.move(database, "1.2.3", "completed", long_ago)
    Sweeper(kept.journal, kept.intake, 90).work()
    with kept.journal.reading() as database:
        assert [work_items.known(database, uid) for uid in ("1.2.3", "1.2.4")] == [False, True]
