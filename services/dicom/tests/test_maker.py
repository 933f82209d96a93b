"""What is made of a study, as its case changes in the gateway: corrected, signed, signed again."""

import hashlib
import time
from pathlib import Path
from unittest.mock import Mock

import pydicom
from dicom_content import values
from dicom_objects import drawn_on
from dicom_peer import STUDY

from dicom_node import metrics
from dicom_node.hl7.syntax import parse
from dicom_node.journal import received, studies
from dicom_node.journal.received import Received, State
from dicom_node.results.files import ResultFiles
from dicom_node.results.film import FailedFilm
from lobule.client import ApiError

LEFT, RIGHT = "80248007", "73056007"


def predecessor(report: pydicom.Dataset) -> str:
    [series] = report.PredecessorDocumentsSequence[0].ReferencedSeriesSequence
    return series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID


def test_a_corrected_side_is_that_of_every_object(study):
    study.look()
    study.gateway.image |= {"laterality": "L", "view": "MLO"}
    study.look()
    assert [values(report, "111027") for report in study.of("cad")] == [[RIGHT], [LEFT]]
    assert [state.Laterality for state in study.of("marks")] == ["R", "L"]
    for report, name in zip(study.of("findings"), ("RCC", "LMLO"), strict=True):
        assert values(report, "112039") == [f"Finding 1 in {name}", f"Finding 2 in {name}"]
    assert [values(report, "363698007") for report in study.of("conclusion")] == [[RIGHT], [LEFT]]


def test_a_signature_is_not_taken_back_by_a_change(study):
    study.gateway.sign(verdicts=True)
    study.look()
    study.gateway.change()
    study.look()
    assert [report.VerificationFlag for report in study.of("conclusion")] == ["VERIFIED"]
    assert [document.DocumentTitle for document in study.of("document")] == ["Lobule report, signed version 1"]
    study.gateway.sign(verdicts=True)
    study.look()
    assert [document.DocumentTitle for document in study.of("document")][1:] == ["Lobule report, signed version 2"]
    first, second = study.of("conclusion")
    assert predecessor(second) == first.SOPInstanceUID


def test_a_withdrawn_verdict_is_told_in_the_place_of_the_one_before(study):
    study.gateway.sign(verdicts=False)
    study.look()
    assert study.of("verdicts") == [], "nothing was said of any finding"
    study.gateway.sign(verdicts=True)
    study.look()
    study.gateway.sign(verdicts=False)
    study.look()
    [found], [first, second] = study.of("findings"), study.of("verdicts")
    assert predecessor(first) == found.SOPInstanceUID
    assert predecessor(second) == first.SOPInstanceUID
    assert values(first, "112039") == ["Finding 1 in RCC"], "a marked finding without a verdict is not the reader's"
    assert values(second, "112039") == []


def receive(study, film: Path, state: State) -> tuple[str, str]:
    """Add a late film of the study to the journal; returns its UID and its hash."""
    header, sha256 = pydicom.dcmread(film, stop_before_pixels=True), hashlib.sha256(film.read_bytes()).hexdigest()
    study.intake.path_of("late").write_bytes(film.read_bytes())
    names = str(header.SOPInstanceUID), str(header.SOPClassUID), STUDY
    with study.journal.transaction() as database:
        received.add(database, Received(*names, "late", sha256, 1, "LCC", "PACS", time.time(), state))
    return names[0], sha256


def test_a_film_that_could_not_be_analysed_is_told(study, make_film):
    _, sha256 = receive(study, make_film("LCC"), "delivered")
    failed = {"id": "image-2", "sha256": sha256, "state": "failed", "view": "CC", "laterality": "L"}
    study.gateway.images.append(failed)
    study.look()
    [report] = study.of("cad")
    assert values(report, "111017") == ["111244"]
    assert values(report, "111027") == [RIGHT, LEFT]


def test_a_study_with_a_film_that_the_gateway_refused_is_never_negative(study, make_film):
    study.gateway.assessment = "no_sign_of_malignancy"
    study.look()
    receive(study, make_film("LCC"), "refused")
    study.look()
    before, after = study.of("conclusion")
    assert values(before, "121077").count("no-sign") == 1
    said = values(after, "121077")
    assert said.count("not-sure") == 2, "of the case, and of the left breast"
    assert "no-sign" not in said
    assert "Not analysed: L (view unknown)." in said


