"""Films that are changed to look digital, and how a detector is measured on them."""

from functools import partial

import cv2
import numpy as np
import pytest

from lobule.contracts.result import Thresholds
from mammo_worker.calibration import Calibration, Logistic
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.evaluation.processed import (
    CHANGES,
    DRAWS,
    READINGS,
    measure_changed,
    processed_document,
    read_changed,
)
from mammo_worker.films.processing import processed
from mammo_worker.inference import Detections

PLACE = np.array([[30.0, 100, 60, 130]])


@pytest.fixture
def grey():
    """A breast that becomes darker towards the skin, with a faint and a bright disc."""
    film = np.zeros((352, 176), np.uint8)
    for radius, level in zip(range(150, 30, -6), range(40, 200, 8), strict=True):
        cv2.ellipse(film, (0, 176), (radius, radius), 0, -90, 90, level, -1)
    cv2.circle(film, (30, 150), 5, 202, -1)
    cv2.circle(film, (30, 210), 5, 250, -1)
    return film


def contrast(film, at):
    x, y = at
    return float(film[y - 3 : y + 4, x - 3 : x + 4].mean()) - float(film[y - 3 : y + 4, x + 12 : x + 19].mean())


def test_processing_depends_on_its_seed_alone_and_keeps_the_breast_where_it_is(grey):
    first, second, other = (processed(grey, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    np.testing.assert_array_equal(first[..., 0] > 0, grey > 0)
    assert not processed(np.zeros_like(grey), np.random.default_rng(0)).any()


def test_processing_raises_faint_detail_against_strong_detail(grey):
    """The faint disc has a ninth of the strong one's contrast on the film, and more on average when it is processed."""
    shares = []
    for seed in range(12):
        changed = processed(grey, np.random.default_rng(seed))[..., 0].astype(float)
        shares.append(contrast(changed, (30, 150)) / contrast(changed, (30, 210)))
    assert np.mean(shares) > 1.2 * contrast(grey.astype(float), (30, 150)) / contrast(grey.astype(float), (30, 210))


class OfBrightness:
    """Finds one place on every film, as suspicious as the canvas is bright; keeps what it was shown."""

    canvas_size = (128, 64)

    def __init__(self):
        self.seen = []

    def __call__(self, film, height):
        self.seen.append(film.canvas[..., 0])
        score = np.array([film.canvas[..., 0].mean() / 255])
        return Detections(PLACE, score, score, [None], float(score[0]), np.full((8, 4), score[0], np.float32))


def test_a_film_is_read_as_it_is_and_with_each_change(draw_film):
    def drawn(number):
        label, malignant = np.array([1 + number % 2]), number % 2 == 1
        read = partial(draw_film, 240, 150, 8, seed=number)
        return AnnotatedFilm(f"film{number}", f"patient{number}", PLACE.astype(np.float32), label, malignant, read)

    detector, films = OfBrightness(), [drawn(number) for number in range(4)]
    read = list(read_changed(detector, films))
    expected = [words for words, change in CHANGES.items() for _ in draws(change)]
    assert [words for words, _ in read] == expected * len(films)
    shown = np.stack(detector.seen).reshape(len(films) * READINGS, -1)
    assert len(np.unique(shown, axis=0)) == len(shown), "each reading shows another picture"

    calibration = Calibration(*[Logistic((1.0,), 0.0)] * 2, film=Logistic((1.0, 1.0), 0.0), working_score=0.1)
    plain, changed, _ = CHANGES

    def measured(low):
        rows = measure_changed(read, calibration, Thresholds(low=low, high=1.0))
        return {row["measure"]: row for row in rows}

    rows = measured(low=0.999)
    for words in CHANGES:
        assert rows["sensitivity at 0.5 FPPI, IoU >= 0.2"][words].startswith("1.000 ")
        assert rows["malignant films, no sign"][words].startswith("1.000 ")
    assert measured(low=0.001)["benign films, no sign"][changed].startswith("0.000 ")
    document = processed_document("`toy` 1", films, list(rows.values()))
    assert all(words in document for words in (plain, changed, "4 patients"))


def draws(change):
    return range(1 if change is None else DRAWS)
