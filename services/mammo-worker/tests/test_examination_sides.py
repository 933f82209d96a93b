"""Films of an examination whose side has to be checked."""

from types import SimpleNamespace

import pydicom
import pytest

from lobule.contracts.result import DisplayImage, ModelInfo, Result, Thresholds
from lobule.errors import AnalysisError
from lobule.words import make_notice
from mammo_worker.examination.examine import examine, film_reader
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.examination.tables import table_rows
from mammo_worker.examination.views import FilmRow

LIMITS = Thresholds(low=0.2, high=0.6, finding=0.3)
SUSPICION = {"RCC": 0.05, "RMLO": 0.05, "LML": 0.3, "LCC": 0.05, "LMLO": 0.05}


@pytest.fixture
def files(draw_film, write_dicom, tmp_path):
    pixels = draw_film(height=500, width=300, bits=8)
    films = []
    for number, name in enumerate(SUSPICION):
        pixels[-1, 0] = number  # no two films have the same pixels
        tags = {"ImageLaterality": name[0], "ViewPosition": name[1:]}
        films.append(write_dicom(tmp_path / f"{name}.dcm", pixels, 8, **tags))
    return films


def table(files, doubted=None, damaged=None):
    """The rows of an examination, in which the side of one film is in doubt, or one film cannot be read."""

    def analyse(_file, image, _progress):
        name = image.file_name.removesuffix(".dcm")
        if name == damaged:
            raise AnalysisError("image_truncated", "dicom")
        known = image.model_copy(update={"laterality": name[0], "view": name[1:], "width": 300, "height": 500})
        said = Result(
            image=known,
            model=ModelInfo(name="m", version="1", weights_sha256=image.sha256, calibration="c", trained_on="t"),
            thresholds=LIMITS,
            assessment=LIMITS.assess(SUSPICION[name]),
            probability_malignant=SUSPICION[name],
            display=DisplayImage(file="display.png", width=300, height=500),
            notices=[make_notice("laterality_conflict", side="L")] if name == doubted else [],
        )
        return SimpleNamespace(result=said)

    rows = [FilmRow(file, "1", None, None) for file in files]
    [(reading, failures)] = examine(rows, film_reader(SimpleNamespace(analyse=analyse)), ExaminationModels())
    return {row["laterality"]: row for row in table_rows(reading, failures)}


@pytest.mark.parametrize(
    ("doubted", "right"), [(None, "no_sign_of_malignancy"), ("LML", "not_sure"), ("LMLO", "no_sign_of_malignancy")]
)
def test_a_film_of_any_view_that_may_show_the_other_breast_does_not_let_it_be_cleared(files, doubted, right):
    """A lateral film that is not sure cleared the other breast, although its side had to be checked."""
    found = table(files, doubted)
    assert (found["L"]["assessment"], found["R"]["assessment"]) == ("not_sure", right)
    said = [f"{doubted}.dcm:laterality_conflict"] if doubted else []
    assert (found["L"]["to_check"], found["R"]["to_check"], found["case"]["to_check"]) == (said, [], said)


def test_a_film_of_unknown_side_that_cannot_be_read_stands_in_the_rows_of_both_breasts(files):
    """The rows of the breasts were "not sure" without a word of what kept them from being called negative."""
    found = table(files, damaged="LMLO")
    assert [row["assessment"] for row in found.values()] == ["not_sure"] * 3
    for side in ("L", "R", "case"):
        assert "LMLO.dcm:image_truncated" in found[side]["errors"]


@pytest.mark.parametrize(("copied", "refused"), [("LMLO", "LMLO"), ("RMLO", "LCC")])
def test_a_film_under_two_names_counts_once(files, copied, refused):
    """A copy of LCC counted as another film of its breast, or as one of the other breast."""
    named = {file.stem: file for file in files}
    dataset = pydicom.dcmread(named[copied])
    dataset.PixelData = pydicom.dcmread(named["LCC"]).PixelData  # with tags of its own
    dataset.save_as(named[copied])
    found = table(files)
    left, right = found["L"], found["R"]
    assert f"{refused}.dcm:file_repeated" in left["errors"]
    assert not right["errors"]
    assert (left["assessment"], found["case"]["assessment"]) == ("not_sure", "not_sure")
    assert len(left["views"]) == 1