def test_a_film_of_another_patient_counts_until_somebody_says_where_it_belongs(study, make_film):
    instance, sha256 = receive(study, make_film("LCC"), "waiting")
    with study.journal.transaction() as database:
        received.mark_refused(database, instance, "other_patient")
    study.gateway.refused_films = [{"sha256": sha256}]
    study.look()
    study.gateway.refused_films = []
    study.look()
    before, after = study.of("cad")
    assert (values(before, "111017"), values(after, "111017")) == (["111244"], ["111242"])


def test_a_study_of_which_every_film_failed_is_told_and_delivered(study):
    study.gateway.image["state"] = "failed"
    study.gateway.sign(verdicts=False)
    study.look()
    for kind in ("document", "conclusion"):
        [report] = study.of(kind)
        assert str(report.PatientID) == "1"
    assert report.VerificationFlag == "VERIFIED"
    [report] = study.of("cad")
    assert values(report, "111017") == ["111245"], "no algorithm succeeded"
    with study.journal.reading() as database:
        made = {row[0] for row in database.execute("SELECT kind FROM made")}
    assert made == {"document", "conclusion", "cad", "message", "bundle"}


def test_what_a_reader_drew_on_a_film_that_failed_is_told_when_signed_and_when_withdrawn(study):
    study.gateway.image["state"] = "failed"
    header = study.gateway.film.header
    study.gateway.drawn = drawn_on(FailedFilm(header, "R", "CC", image_id="image-1"))
    study.look()
    assert study.of("verdicts") == [], "not before the signature"
    study.gateway.sign(verdicts=False)
    study.look()
    [report] = study.of("verdicts")
    assert values(report, "112039") == ["Finding A in RCC", "Finding B in RCC", "Finding C in RCC"]
    study.gateway.drawn = []
    study.gateway.sign(verdicts=False)
    study.look()
    _, withdrawn = study.of("verdicts")
    assert values(withdrawn, "112039") == []


def test_what_is_drawn_on_a_film_of_another_study_is_not_told_as_of_this_one(study):
    study.gateway.drawn = drawn_on(FailedFilm(study.gateway.film.header, image_id="image-2"))
    study.gateway.sign(verdicts=False)
    study.look()
    assert study.of("verdicts") == []
    assert len(study.of("conclusion")) == 1


def test_a_study_is_settled_once_nothing_else_is_to_come(study):
    def failures() -> float:
        return metrics.result_failures.labels("document_not_made")._value.get()

    def settled() -> bool:
        study.look()
        with study.journal.reading() as database:
            return studies.is_settled(database, studies.find(database, STUDY))

    study.gateway.together = {"state": "queued", "reading": None}
    assert not settled(), "the films are still being read together"
    assert len(study.of("cad")) == 1
    study.gateway.together = {"state": "none", "reading": None}
    render = study.gateway.case_report
    study.gateway.case_report = Mock(side_effect=ApiError(409, {"code": "report_not_ready"}))
    before = failures()
    assert not settled(), "the report is still being rendered"
    study.gateway.case_report = Mock(side_effect=ApiError(503, {}))
    assert not settled(), "the gateway is busy"
    assert failures() == before, "neither is a failure"
    for fault in (ValueError(), ApiError(500, {"code": "report_altered"})):
        study.gateway.case_report = Mock(side_effect=fault)
        assert settled(), "a fault of one product holds up no other"
    assert failures() == before + 2
    with study.journal.transaction() as database:
        studies.note_arrival(database, STUDY, time.time(), time.time())
    assert not settled(), "another film arrived"
    study.gateway.case_report = render
    with study.journal.transaction() as database:
        studies.mark_delivered(database, STUDY, "complete", time.time())
        assert not studies.is_settled(database, studies.find(database, STUDY)), "its results are not made"
    assert settled()


def test_a_study_that_cannot_be_read_holds_up_no_other(study):
    with study.journal.transaction() as database:
        studies.note_arrival(database, "1.2", 0, 0)
        studies.set_case(database, "1.2", "case-2")
        studies.mark_delivered(database, "1.2", "complete", time.time() - 3600)
    study.look()
    assert len(study.of("findings")) == 1
    with study.journal.reading() as database:
        assert studies.due_for_results(database, time.time() + 300) == [studies.find(database, STUDY)], (
            "the other one later"
        )


def test_results_wait_for_the_current_films_and_not_for_priors(study):
    waiting = {**study.gateway.image, "id": "image-2", "sha256": "0" * 64, "state": "pending", "job": {"id": "job-2"}}
    study.gateway.images = [study.gateway.image, waiting | {"is_prior": False}]
    study.look()
    assert study.of("findings") == []
    study.gateway.images = [study.gateway.image, waiting | {"is_prior": True}]
    study.look()
    assert len(study.of("findings")) == 1


