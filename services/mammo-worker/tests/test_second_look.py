"""The second look at native resolution: putting crops back, reading findings, and combining the numbers."""

import cv2
import numpy as np
import pytest

from lobule_ml.calibration import Logistic
from mammo_worker.calibration import Calibration
from mammo_worker.second_look.cases import READINGS, TrueFinding
from mammo_worker.second_look.document import results_document
from mammo_worker.second_look.fit import choose, is_better, measure_once
from mammo_worker.second_look.native import native_region, place_crop

FACTOR = 4.0
GAIN = 1.25  # of the crop beside its film


@pytest.fixture(scope="module")
def native():
    """A film of smooth tissue with fine grain, at native resolution."""
    chance = np.random.default_rng(3)
    smooth = cv2.resize(
        chance.uniform(40, 180, (25, 20)).astype(np.float32), (800, 1000), interpolation=cv2.INTER_CUBIC
    )
    return np.clip(smooth + chance.normal(0, 4, smooth.shape), 1, 200).astype(np.float32)


@pytest.fixture(scope="module")
def film(native):
    return cv2.resize(native, (200, 250), interpolation=cv2.INTER_AREA).round().astype(np.uint8)


CUT = (slice(400, 560), slice(300, 500))  # rows and columns of the crop, native pixels
BOX = np.array([320, 420, 480, 540]) / FACTOR  # of the reader, within it


@pytest.fixture(scope="module")
def crop(native):
    return np.clip(native[CUT] * GAIN, 0, 255).round().astype(np.uint8)


def test_crop_is_found_where_it_was_cut_from(film, crop):
    placed = place_crop(film, crop, crop.shape, BOX, FACTOR)
    assert placed is not None
    assert placed.corner == pytest.approx((75, 100), abs=1)
    assert placed.gain == pytest.approx(1 / GAIN, rel=0.05)


def test_crop_that_does_not_belong_there_is_refused(film, crop):
    assert place_crop(film, crop[::-1, ::-1].copy(), crop.shape, BOX, FACTOR) is None
    assert place_crop(film, crop, crop.shape, BOX * [1, 1, 1.5, 1.5], FACTOR) is None


def test_region_has_the_native_pixels_in_the_grey_of_the_film(native, film, crop):
    placed = place_crop(film, crop, crop.shape, BOX, FACTOR)
    region = native_region(film, [placed], BOX, FACTOR)
    expected = native[420:540, 320:480]
    assert region.shape == expected.shape
    assert np.corrcoef(region.ravel(), expected.ravel())[0, 1] > 0.98
    assert region.mean() == pytest.approx(expected.mean(), rel=0.03)
    enlarged = native_region(film, [], BOX, FACTOR)
    grain = [float(np.std(r - cv2.GaussianBlur(r, (0, 0), 3))) for r in (region, enlarged)]
    assert grain[0] > 2 * grain[1]


def test_region_beyond_the_crop_comes_from_the_film(native, film, crop):
    placed = place_crop(film, crop, crop.shape, BOX, FACTOR)
    region = native_region(film, [placed], np.array([50, 80, 140, 160.0]), FACTOR)
    assert (region > 0).all()
    assert abs(region - native[320:640, 200:560]).mean() < 6


def test_readings_make_canvases(film, crop):
    placed = place_crop(film, crop, crop.shape, BOX, FACTOR)
    by_name = {r.name: r.prepare(film, [placed], BOX, FACTOR, 64) for r in READINGS}
    assert {r.canvas.shape for r in by_name.values()} == {(64, 64, 3)}
    plain, stretched = (r.canvas[..., 0].max() for r in list(by_name.values())[:2])
    assert stretched > plain


def findings(count, chance, knows):
    """Findings on which the detector knows something, and the second look as much as `knows`."""
    cases = []
    for i in range(count):
        truth = bool(chance.random() < 0.5)
        sign = 1 if truth else -1
        detector, second = 1 / (1 + np.exp(-(sign * np.array([0.6, knows]) + chance.normal(0, 1, 2))))
        said = np.array([0.5, second, 0.5, 0.5])
        cases.append(TrueFinding(f"P{i // 2}", truth, 0.9, float(detector), 0.95, said))
    return cases


SAME = Logistic((1.0,), 0.0)
CALIBRATION = Calibration(mass=SAME, malignant=SAME, film=Logistic((0.0, 1.0), 0.0), working_score=0.3)


def test_informative_second_look_is_chosen_and_better():
    chance = np.random.default_rng(0)
    known, test = findings(300, chance, 1.5), findings(300, chance, 1.5)
    chosen, tried = choose(known)
    assert chosen.reading == 1
    assert len({(row["second look"], row["weight"]) for row in tried}) == 1 + 4 * len(READINGS)
    rows = measure_once(chosen, test, CALIBRATION, rounds=100)
    auc = next(row for row in rows if row["measure"] == "AUC")
    assert auc["with"] > auc["without"]
    assert auc["difference"] == pytest.approx(auc["with"] - auc["without"])
    text = results_document(chosen, tried, rows, (known, test), "detector 1")
    assert "300 findings of 150 patients" in text
    assert READINGS[1].name in text


def test_second_look_that_knows_nothing_is_not_better():
    chance = np.random.default_rng(1)
    chosen, _ = choose(findings(300, chance, 0.0))
    rows = measure_once(chosen, findings(300, chance, 0.0), CALIBRATION, rounds=100)
    assert not is_better(rows)
    text = results_document(chosen, [], rows, ([], []), "detector 1")
    assert "keep the detector's suspicion" in text


def test_second_look_that_spoils_the_calibration_is_not_better():
    row = {"number": "suspicion as a result shows it", "interval_95": [0.01, 0.05]}
    good = [{**row, "measure": name, "difference": d} for name, d in (("AUC", 0.03), ("log loss", -0.01))]
    spoiled = [
        {**row, "measure": name, "difference": d} for name, d in (("Brier score", 0.0), ("calibration error", 0.02))
    ]
    assert not is_better(good + spoiled)
    assert is_better([*good, spoiled[0], {**spoiled[1], "difference": -0.02}])
