"""Films of several patients in one examination."""

import pytest

from lobule.contracts.result import DisplayImage, ImageInfo, ModelInfo, Result, Thresholds
from mammo_worker.examination.examine import examine
from mammo_worker.examination.films import ExaminedFilm
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.examination.patients import of_other_patients
from mammo_worker.examination.tables import details, table_rows
from mammo_worker.examination.views import FilmRow

LIMITS = Thresholds(low=0.2, high=0.6, finding=0.3)
MODELS = ExaminationModels(None, None, LIMITS)


@pytest.fixture
def pixels(draw_film):
    return draw_film(height=500, width=300, bits=8)


def read(row: FilmRow) -> ExaminedFilm:
    """A film without a sign of malignancy; its name says side and view."""
    side, view, sha = row.file.name[0], row.file.name[1:], "0" * 64
    image = ImageInfo(sha256=sha, file_name="a", modality="mammography", width=300, height=500)
    said = Result(
        image=image.model_copy(update={"laterality": side, "view": view}),
        model=ModelInfo(name="m", version="1", weights_sha256=sha, calibration="c", trained_on="t"),
        thresholds=LIMITS,
        assessment=LIMITS.assess(0.05),
        probability_malignant=0.05,
        display=DisplayImage(file="display.png", width=300, height=500),
    )
    return ExaminedFilm(str(row.file), side, view, said, None, None, [])


def test_films_of_several_patients_are_named_and_clear_nobody(pixels, write_dicom, tmp_path):
    """They were read together as one patient's, and the output said nothing."""
    names = ("LCC", "LMLO", "RCC", "RMLO")
    patients = dict.fromkeys(names, "P1") | {"RMLO": "P2"}
    films = [write_dicom(tmp_path / name, pixels, 8, PatientID=patient) for name, patient in patients.items()]

    def table(films):
        [(reading, failures)] = examine([FilmRow(film, "1", None, None) for film in films], read, MODELS)
        return list(table_rows(reading, failures)), details(reading, MODELS)["other_patient"]

    (left, right, case), strangers = table(films)
    assert (left["to_check"], right["to_check"], case["to_check"]) == ([], *[["RMLO:other_patient"]] * 2)
    assert {row["assessment"] for row in (left, right, case)} == {"not_sure"}
    assert strangers == [str(films[3])]
    (left, _, _), strangers = table(films[:3])
    assert (left["assessment"], strangers) == (LIMITS.assess(0.05), [])


@pytest.mark.parametrize(
    ("tags", "is_other"),
    [
        ({"PatientID": "P2"}, True),
        ({"PatientID": "p1 "}, False),
        ({"IssuerOfPatientID": "Elsewhere"}, True),
        ({"PatientBirthDate": "19610101"}, True),
        ({"PatientName": "Married^Name"}, False),
        ({"PatientID": "", "PatientName": "Another^Name"}, True),
        ({"PatientID": "", "PatientName": "", "PatientBirthDate": "", "IssuerOfPatientID": ""}, False),
    ],
)
def test_who_is_another_patient(pixels, write_dicom, tmp_path, tags, is_other):
    usual = {"PatientID": "P1", "IssuerOfPatientID": "H", "PatientBirthDate": "19600101", "PatientName": "A^B"}
    one = write_dicom(tmp_path / "one.dcm", pixels, 8, **usual)
    other = write_dicom(tmp_path / "other.dcm", pixels, 8, **usual | tags)
    (tmp_path / "none.png").write_bytes(b"no film")
    strangers = of_other_patients([one, other, tmp_path / "none.png", tmp_path / "missing"])
    assert strangers == ({other} if is_other else set())
