"""The objects about films: they conform, whatever the senders left out or misspelt, and give back what was found."""

import io
import shutil
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import dicom_readers
import highdicom as hd
import numpy as np
import pydicom
import pytest
from dicom_content import items, names, values
from dicom_objects import (
    FAULTY,
    OPTIONAL,
    analysed,
    errors_in,
    examination_of,
    failed_beside,
    finding,
    inputs,
    objects_of,
    signed_by,
)

from dicom_node.results.cad_report import cad_report
from dicom_node.results.conclusion_report import conclusion_report
from dicom_node.results.examination import Examination, Verification
from dicom_node.results.segmentation import mask_of, segmentation
from dicom_node.results.structured_report import structured_report, verdict_report
from lobule.contracts.breasts import BreastConclusion, BreastConclusions
from lobule.contracts.examination import BreastReading
from lobule.contracts.result import Box

BOX = Box(x=10.5, y=20, width=30, height=40)


@pytest.mark.filterwarnings("ignore:The (PN component|value) length:UserWarning")  # what we write here, and read
@pytest.mark.filterwarnings("ignore:The string .* is unlikely to represent the intended person name:UserWarning")
@pytest.mark.parametrize("oddity", ["everything optional missing", "whole", f"faulty {', '.join(FAULTY[3])} alone"])
def test_every_object_conforms_whatever_the_film_lacks(tmp_path, oddity):
    """The short form of `bench/dicom_objects.py`."""
    if shutil.which("dciodvfy") is None or shutil.which("dsrdump") is None:
        pytest.skip("there is no dciodvfy or dsrdump (apt-get install dicom3tools dcmtk)")
    films = next(films for name, films in inputs(2 + len(OPTIONAL) + 2 * len(FAULTY), tmp_path) if name == oddity)[:1]
    made = objects_of(films)
    assert {name: errors_in(each, tmp_path / f"{name}.dcm") for name, each in made.items()} == {n: [] for n in made}
    for each in made.values():
        assert each.PatientID == films[0].header.PatientID
        assert each.StudyInstanceUID == films[0].header.StudyInstanceUID


def test_other_readers_find_what_was_put_there(tmp_path):
    """The short form of `bench/dicom_readers.py`."""
    if not dicom_readers.available():
        pytest.skip("there are no dcmjs and Cornerstone's adapters (make node-modules)")
    for folder in ("films", "objects"):
        (tmp_path / folder).mkdir()
    studies = [films for _, films in inputs(2, tmp_path / "films")]
    compared, wrong = dicom_readers.compare(studies, tmp_path / "objects")
    assert wrong == []
    assert compared["annotations"] == compared["regions"] - len(studies) > 3, "all but the ellipse of each study"
    assert compared["masks"] > 0


def test_highdicom_reads_the_groups_of_a_report_again(film):
    one = analysed(film(), finding(1, BOX), finding(2, BOX, label="calcification"))
    stream = io.BytesIO()
    structured_report([one], **names()).save_as(stream, enforce_file_format=True)
    stream.seek(0)
    groups = hd.sr.srread(stream).content.get_planar_roi_measurement_groups()
    assert [group.finding_type.meaning for group in groups] == ["Mammographic breast mass", "Calcification Cluster"]


def test_a_name_in_chinese_stays_as_it_is(film, tmp_path):
    chinese = {"PatientName": "Wang^XiaoDong=王^小东", "SpecificCharacterSet": "GB18030"}
    one = analysed(film(**chinese), finding(1, BOX))
    structured_report([one], **names()).save_as(tmp_path / "r.dcm")
    again = pydicom.dcmread(tmp_path / "r.dcm")
    assert again.SpecificCharacterSet == "ISO_IR 192"
    assert str(again.PatientName) == "Wang^XiaoDong=王^小东"


