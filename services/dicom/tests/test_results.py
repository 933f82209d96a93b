"""The objects about films: they conform, whatever the senders left out or misspelt, and give back what was found."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from dicom_node.results.document import encapsulated_pdf
from dicom_node.results.film import AnalysedFilm, read_header
from dicom_node.results.segmentation import mask_of, segmentation
from dicom_node.results.structured_report import structured_report
from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, ModelInfo, Result, Thresholds

HOSTILE = [
    {},
    {"PatientBirthDate": "unknown", "StudyDate": "2026.01.31", "StudyTime": "25:61"},
    {"PatientName": "Wang^XiaoDong=王^小东", "SpecificCharacterSet": "GB18030"},
    {"PatientName": "X" * 200, "PatientID": "Y" * 200, "StudyID": "Z" * 40, "AccessionNumber": "A" * 40},
    {"PatientSex": "W", "PatientAge": "fifty", "PatientOrientation": ["left", "feet"]},
    {"PatientOrientation": ["P", "L"], "ImagerPixelSpacing": [0.1, 0.1]},
    {"ReferringPhysicianName": "A^B\\C^D", "StudyDescription": "two\r\nlines\0"},
    {"PatientName": "", "PatientID": "", "PatientBirthDate": None, "StudyID": None, "AccessionNumber": ""},
]
MODEL = ModelInfo(name="detector", version="1.2", weights_sha256="b" * 64, calibration="c", trained_on="t")


def finding(number: int, box: Box, **changes) -> Finding:
    values = {"id": f"f{number}", "label": "malignant", "probability": 0.8, "probability_malignant": 0.6}
    return Finding(**(values | changes), box=box)


def analysed(path: Path, *findings: Finding, **image) -> AnalysedFilm:
    header = read_header(path)
    info = {"sha256": "a" * 64, "file_name": "f", "modality": "mammography", "laterality": "R", "view": "CC"}
    result = Result(
        image=ImageInfo(**(info | {"width": header.Columns, "height": header.Rows} | image)),
        model=MODEL,
        thresholds=Thresholds(low=0.1, high=0.5, finding=0.3),
        assessment="malignancy_suspected",
        probability_malignant=0.6,
        findings=list(findings),
        display=DisplayImage(file="display.png", width=header.Columns, height=header.Rows),
    )
    return AnalysedFilm(header, "job-1", result)


def errors_in(made: pydicom.Dataset, path: Path) -> list[str]:
    """What dciodvfy finds wrong with an object."""
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("there is no dciodvfy (apt-get install dicom3tools)")
    made.save_as(path, enforce_file_format=True)
    done = subprocess.run([checker, "-new", path], capture_output=True, text=True, errors="replace")
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]


def values_of(item: pydicom.Dataset, code: str) -> list[pydicom.Dataset]:
    """All content items of this concept, however deep."""
    found = []
    for each in item.get("ContentSequence", []):
        if each.ConceptNameCodeSequence[0].CodeValue == code:
            found.append(each)
        found += values_of(each, code)
    return found


@pytest.fixture
def film(draw_film, write_dicom, tmp_path):
    return lambda **tags: write_dicom(tmp_path / "film.dcm", draw_film(), 12, **tags)


@pytest.mark.filterwarnings("ignore:The (PN component|value) length:UserWarning")  # what we write here, and read
@pytest.mark.filterwarnings("ignore:The string .* is unlikely to represent the intended person name:UserWarning")
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_every_object_conforms_whatever_the_film_lacks(film, tmp_path, number):
    """Also with everything optional missing that a film may lack: `write_dicom` writes little more than pixels."""
    triangle = [(20.0, 30.0), (60.0, 32.0), (40.0, 80.0)]
    found = finding(1, Box(x=20, y=30, width=41, height=51), outline=triangle)
    one = analysed(film(**HOSTILE[number]), found)
    uids = {"uid": generate_uid(), "series_uid": generate_uid()}
    pdf = encapsulated_pdf(b"%PDF-1.7 odd", [one], **uids, signed=2, made_at=datetime.now(UTC))
    made = {
        "report": structured_report([one], uid=generate_uid(), series_uid=generate_uid()),
        "outlines": segmentation(one, uid=generate_uid(), series_uid=generate_uid(), number=1),
        "document": pdf,
    }
    said = {name: errors_in(each, tmp_path / f"{name}.dcm") for name, each in made.items()}
    assert said == {name: [] for name in made}
    for each in made.values():
        assert each.PatientID == one.header.PatientID
        assert each.StudyInstanceUID == one.header.StudyInstanceUID
    dumper = shutil.which("dsrdump")
    if dumper is not None:
        subprocess.run([dumper, tmp_path / "report.dcm"], check=True, capture_output=True)


def test_a_name_in_chinese_stays_as_it_is(film, tmp_path):
    one = analysed(film(**HOSTILE[2]), finding(1, Box(x=1, y=2, width=3, height=4)))
    structured_report([one], uid=generate_uid(), series_uid=generate_uid()).save_as(tmp_path / "r.dcm")
    again = pydicom.dcmread(tmp_path / "r.dcm")
    assert again.SpecificCharacterSet == "ISO_IR 192"
    assert str(again.PatientName) == "Wang^XiaoDong=王^小东"


def test_boxes_numbers_and_names_come_back(film):
    inside = finding(1, Box(x=10.5, y=20, width=30, height=40))
    over_the_edge = finding(2, Box(x=-3, y=200, width=50, height=60), probability_malignant=None, label="mass")
    weak = finding(3, Box(x=1, y=1, width=5, height=5), probability=0.2)
    one = analysed(film(), inside, over_the_edge, weak, pixel_spacing_mm=(0.1, 0.2), spacing_plane="detector")
    report = structured_report([one], uid=generate_uid(), series_uid=generate_uid())
    lines = [list(item.GraphicData) for item in values_of(report, "111030")]
    assert lines == [
        [10.5, 20, 40.5, 20, 40.5, 60, 10.5, 60, 10.5, 20],
        [0, 200, 47, 200, 47, 240, 0, 240, 0, 200],
    ], "a weak finding is not marked, and a box ends where the film does"
    numbers = {
        code: [float(item.MeasuredValueSequence[0].NumericValue) for item in values_of(report, code)]
        for code in ("111047", "111012", "410668003", "103355008")
    }
    assert numbers["111047"] == [60.0]
    assert numbers["111012"] == [80.0, 80.0]
    assert numbers["410668003"] == [6.0, 10.0]
    assert numbers["103355008"] == [4.0, 6.0]
    [first, second] = [item.UID for item in values_of(report, "112040")]
    assert first != second
    again = structured_report([one], uid=generate_uid(), series_uid=generate_uid())
    assert [item.UID for item in values_of(again, "112040")] == [first, second], "a lesion keeps its name"
    assert len(values_of(report, "260753009")) == 1 + 2, "the library names the film, and each finding does"


def test_a_film_without_findings_has_a_report(film, tmp_path):
    report = structured_report([analysed(film())], uid=generate_uid(), series_uid=generate_uid())
    assert errors_in(report, tmp_path / "r.dcm") == []
    assert values_of(report, "111030") == []
    assert len(values_of(report, "260753009")) == 1


def test_masks_come_back_exactly_and_may_overlap(film, tmp_path):
    box = Box(x=10, y=10, width=60, height=60)
    outlines = [[(10.0, 10.0), (70.0, 12.0), (40.0, 69.0)], [(15.0, 15.0), (60.0, 15.0), (60.0, 60.0), (15.0, 60.0)]]
    found = [finding(n + 1, box, outline=outline) for n, outline in enumerate(outlines)]
    one = analysed(film(), *found, finding(3, box))
    made = segmentation(one, uid=generate_uid(), series_uid=generate_uid(), number=1)
    assert errors_in(made, tmp_path / "s.dcm") == []
    again = pydicom.dcmread(tmp_path / "s.dcm")
    assert [segment.SegmentLabel for segment in again.SegmentSequence] == ["RCC f1", "RCC f2"]
    expected = [mask_of(each, one.header.Rows, one.header.Columns) for each in found]
    assert all(mask.any() for mask in expected)
    assert np.array_equal(again.pixel_array, np.stack(expected).astype(np.uint8))
