"""Films of earlier dates in the table of `examine` are compared with alone, as in the service."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from drawn_breasts import breast, shown

from lobule.errors import AnalysisError
from mammo_worker.examination import examine as module
from mammo_worker.examination.examine import examine
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.examination.tables import details, table_rows
from mammo_worker.examination.views import FilmRow, read_views

DAYS = {"now": "2026-11-01", "recent": "2026-10-01", "older": "2024-11-01"}
MASS = (150, 260, 40)


@pytest.fixture(scope="module")
def pixels():
    return breast()


@pytest.fixture
def told(pixels):
    """The details and the row of the breast, of films by name: findings, or the error of a film."""

    def read_table(**films):
        def read(row):
            said = films[row.file.name]
            if isinstance(said, Exception):
                raise said
            film = shown(pixels, said)
            clear = {"assessment": "no_sign_of_malignancy", "probability_malignant": 0.05}
            result = film.result.model_copy(update=clear)
            return replace(film, name=row.file.name, result=result, pixels=None)  # one picture, several films

        rows = [FilmRow(Path(name), "1", "L", "CC", day=date.fromisoformat(DAYS[name])) for name in films]
        [(reading, failures)] = examine(rows, read, ExaminationModels())
        return details(reading, ExaminationModels()), next(table_rows(reading, failures))

    return read_table


def test_a_new_lesion_is_told_and_keeps_its_breast_from_being_called_negative(told):
    said, row = told(now=[MASS], older=[])
    [lesion] = said["breasts"][0]["lesions"]
    assert (lesion["change"]["change"], lesion["change"]["earlier"]) == ("new", "older")
    assert (row["assessment"], row["views"], said["case"]["assessment"]) == ("not_sure", ["CC"], "not_sure")
    said, row = told(now=[MASS], older=[MASS])
    assert said["breasts"][0]["lesions"][0]["change"]["change"] == "stable"
    assert row["assessment"] == "no_sign_of_malignancy"
    said, row = told(now=[MASS])
    assert (said["breasts"][0]["lesions"][0]["change"], row["assessment"]) == (None, "no_sign_of_malignancy")


def test_films_of_a_work_up_do_not_hide_what_is_new_since_the_examination_before(told):
    said, _ = told(recent=[MASS], now=[MASS], older=[])
    assert said["breasts"][0]["lesions"][0]["change"]["earlier"] == "older"
    said, _ = told(recent=[MASS], now=[MASS])
    assert said["breasts"][0]["lesions"][0]["change"]["earlier"] == "recent"


def test_an_earlier_film_that_cannot_be_read_clears_nobody(told):
    broken = AnalysisError("image_truncated", "The file ends too early.")
    said, row = told(now=[], older=broken)
    assert (said["not_compared"], row["errors"], row["assessment"]) == (
        ["older"],
        ["older:image_truncated"],
        "not_sure",
    )
    said, row = told(now=[], recent=broken)
    assert (said["not_compared"], row["assessment"]) == ([], "no_sign_of_malignancy")


def test_earlier_films_of_another_patient_are_named_and_not_compared(told, monkeypatch):
    monkeypatch.setattr(module, "of_other_patients", lambda files: {file for file in files if file.name == "older"})
    said, row = told(now=[MASS], older=[])
    assert (said["breasts"][0]["lesions"][0]["change"], said["other_patient"]) == (None, ["older"])
    assert (row["to_check"], row["assessment"]) == (["older:other_patient"], "no_sign_of_malignancy")


def test_dates_are_read(tmp_path):
    path = tmp_path / "views.csv"
    path.write_text("file,examination,laterality,view,date\na,1,L,CC,2026-11-01\nb,1,L,CC,\nc,1,L,CC,1.11.2026\n")
    known, unknown, wrong = read_views(path)
    assert (known.day, unknown.day, wrong.day) == (date(2026, 11, 1), None, None)
    assert wrong.wrong == "date_unknown: the date is '1.11.2026'; write YYYY-MM-DD"