def test_boxes_numbers_and_names_come_back(film):
    over_the_edge = finding(2, Box(x=-3, y=200, width=50, height=60), probability_malignant=None, label="mass")
    weak = finding(3, Box(x=1, y=1, width=5, height=5), probability=0.2)
    one = analysed(film(), finding(1, BOX), over_the_edge, weak, pixel_spacing_mm=(0.1, 0.2), spacing_plane="detector")
    report = structured_report([one], **names())
    lines = [list(item.GraphicData) for item in items(report, "111030")]
    assert lines == [
        [10.5, 20, 40.5, 20, 40.5, 60, 10.5, 60, 10.5, 20],
        [0, 200, 47, 200, 47, 240, 0, 240, 0, 200],
    ], "a weak finding is not marked, and a box ends where the film does"
    assert values(report, "111047") == [60.0]
    assert values(report, "111012") == [80.0, 80.0]
    assert values(report, "410668003") == [6.0, 10.0]
    assert values(report, "103355008") == [4.0, 6.0]
    [first, second] = [item.UID for item in items(report, "112040")]
    assert first != second
    again = structured_report([one], **names())
    assert [item.UID for item in items(again, "112040")] == [first, second], "a lesion keeps its name"
    assert len(items(report, "260753009")) == 1 + 2, "the library names the film, and each finding does"


def test_a_film_without_findings_has_a_report(film):
    report = structured_report([analysed(film())], **names())
    assert items(report, "111030") == []
    assert len(items(report, "260753009")) == 1


def test_masks_come_back_exactly_and_may_overlap(film, tmp_path):
    box = Box(x=10, y=10, width=60, height=60)
    outlines = [[(10.0, 10.0), (70.0, 12.0), (40.0, 69.0)], [(15.0, 15.0), (60.0, 15.0), (60.0, 60.0), (15.0, 60.0)]]
    found = [finding(n + 1, box, outline=outline) for n, outline in enumerate(outlines)]
    one = analysed(film(), *found, finding(3, box))
    segmentation(one, **names(), number=1).save_as(tmp_path / "s.dcm", enforce_file_format=True)
    again = pydicom.dcmread(tmp_path / "s.dcm")
    assert [segment.SegmentLabel for segment in again.SegmentSequence] == ["Finding 1 in RCC", "Finding 2 in RCC"]
    expected = [mask_of(each, one.header.Rows, one.header.Columns) for each in found]
    assert all(mask.any() for mask in expected)
    assert np.array_equal(again.pixel_array, np.stack(expected).astype(np.uint8))


def test_the_conclusion_says_what_system_and_reader_say_of_each_breast(film):
    films = [analysed(film(), finding(1, BOX)), analysed(film(), finding(1, BOX), job="job-2", view="MLO")]
    system = conclusion_report(examination_of(films), **names())
    assert values(system, "suggest-category") == ["II.AC.b.4"], "as the films say together"
    assert values(system, "111005") == [], "that is the reader's"
    assert values(system, "111047") == [60.0, 70.0], "of the case and of the right breast"
    assert any("10 o'clock" in sentence for sentence in values(system, "121071"))
    assert "Take a biopsy." in values(system, "121075")
    assert system.VerificationFlag == "UNVERIFIED"
    signed = conclusion_report(examination_of(films, signed_by(films)), **names(), previous=system)
    assert values(signed, "111005") == ["II.AC.b.4", "II.AC.b.1"]
    assert values(signed, "129715009") == ["129718006"]
    assert signed.VerificationFlag == "VERIFIED"
    assert str(signed.VerifyingObserverSequence[0].VerifyingObserverName) == "Dr Lee^"


@pytest.mark.parametrize(("category", "code"), [(5, "treatment"), (6, "111122")])
def test_only_category_6_with_treatment_states_a_biopsy(category, code, film):
    signed = replace(
        signed_by(films := [analysed(film(), finding(1, BOX))]),
        breasts=BreastConclusions(right=BreastConclusion(bi_rads=category, recommendation="treatment")),
    )
    assert code in values(conclusion_report(examination_of(films, signed), **names()), "121075")


