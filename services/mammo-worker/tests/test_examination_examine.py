"""Examinations from a table: breasts, case, safety, words, and files that are no films."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, ModelInfo, Result, Thresholds
from lobule.errors import AnalysisError
from lobule.imaging.film import Film
from lobule.words import Words
from lobule.words.breasts import breasts_in_words
from lobule.words.notices import make_notice
from lobule_ml.calibration import Logistic
from mammo_worker.examination.breasts import read_breast
from mammo_worker.examination.examine import Failure, UnplacedFilmError, examine, film_reader
from mammo_worker.examination.explain import suggested_category
from mammo_worker.examination.films import examined
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.examination.rule import Verdict, by_rule
from mammo_worker.examination.tables import details, table_rows, write_examinations
from mammo_worker.examination.together import breast_as_contract
from mammo_worker.examination.views import FilmRow
from mammo_worker.suspicion.breast import BreastCalibration, BreastModel

THRESHOLDS = Thresholds(low=0.2, high=0.6, finding=0.3)
# Only the distance from the nipple is compared: alike within a tenth of the depth or so.
PAIRS = Logistic((-2.0, 0.0, 0.0, 0.0, 0.0), 3.0)
BREAST = BreastModel(Logistic((1.0,), 0.0), Logistic((1.2,), 0.0), 0.6)
MODELS = ExaminationModels(PAIRS, BreastCalibration(BREAST, THRESHOLDS), ("m", "1"))


def result(probability, findings=(), side="L", view="CC"):
    """What a pipeline could say; findings as centre x, centre y, suspicion."""
    sha, kind = "0" * 64, "mammography"
    return Result(
        image=ImageInfo(sha256=sha, file_name="a", modality=kind, width=300, height=500, laterality=side, view=view),
        model=ModelInfo(name="m", version="1", weights_sha256=sha, calibration="c", trained_on="t"),
        thresholds=THRESHOLDS,
        assessment=THRESHOLDS.assess(probability),
        probability_malignant=probability,
        findings=[
            Finding(
                label="malignant",
                probability=0.9,
                probability_malignant=p,
                box=Box(x=x - 12, y=y - 12, width=24, height=24),
            )
            for x, y, p in findings
        ],
        display=DisplayImage(file="display.png", width=300, height=500),
    )


@pytest.fixture(scope="module")
def pixels(draw_film):
    return cv2.GaussianBlur(draw_film(height=500, width=300, bits=8), (0, 0), 2)


@pytest.fixture
def film(pixels):
    """Makes examined films of one drawn breast, nipple at about (240, 250)."""

    def make(probability, findings=(), side="L", view="CC", name=None):
        said = result(probability, findings, side, view)
        return replace(examined(name or side + view, side, view, Film(pixels, bits=8), said, None), pixels=None)

    return make


def reader(films):
    """Reads films by name; an exception among them is raised."""

    def read(row):
        found = films[row.file.name]
        if isinstance(found, Exception):
            raise found
        return found

    return read


def row(name, side="L", view="CC", examination="1"):
    return FilmRow(Path(name), examination, side, view)


@pytest.mark.parametrize("side", ["L", None])
def test_a_film_without_a_place_counts_by_itself(film, side):
    clear = [film(0.05, view=view) for view in ("CC", "MLO")]
    other = UnplacedFilmError("view_unknown", "the view is XCCL", side, Verdict("malignancy_suspected", 0.7))
    films = {"a": clear[0], "b": clear[1], "x": other}
    [(reading, failures)] = examine([row(name, view=None) for name in films], reader(films), MODELS)
    assert reading.case.assessment == "malignancy_suspected"
    assert [failure.code for failure in failures] == ["view_unknown"]


def test_a_film_whose_side_is_in_doubt_is_not_cleared_by_the_other_view(film):
    films = {"a": film(0.3), "b": film(0.02, view="MLO"), "c": film(0.02, side="R")}
    rows = [row("a"), row("b", view="MLO"), row("c", "R")]
    for notices, said in (([], "no_sign_of_malignancy"), ([make_notice("laterality_conflict", side="L")], "not_sure")):
        films["a"].result.notices = notices
        [(reading, _)] = examine(rows, reader(films), MODELS)
        assert [breast.verdict.assessment for breast in reading.breasts] == [said, said]


def test_lesion_on_both_views_counts_once_with_both_marks(film):
    mlo = film(0.5, [(150, 190, 0.5)], view="MLO")
    away = mlo.marks[0].from_nipple / 0.9  # the CC film shows a tenth less of the breast
    x, y = film(0.7).anatomy.nipple
    depth = film(0.7).anatomy.depth
    cc = film(0.7, [(x - 0.8 * away * depth, y - 0.6 * away * depth, 0.6), (x - 5, y + 5, 0.4)])
    reading = read_breast("L", [cc, mlo], 0, MODELS)
    first, second = reading.lesions
    assert first.findings == {"LCC": 0, "LMLO": 0}
    assert first.suspicion == 0.6
    assert first.together > 0.5
    assert second.findings == {"LCC": 1}
    assert second.together is None
    assert first.region.across == "outer"
    without_pairs = read_breast("L", [cc, mlo], 0, ExaminationModels())
    assert len(without_pairs.lesions) == 3


def test_weak_finding_is_no_second_mark_of_a_lesion(film):
    mlo = film(0.5, [(150, 190, 0.5)], view="MLO")
    away = mlo.marks[0].from_nipple / 0.9
    x, y = film(0.7).anatomy.nipple
    depth = film(0.7).anatomy.depth
    cc = film(0.7, [(x - 0.8 * away * depth, y - 0.6 * away * depth, 0.6)])
    assert read_breast("L", [cc, mlo], 0, MODELS).lesions[0].together is not None
    mlo.result.findings[0].probability = 0.1
    [lesion] = read_breast("L", [cc, mlo], 0, MODELS).lesions
    assert (lesion.findings, lesion.together) == ({"LCC": 0}, None)


def test_files_of_one_name_in_two_folders_are_two_films(pipeline, draw_film, tmp_path):
    rows = []
    for view in ("CC", "MLO"):
        path = tmp_path / view / "1.png"
        path.parent.mkdir()
        cv2.imwrite(str(path), draw_film(height=500, width=300, bits=8))
        rows.append(FilmRow(path, "1", "L", view))
    films = [film_reader(pipeline)(row) for row in rows]
    assert [film.name for film in films] == [str(row.file) for row in rows]


def test_view_that_is_hidden_changes_the_number(film):
    reading = read_breast("L", [film(0.8), film(0.4, view="MLO")], 0, MODELS)
    assert reading.without["MLO"] == pytest.approx(0.8)
    assert reading.without["CC"] == pytest.approx(0.4)
    assert reading.verdict.probability not in reading.without.values()
    assert read_breast("L", [film(0.8)], 0, MODELS).without == {"CC": None}


@pytest.mark.parametrize("models", [ExaminationModels(), MODELS], ids=["rule", "model"])
def test_suspicious_film_never_lowers_and_a_failed_one_never_clears(film, models):
    chances = (0.05, 0.4, 0.7, 0.95)
    for p, q in itertools.product(chances, chances):
        alone = read_breast("L", [film(p)], 0, models).verdict
        both = read_breast("L", [film(p), film(q, view="MLO")], 0, models).verdict
        if q >= 0.6:
            assert both.probability >= alone.probability
        failed = read_breast("L", [film(p)], 1, models).verdict
        assert failed.assessment != "no_sign_of_malignancy"
        assert failed.probability == alone.probability


def test_second_view_clears_what_is_not_sure_alone_but_no_suspicion_or_doubt(film):
    alone = read_breast("L", [film(0.3)], 0, MODELS).verdict
    clear = film(0.02, view="MLO")
    both = read_breast("L", [film(0.3), clear], 0, MODELS)
    assert (alone.assessment, both.verdict.assessment) == ("not_sure", "no_sign_of_malignancy")
    assert both.by_model
    assert read_breast("L", [film(0.7), clear], 0, MODELS).verdict == Verdict("malignancy_suspected", 0.6)
    doubted = replace(clear, result=clear.result.model_copy(update={"assessment": "not_sure"}))
    assert read_breast("L", [film(0.1), doubted], 0, MODELS).verdict == Verdict("not_sure", 0.2)


def test_films_of_another_version_are_read_by_the_rule(film):
    earlier = film(0.02, view="MLO")
    other = earlier.result.model.model_copy(update={"version": "0"})
    earlier = replace(earlier, result=earlier.result.model_copy(update={"model": other}))
    reading = read_breast("L", [film(0.3), earlier], 0, MODELS)
    assert (reading.verdict, reading.by_model) == (Verdict("not_sure", 0.3), False)


def test_rule_is_that_of_case_assessment():
    clear, doubt, bad = (
        Verdict("no_sign_of_malignancy", 0.1),
        Verdict("not_sure", 0.5),
        Verdict("malignancy_suspected", 0.8),
    )
    assert by_rule([clear, doubt, bad], 2) == bad
    assert by_rule([clear, doubt], 0) == doubt
    assert by_rule([clear], 0) == clear
    assert by_rule([clear], 1) == Verdict("not_sure", 0.1)
    assert by_rule([], 1) == Verdict("not_sure", None)


def test_table_has_a_row_for_each_breast_and_one_for_the_case(film):
    films = {"a": film(0.7), "b": film(0.1, view="MLO"), "c": film(0.1, side="R")}
    films["d"] = AnalysisError("image_truncated", "pixels")
    noticed = [make_notice("laterality_against_file", side="R", file_side="L"), make_notice("histopathology_suggested")]
    films["c"] = replace(films["c"], result=films["c"].result.model_copy(update={"notices": noticed}))
    rows = [row("a"), row("b", view="MLO"), row("c", side="R"), row("d", side="R", view="MLO")]
    [(reading, failures)] = examine(rows, reader(films), MODELS)
    table = list(table_rows(reading, failures))
    assert [r["laterality"] for r in table] == ["L", "R", "case"]
    assert [r["views"] for r in table] == [["CC", "MLO"], ["CC"], ["LCC", "LMLO", "RCC"]]
    assert table[1]["assessment"] == "not_sure"  # one of its films failed
    assert [r["errors"] for r in table] == [[], ["d:image_truncated"], ["d:image_truncated"]]
    assert [r["to_check"] for r in table] == [[], ["RCC:laterality_against_file"], ["RCC:laterality_against_file"]]
    assert table[2]["probability_malignant"] == max(r["probability_malignant"] for r in table[:2])
    assert [str(f) for f in failures] == [f"d: image_truncated: {films['d']}"]


def test_an_interrupted_run_leaves_table_and_details_of_what_was_read(film, tmp_path):
    def read(row):
        if row.examination == "2":
            raise KeyboardInterrupt
        return film(0.1)

    rows = [row("a"), row("b", examination="2")]
    with pytest.raises(KeyboardInterrupt):
        write_examinations(rows, read, MODELS, tmp_path / "out.csv", tmp_path / "out.json")
    assert [each["examination"] for each in json.loads((tmp_path / "out.json").read_text())] == ["1"]
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3


def test_case_never_falls_with_one_more_suspicious_film(film):
    for p, q in itertools.product((0.05, 0.4, 0.7), (0.6, 0.9)):
        few = {"a": film(p), "b": film(p, side="R")}
        more = {**few, "c": film(q, side="R", view="MLO")}
        table = [row("a"), row("b", side="R"), row("c", side="R", view="MLO")]
        for models in (ExaminationModels(), MODELS):
            [(before, _)] = examine(table[:2], reader(few), models)
            [(after, _)] = examine(table, reader(more), models)
            assert after.case.probability >= before.case.probability
            assert after.case.assessment != "no_sign_of_malignancy"


def test_whatever_is_wrong_with_a_file_the_others_are_read(film):
    films = {"a": film(0.1), "b": OSError("gone"), "c": ZeroDivisionError("odd"), "e": film(0.9)}
    unclear = FilmRow(row("d").file, "1", None, None, "view_unknown: no")
    rows = [row("a"), row("b"), row("c", side="R"), unclear, row("e", examination="2")]
    first, second = examine(rows, reader(films), ExaminationModels())
    assert [f.code for f in first[1]] == ["unreadable_file", "internal_error", "view_unknown"]
    assert [b.verdict.assessment for b in first[0].breasts] == ["not_sure", "not_sure"]
    assert first[0].case == Verdict("not_sure", 0.1)
    assert second[0].case.probability == pytest.approx(0.9)
    assert isinstance(first[1][0], Failure)


def test_categories_are_suggested_and_told_in_both_languages(film):
    def category(*films, failed=0):
        return suggested_category(read_breast("L", films, failed, ExaminationModels()))

    mlo = film(0.1, view="MLO")
    assert category(film(0.1), mlo) == 1
    assert category(film(0.1, [(140, 200, 0.1)]), mlo) == 2
    assert category(film(0.4), mlo) == 0
    assert category(film(0.7), mlo) == 4
    assert category(film(0.97), mlo) == 4, "5 needs the site's prevalence"
    assert category(film(0.97)) == 0
    assert category(film(0.1), mlo, failed=1) == 0
    reading = read_breast("L", [film(0.7, [(140, 200, 0.6)]), mlo], 1, MODELS)
    told = breast_as_contract(reading, MODELS)
    codes = {reason.code for reason in told.reasons}
    assert codes == {"lesion_on_one_view", "view_by_itself", "without_view", "not_assessed"}
    for language in ("en", "zh"):
        said = breasts_in_words([told], Words(language))[0]
        assert "60%" in said[1]
        assert "{" not in "".join(said)


def test_details_are_json(film):
    marks = {"LCC": [(140, 200, 0.6)], "RCC": [(140, 200, 0.7)]}
    names = ("LCC", "LMLO", "RCC", "RMLO")
    films = {name: film(0.7, marks.get(name, ()), name[0], name[1:]) for name in names}
    rows = [row(name, name[0], name[1:]) for name in films]
    [(reading, _)] = examine(rows, reader(films), MODELS)
    told = json.loads(json.dumps(details(reading, MODELS)))
    left, right = told["breasts"]
    assert (left["lesions"][0]["number"], right["lesions"][0]["number"]) == (2, 1)
    assert left["lesions"][0]["findings"] == {"LCC": 1}
    assert "BI-RADS 4" in left["words"]["en"][0]
    assert "Finding 2" in left["words"]["en"][1]
    assert told["case"]["standings"] == []


def test_film_without_a_breast_has_no_marks():
    blank = Film(pixels=np.zeros((400, 300), np.uint8), bits=8)
    said = examined("x", "L", "CC", blank, result(0.4, [(100, 100, 0.4)]), None)
    assert said.anatomy is None
    assert read_breast("L", [said], 0, MODELS).lesions[0].region is None
