"""What a reader stated of findings, as a report: verdicts, and what they drew themselves."""

from dataclasses import replace

from dicom_content import items, names, values
from dicom_objects import analysed, drawn_on, failed_beside, finding, signed_by

from dicom_node.results.structured_report import structured_report, verdict_report
from lobule.contracts.result import Box

BOX = Box(x=10.5, y=20, width=30, height=40)


def test_verdicts_refer_to_the_report_that_they_are_about(film):
    films = [analysed(film(), finding(1, BOX), finding(2, BOX), finding(3, BOX, probability=0.1))]
    first = structured_report(films, **names())
    report = verdict_report(films, signed_by(films), **names(), previous=first)
    confirmed, dismissed = "410605003", "410516002"
    own = [confirmed] * 3
    assert values(report, "verdict") == [confirmed, dismissed, confirmed, *own], "a weak one, and the reader's own"
    unjudged = replace(signed_by(films), reviews=[], own=[])
    assert items(verdict_report(films, unjudged, **names(), previous=first), "112040") == []
    [series] = report.PredecessorDocumentsSequence[0].ReferencedSeriesSequence
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == first.SOPInstanceUID
    uids = [item.UID for item in items(report, "112040")]
    assert uids[:2] == [item.UID for item in items(first, "112040")]


def test_a_finding_that_a_reader_drew_on_a_film_that_failed_has_its_coordinates(film):
    films = [analysed(film(), finding(1, BOX), pixel_spacing_mm=(0.1, 0.1))]
    failed = failed_beside(films[0])
    signed = replace(signed_by(films), own=drawn_on(failed))
    for shown, judged in ((films, ["Finding 1 in RCC"]), ([], [])):
        report = verdict_report(shown, signed, [failed], **names())
        assert values(report, "112039") == [*judged, "Finding A in LCC", "Finding B in LCC", "Finding C in LCC"]
        box, ellipse, outline = items(report, "111030")[-3:]
        assert list(box.GraphicData) == [10, 15, 40, 15, 40, 35, 10, 35, 10, 15]
        assert list(ellipse.GraphicData) == [10, 25, 40, 25, 25, 15, 25, 35]
        assert list(outline.GraphicData) == [10.5, 15.5, 39.5, 15.5, 25.5, 34.5, 10.5, 15.5]
        for region in (box, ellipse, outline):
            [source] = region.ContentSequence
            assert source.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == failed.header.SOPInstanceUID
        unit = items(report, "410668003")[-1].MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0]
        assert unit.CodeValue == "{pixels}", "nobody knows the scale of a film without analysis"
        assert report.VerificationFlag == "VERIFIED"


def test_a_film_that_failed_is_in_no_report_of_verdicts_unless_something_is_drawn_on_it(film):
    films = [analysed(film(), finding(1, BOX))]
    report = verdict_report(films, signed_by(films), [failed_beside(films[0])], **names())
    assert len(items(items(report, "111028")[0], "260753009")) == 1