def test_everyone_who_read_a_case_has_verified_its_report(film):
    """Where two people read it, and a third one settled what they disagreed on."""
    films = [analysed(film(), finding(1, BOX))]
    signed = signed_by(films)
    days = (datetime(2026, 1, day, 7, 30, tzinfo=timezone(timedelta(hours=8))) for day in (5, 6))
    others = [Verification(name, day) for name, day in zip(("Dr Kim", "Dr Wu"), days, strict=True)]
    read = replace(signed, others=others)
    for report in (
        conclusion_report(examination_of(films, read), **names()),
        verdict_report(films, read, **names()),
    ):
        observers = [str(each.VerifyingObserverName) for each in report.VerifyingObserverSequence]
        assert observers == ["Dr Lee^", "Dr Kim^", "Dr Wu^"]
        times = [str(each.VerificationDateTime) for each in report.VerifyingObserverSequence]
        assert times[1:] == ["20260105073000+0800", "20260106073000+0800"], "when they signed"
        assert times[0] == signed.verification.signed_at.strftime("%Y%m%d%H%M%S%z")


def test_an_examination_is_read_as_the_api_tells_it(film):
    films = [analysed(film(), finding(1, BOX))]
    [own, *_] = signed_by(films).own
    breast = examination_of([*films, *films]).breasts[0].model_dump(mode="json")
    together = {"state": "done", "error": None, "reading": {"breasts": [{**breast, "text": ["A sentence."]}]}}
    case = {
        "conclusion": {
            "assessment": "not_sure",
            "probability_malignant": 0.3,
            "reasons": [{"code": "film_not_sure", "text": "Why.", "job_id": None}],
            "suggestions": [],
        },
        "reports": [
            {
                "version": 2,
                "superseded": False,
                "signed_by": "Lee",
                "signed_at": "2026-01-05T07:30:00+08:00",
                "conclusion": None,
                "breasts": None,
                "comment": "",
            }
        ],
        "reviews": [each.model_dump(mode="json") for each in signed_by(films).reviews],
        "reader_findings": [own.model_dump(mode="json")],
    }
    read = Examination.of(case, together, films)
    assert (read.breasts[0].bi_rads, read.awaited, read.reasons) == (4, False, ["Why."])
    assert read.signed is not None
    assert read.signed.own == [own]
    assert read.signed.verdict_of(films[0], "f1").verdict == "confirmed"
    assert Examination.of(case, {"state": "queued", "error": None, "reading": None}, films).awaited
    assert not read.in_doubt
    case["conclusion"]["reasons"].append({"code": "earlier_suspected", "text": "Unread.", "job_id": None})
    assert Examination.of(case, together, films).in_doubt


def test_films_say_together_no_less_than_by_themselves(film):
    films = [analysed(film(), finding(1, BOX)), analysed(film(), finding(1, BOX), job="job-2", view="MLO")]
    [breast] = (whole := examination_of(films)).breasts
    harmless = breast.model_copy(update={"assessment": "no_sign_of_malignancy", "probability_malignant": 0.02})
    dense = conclusion_report(replace(whole, breasts=[breast.model_copy(update={"density": "d"})]), **names())
    assert values(dense, "suggest-density") == ["129719003"], "suggested beside what else the films say"
    system = conclusion_report(replace(whole, breasts=[harmless]), **names())
    assert (values(system, "suggest-category"), values(system, "111047")) == ([], [60.0, 60.0])
    assert set(values(system, "121077")) & {"suspected", "not-sure", "no-sign"} == {"suspected"}
    unsure = [replace(each, result=each.result.model_copy(update={"assessment": "not_sure"})) for each in films]
    read = replace(whole, films=unsure, breasts=[harmless], by_model=True)
    assert read.reading_of(breast.laterality) == harmless, "as in the case's conclusion"
    assert replace(read, by_model=False).reading_of(breast.laterality) is None
    assert replace(read, films=films).reading_of(breast.laterality) is None


