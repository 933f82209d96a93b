"""The part of a film that is shown: the breast."""

import cv2
import numpy as np
import pytest

from lobule.contracts.result import Hanging
from mammo_worker.films.crop import area_in_file, breast_area

WIDTH, HEIGHT = 600, 800
X, Y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
OUT = (X / 300) ** 2 + ((Y - 400) / 250) ** 2
BREAST = np.where(OUT < 1, 160 - 100 * OUT, 0)
"""A half ellipse at the left edge, as a breast lies on a film."""


def edges(film, dtype=np.uint8):
    area = breast_area(film.astype(dtype))
    return area and area.edges


def share(found):
    return (found[2] - found[0]) * (found[3] - found[1]) / (WIDTH * HEIGHT)


def holds_breast(found):
    return found[0] <= 0 and found[1] <= 150 and found[2] >= 300 and found[3] >= 650


def with_part(part, value):
    return np.where(part, value, BREAST)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_breast_is_found_with_a_margin_and_most_of_the_background_left_out(dtype):
    found = edges(BREAST, dtype)
    assert holds_breast(found)
    assert share(found) < 0.42


def test_label_in_the_background_does_not_count():
    assert edges(with_part((X > 530) & (Y < 60), 255))[2] < 360


def test_skin_that_is_hardly_bright_counts():
    skin = ((X / 330) ** 2 + ((Y - 400) / 280) ** 2 < 1) & (OUT >= 1)
    assert edges(with_part(skin, 6))[2] >= 330


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_frame_is_no_tissue(dtype):
    left, top, right, bottom = edges(with_part((X < 25) | (X >= 575) | (Y < 30) | (Y >= 780), 250), dtype)
    assert left <= 30
    assert 60 < top <= 150
    assert 300 <= right < 360
    assert bottom >= 650


def test_bright_tissue_at_the_chest_wall_is_no_frame():
    assert holds_breast(edges(with_part(OUT < 1, 255 - 0.7 * X)))


def test_lines_along_the_edges_and_a_label_beside_the_breast_do_not_join_it():
    lines = with_part((X >= 594) | (Y < 8) | (Y >= 792), 180)
    found = edges(np.where((X > 480) & (X < 560) & (Y > 60) & (Y < 200), 230, lines))
    assert holds_breast(found)
    assert found[2] < 360
    assert found[1] > 60


def test_noise_in_the_background_is_no_tissue():
    assert share(edges(with_part(OUT >= 1, (X * 7 + Y * 13) % 3))) < 0.42


def test_skin_and_fat_that_are_nearly_black_are_tissue():
    assert holds_breast(edges(with_part((OUT < 1) & (OUT > 0.8), 4))), "a faint rim"
    core = np.where(X**2 + (Y - 400) ** 2 < 150**2, 3000 + X * 5, np.where(OUT < 1, 150 + X / 10, 0))
    assert holds_breast(edges(core, np.uint16)), "fat that a window from 500 would show black"


def test_part_of_the_tissue_that_black_fat_cuts_off_is_kept():
    found = edges(with_part((X < 200) & (Y < 120), 60 + X / 4))
    assert holds_breast(found)
    assert found[1] == 0


@pytest.mark.parametrize("edge", [150, 300, 450])
@pytest.mark.parametrize(("breast", "background"), [(120, 200), (20, 200), (0, 255), (0, 120)])
def test_film_on_which_tissue_is_darker_than_the_background_is_shown_whole(edge, breast, background):
    assert edges(np.where(edge + 20 * np.sin(Y / 250) > X, breast, background)) is None


@pytest.mark.parametrize(
    "film",
    [
        with_part(OUT >= 1, 90),
        np.full((HEIGHT, WIDTH), 90),
        np.where((X < 60) & (Y < 60), 255, 0),
        np.zeros((HEIGHT, WIDTH)),
    ],
    ids=["grey background", "plain", "label alone", "black"],
)
def test_film_without_black_background_or_breast_is_shown_whole(film):
    assert edges(film) is None


def test_breast_that_fills_its_film_is_known():
    """Viewers show a film of which the breast is not known at a scale of its own."""
    found = breast_area(np.where((X < 590) & (Y > 5), 160 - X / 10, 0).astype(np.uint8))
    assert share(found.edges) > 0.95
    assert found.tips[1][0] == pytest.approx(590, abs=4)


def test_tips_lie_where_the_outline_reaches_furthest():
    (left, _), (right, middle) = breast_area(BREAST.astype(np.uint8)).tips
    assert left == 0
    assert right == pytest.approx(300, abs=4)
    assert middle == pytest.approx(400, abs=10)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_area_is_told_in_pixels_of_the_file(rotation, mirrored):
    film = BREAST.astype(np.uint8)
    hung = film if not mirrored else film[:, ::-1]
    stored = np.ascontiguousarray(np.rot90(hung, rotation // 90))  # so that turning it back hangs it
    large = cv2.resize(stored, None, fx=2, fy=2)
    area = area_in_file(breast_area(film), Hanging(rotation=rotation, mirrored=mirrored), stored.shape, large.shape)
    rows, columns = np.nonzero(large)
    assert area.box.x <= columns.min()
    assert area.box.y <= rows.min()
    assert area.box.x + area.box.width > columns.max()
    assert area.box.y + area.box.height > rows.max()
    assert area.box.width * area.box.height == pytest.approx(4 * share(edges(BREAST)) * film.size)
    x, y = area.tips[1]
    assert large[min(max(round(y), 0), large.shape[0] - 1), min(max(round(x), 0), large.shape[1] - 1)] < 100, "the skin"
