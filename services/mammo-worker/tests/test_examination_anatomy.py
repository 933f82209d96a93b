"""Landmarks on drawn films of known anatomy, mirrored, scaled and shifted; places in a reader's words."""

import cv2
import numpy as np
import pytest

from lobule.contracts.result import Hanging
from lobule.imaging.hanging import points_in_file
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.examination.anatomy import find_anatomy
from mammo_worker.examination.films import boxes_as_hung
from mammo_worker.examination.frame import thumbnail_of
from mammo_worker.examination.location import place_on_film
from mammo_worker.films.breast import find_breast

HEIGHT, WIDTH = 1000, 600
NIPPLE = (420.0, 560.0)
MUSCLE_TOP, MUSCLE_BOTTOM = 220.0, 620.0  # where its edge meets the film's top and its left side


def drawn(view, seed=0):
    """A breast, its chest wall on the left, its nipple at `NIPPLE`; on MLO films with a muscle."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    inside = (x / NIPPLE[0]) ** 2 + ((y - NIPPLE[1]) / 380) ** 2 < 1
    if view == "MLO":  # the breast goes on to the top of the film
        inside |= (y < NIPPLE[1]) & (x < 330)
    chance = np.random.default_rng(seed)
    texture = cv2.GaussianBlur(chance.normal(0, 1, (HEIGHT, WIDTH)), (0, 0), 4)  # evenly grey lines would be a frame
    grey = np.where(inside, 90 + 15 * texture / texture.std(), 4.0) + chance.normal(0, 2, (HEIGHT, WIDTH))
    if view == "MLO":
        grey[(x / MUSCLE_TOP + y / MUSCLE_BOTTOM < 1) & inside] += 70
    return cv2.GaussianBlur(np.clip(grey, 0, 255).astype(np.uint8), (0, 0), 3)


def anatomy(film, view, squeeze=1.0):
    return find_anatomy(thumbnail_of(find_breast(film, None, squeeze), film.shape[1]), view)


@pytest.mark.parametrize("view", ["CC", "MLO"])
def test_landmarks_are_found(view):
    found = anatomy(drawn(view), view)
    assert found.wall_from == ("edge" if view == "CC" else "muscle")
    if view == "CC":
        assert found.nipple == pytest.approx(NIPPLE, abs=20)
        assert found.depth == pytest.approx(NIPPLE[0], rel=0.04)
        return
    ends = np.array([[MUSCLE_TOP, 0], [0, MUSCLE_BOTTOM]])
    assert np.abs(found.from_wall(ends)).max() < 25
    normal = np.array([MUSCLE_BOTTOM, MUSCLE_TOP]) / np.hypot(MUSCLE_BOTTOM, MUSCLE_TOP)
    assert found.normal == pytest.approx(normal, abs=0.05)


@pytest.mark.parametrize("view", ["CC", "MLO"])
def test_mirrored_film_has_the_same_anatomy(view):
    film = drawn(view)
    plain, mirrored = anatomy(film, view), anatomy(np.ascontiguousarray(film[:, ::-1]), view)
    assert mirrored.frame.mirrored
    assert mirrored.nipple == pytest.approx(plain.nipple, abs=3)
    assert mirrored.depth == pytest.approx(plain.depth, abs=3)
    on_film = mirrored.frame.to_film(np.array([mirrored.nipple]))[0]
    assert on_film == pytest.approx([WIDTH - plain.nipple[0], plain.nipple[1]], abs=3)


def test_stretch_and_resolution_do_not_change_shares_of_the_depth():
    film = drawn("CC")
    points = np.array([[200.0, 400.0], [300.0, 700.0]])
    plain = anatomy(film, "CC")
    square = cv2.resize(film, (HEIGHT, HEIGHT), interpolation=cv2.INTER_AREA)
    stretched = anatomy(square, "CC", squeeze=WIDTH / HEIGHT)
    there = stretched.frame.from_film(points * [HEIGHT / WIDTH, 1])
    assert stretched.from_nipple(there) == pytest.approx(plain.from_nipple(plain.frame.from_film(points)), abs=8)
    double = anatomy(cv2.resize(film, (2 * WIDTH, 2 * HEIGHT)), "CC")
    assert double.from_nipple(2 * points) / double.depth == pytest.approx(
        plain.from_nipple(points) / plain.depth, abs=0.02
    )


@pytest.mark.parametrize(("size", "squeeze"), [((2000, 400), 3.9), ((400, 2000), 0.26)])
def test_a_film_of_any_shape_has_landmarks(size, squeeze):
    """No line at the angles of a muscle's edge crosses so flat a breast; the films of its case were not read then."""
    assert anatomy(cv2.resize(drawn("MLO"), size), "MLO", squeeze).depth > 0


def test_film_without_a_muscle_falls_back_and_says_so():
    film = drawn("CC")
    found = anatomy(film, "MLO")
    assert found.wall_from == "assumed"
    assert found.spread > anatomy(drawn("MLO"), "MLO").spread


def test_frame_along_the_top_is_not_taken_for_the_nipple():
    film = drawn("MLO")
    film[:14] = 200
    assert anatomy(film, "MLO").nipple == pytest.approx(anatomy(drawn("MLO"), "MLO").nipple, abs=30)


def test_frame_and_film_agree_both_ways():
    frame = anatomy(drawn("CC")[:, ::-1].copy(), "CC").frame
    points = np.array([[10.0, 20.0], [333.0, 555.0]])
    assert frame.to_film(frame.from_film(points)) == pytest.approx(points)
    box = frame.boxes_from_film(np.array([[10.0, 20.0, 50.0, 80.0]]))[0]
    assert box == pytest.approx([WIDTH - 50, 20, WIDTH - 10, 80])


def test_places_on_a_film():
    found = anatomy(drawn("CC"), "CC")
    x, y = found.nipple
    near = place_on_film(found, (x - 0.1 * found.depth, y))
    outer = place_on_film(found, (x - 0.8 * found.depth, y - 0.4 * found.depth))
    assert near.retroareolar
    assert near.depth == "anterior"
    assert outer.depth == "posterior"
    assert outer.across == pytest.approx(0.4)
    assert place_on_film(found, (x, y), upright=False).across is None


def test_nipple_and_lesions_agree_between_the_views_of_real_breasts(shared_data):
    """The depth of a breast on its two views, of the first breasts with both: CC films show a tenth less."""
    films = {}
    for case in cbis_ddsm(shared_data / "cbis_ddsm_mass"):
        films.setdefault((case.patient, case.attributes["laterality"]), {})[case.attributes["view"]] = case
    both = [pair for _, pair in sorted(films.items()) if len(pair) == 2][:6]
    assert len(both) == 6
    ratios = []
    for pair in both:
        heights = {view: case.read() for view, case in pair.items()}
        depth = {view: anatomy(film, view).depth / len(film) for view, film in heights.items()}
        ratios.append(depth["CC"] / depth["MLO"])
    assert 0.75 < np.median(ratios) < 1.1


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_boxes_are_turned_as_the_film_hangs(rotation, mirrored):
    hanging, shape = Hanging(rotation=rotation, mirrored=mirrored), (500, 300)
    hung = np.array([[20.0, 30.0, 80.0, 120.0]])
    corners = points_in_file(hung.reshape(-1, 2), hanging, shape).reshape(-1, 2, 2)
    in_file = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    assert boxes_as_hung(in_file, hanging, shape) == pytest.approx(hung)