def test_a_breast_with_a_film_that_failed_is_never_negative(film):
    clear = analysed(film(), laterality="L")
    whole = replace(examination_of([clear]), assessment="not_sure", failed=[failed_beside(clear)])
    assert "no-sign" not in values(conclusion_report(whole, **names()), "121077")
    harmless = {"laterality": "L", "assessment": "no_sign_of_malignancy", "probability_malignant": 0.02, "bi_rads": 1}
    unaware = replace(whole, breasts=[BreastReading(views=["CC"], **harmless)])
    assert "no-sign" not in values(conclusion_report(unaware, **names()), "121077")
    elsewhere = replace(unaware, failed=[replace(failed_beside(clear), laterality="R")])
    assert values(conclusion_report(elsewhere, **names()), "121077").count("no-sign") == 1
    assert values(conclusion_report(elsewhere, **names()), "121077").count("not-sure") == 2, "of the case, and right"


def test_a_breast_is_never_negative_beside_what_may_be_of_it(film):
    clear = analysed(film(), laterality="L")
    whole = replace(examination_of([clear]), breasts=[])
    assert whole.assessment_of("L") == "no_sign_of_malignancy"
    assert replace(whole, in_doubt=True).assessment_of("L") == "not_sure"
    unplaced = analysed(film(), finding(1, BOX), job="job-2", laterality=None)
    assert replace(whole, films=[clear, unplaced]).assessment_of("L") == "not_sure"
    assert replace(whole, in_doubt=True).concluded != whole.concluded
    assert replace(whole, reasons=["Another."]).concluded != whole.concluded


def test_no_category_is_suggested_where_films_are_not_read_together(film):
    system = conclusion_report(examination_of([analysed(film(), finding(1, BOX))]), **names())
    assert values(system, "suggest-category") == []
    assert values(system, "111047") == [60.0, 60.0]


def test_a_cad_report_selects_each_finding_from_its_film_by_reference(film):
    films = [analysed(film()), analysed(film(), finding(1, BOX), job="job-2", view="MLO")]
    report = cad_report(films, **names())
    assert report.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.50"
    [root_template] = report.ContentTemplateSequence
    assert root_template.TemplateIdentifier == "4000"
    [center] = items(report, "111010")
    assert list(center.GraphicData) == [25.5, 40.0]
    place = list(center.ContentSequence[0].ReferencedContentItemIdentifier)
    target = report
    for step in place[1:]:
        target = target.ContentSequence[step - 1]
    assert target.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == films[1].header.SOPInstanceUID
    assert values(report, "111017") == ["111242"]
    assert values(cad_report(films[:1], **names()), "111017") == ["111241"]


def test_a_cad_report_names_projection_and_modifiers_of_a_film(film):
    report = cad_report([analysed(film(), view="SMMLO"), analysed(film(), job="job-2", view="CC")], **names())
    assert values(report, "111031") == ["399368009", "399162004"]
    oblique, other = items(report, "111031")
    assert values(oblique, "111032") == ["399055006", "399163009"], "spot compression and magnification"
    assert values(other, "111032") == []


def test_a_cad_report_tells_which_films_could_not_be_analysed(film):
    films = [analysed(film())]
    failed = failed_beside(films[0])
    report = cad_report(films, [failed], **names())
    assert values(report, "111017") == ["111243"], "not all succeeded"
    assert values(report, "111064") == ["111223"]
    [library] = items(report, "111028")
    assert library.ContentSequence[1].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == failed.header.SOPInstanceUID
    [listed] = items(report, "111025")
    [search] = items(listed, "111022")
    assert [
        list(each.ReferencedContentItemIdentifier)
        for each in search.ContentSequence
        if "RelationshipType" in each and "ReferencedContentItemIdentifier" in each
    ] == [[1, 2, 2]]
    assert values(cad_report([analysed(film(), finding(1, BOX))], [failed], **names()), "111017") == ["111244"]


@pytest.mark.parametrize("plane", ["patient", "detector", None])
def test_lengths_name_the_plane_that_they_are_measured_in(film, plane):
    one = analysed(film(), finding(1, BOX), pixel_spacing_mm=(0.1, 0.1), spacing_plane=plane)
    methods = {"patient": set(), "detector": {"detector-plane"}, None: {"unknown-plane"}}
    assert set(values(structured_report([one], **names()), "370129005")) == methods[plane]