def test_what_is_signed_of_a_later_examination_is_not_told_as_of_this_study(study):
    study.gateway.sign(verdicts=True)
    study.look()
    assert len(study.of("conclusion")) == len(study.of("document")) == 1
    later = {**study.gateway.image, "id": "image-2", "sha256": "0" * 64, "job": {"id": "job-2"}, "is_prior": False}
    study.gateway.image |= {"is_prior": True, "laterality": "L"}  # corrected as well, which its findings tell
    study.gateway.images = [study.gateway.image, later]
    study.gateway.sign(verdicts=True)
    study.look()
    assert [len(study.of(kind)) for kind in ("conclusion", "document", "verdicts", "findings")] == [1, 1, 1, 2]


def test_a_study_without_a_film_in_its_case_tells_only_that_its_films_failed(study):
    with study.journal.transaction() as database:
        database.execute("UPDATE received SET state = 'refused'")
    study.gateway.images = [{**study.gateway.image, "sha256": "0" * 64, "is_prior": False}]  # added by hand
    study.gateway.sign(verdicts=True)
    study.look()
    with study.journal.reading() as database:
        assert {row[0] for row in database.execute("SELECT kind FROM made")} == {"cad"}


def test_a_signed_report_is_sent_although_a_later_examination_is_current(study):
    study.look()
    study.gateway.sign(verdicts=False)
    later = {**study.gateway.image, "id": "image-2", "sha256": "0" * 64, "job": {"id": "job-2"}, "is_prior": False}
    study.gateway.image["is_prior"] = True
    study.gateway.images = [study.gateway.image, later]
    study.gateway.sign(verdicts=False)  # of the later one
    study.look()
    study.look()
    titles = [document.DocumentTitle for document in study.of("document")]
    assert titles[1:] == ["Lobule report, signed version 1"], "once, and not version 2"
    with study.journal.reading() as database:
        query = "SELECT kind, made_from FROM products WHERE kind IN ('message', 'bundle') ORDER BY kind"
        made = [tuple(row) for row in database.execute(query)]
    assert made == [("bundle", "signed:1"), ("message", "signed:1")]
    assert study.gateway.bundles == [1], "of this examination alone"


def test_what_was_signed_of_an_earlier_examination_is_not_told_as_of_this_study(study):
    own, earlier = study.gateway.image, {**study.gateway.image, "id": "image-0", "sha256": "0" * 64}
    study.gateway.images = [earlier]
    study.gateway.sign(verdicts=False)
    study.gateway.change()
    study.gateway.images = [earlier | {"is_prior": True}, own]
    study.look()
    assert [document.DocumentTitle for document in study.of("document")] == ["Lobule draft, not signed"]
    assert len(study.of("conclusion")) == 1
    assert states_of_messages(study) == []
    for states in (["F"], ["F", "C"]):
        study.gateway.sign(verdicts=False)
        study.look()
        assert states_of_messages(study) == states, "the first of this study corrects nothing"
    study.gateway.change()
    study.look()
    assert [document.DocumentTitle[-1] for document in study.of("document")[1:]] == ["2", "3"], "and no draft again"


def states_of_messages(study) -> list[str]:
    with study.journal.reading() as database:
        names = [row[0] for row in database.execute("SELECT sop_instance_uid FROM made WHERE kind = 'message'")]
    files = ResultFiles(study.intake.results)
    return [parse(files.path_of(name, "message").read_bytes()).value("OBR", 25) for name in names]


def test_systems_that_were_told_of_a_report_learn_that_it_is_no_longer_in_force(study):
    """Once, and not before any report: then the next signature corrects it."""

    def told(kind: str) -> tuple[int, str | None]:
        """How many there are, and what the last one is made from."""
        with study.journal.reading() as database:
            [count] = database.execute("SELECT count(*) FROM made WHERE kind = ?", (kind,)).fetchone()
            last = database.execute("SELECT made_from FROM products WHERE kind = ?", (kind,)).fetchone()
        return count, last and last[0]

    study.look()
    assert (told("message"), told("bundle")) == ((0, None),) * 2
    study.gateway.sign(verdicts=False)
    study.look()
    study.gateway.change()
    study.look()
    study.look()
    assert (told("message"), told("bundle")) == ((2, "reopened:1"),) * 2
    assert len(study.of("document")) == 2, "draft and signed version: no draft takes the place of that"
    study.gateway.sign(verdicts=False)
    study.look()
    assert told("message") == (3, "signed:2")
