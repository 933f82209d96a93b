"""Films whose chest wall is on the wrong side, or whose pixels are not square."""

import cv2
import numpy as np
import pytest

from lobule.contracts.result import Hanging
from lobule.corrections import hang_by_chest_wall
from lobule.imaging.film import Film
from mammo_worker.films.aspect import squeeze_of
from mammo_worker.films.breast import find_breast, resized
from mammo_worker.films.hanging import chest_wall_of, hang_film
from mammo_worker.films.resampling import resample
from mammo_worker.regions.scale import scale_of_film


def test_chest_wall_on_the_wrong_side_mirrors_a_film_without_tags(draw_film):
    wall = chest_wall_of(find_breast(draw_film(600, 400, right=True)))
    assert wall == "right"
    assert hang_by_chest_wall(wall, "R", None) == (None, None)
    assert hang_by_chest_wall(wall, None, None) == (None, None)
    assert hang_by_chest_wall(None, "L", None) == (None, None)
    hanging, notice = hang_by_chest_wall(wall, "L", None)
    assert hanging == Hanging(mirrored=True)
    assert notice.code == "hung_by_chest_wall"


def test_chest_wall_against_the_tags_puts_the_label_in_doubt(draw_film):
    wall = chest_wall_of(find_breast(draw_film(600, 400, right=True)))
    hanging, notice = hang_by_chest_wall(wall, "L", Hanging())
    assert hanging == Hanging()
    assert notice.code == "chest_wall_against_laterality"


@pytest.mark.parametrize("hanging", [None, Hanging(rotation=90), Hanging(rotation=270, mirrored=True)])
def test_the_shape_of_pixels_is_enough(draw_film, hanging):
    """It was not used without a spacing, and a breast was as flat as its pixels were wide."""
    wide = cv2.resize(draw_film(600, 400, bits=8), (800, 600), interpolation=cv2.INTER_LINEAR)
    spaced = hang_film(Film(pixels=wide, pixel_spacing_mm=(0.2, 0.1)), hanging)
    shaped = hang_film(Film(pixels=wide, pixel_aspect=2.0), hanging)
    assert spaced.squeeze == shaped.squeeze != 1.0
    assert scale_of_film(Film(pixels=wide, pixel_aspect=2.0)).spacing == pytest.approx((0.4, 0.2))


@pytest.mark.parametrize("height", [100, 200, 300])
def test_pixels_that_are_much_finer_one_way_are_averaged(height):
    """Where rows were kept or enlarged, columns were picked: fine stripes became coarse ones."""
    stripes = np.zeros((200, 900), np.uint8)
    stripes[:, ::3] = 255
    for picture in (stripes, np.ascontiguousarray(stripes.T)):
        size = (height, 100) if picture is stripes else (100, height)
        assert np.ptp(resample(picture, size)) <= 1
        assert np.ptp(resized(picture, size)) <= 256, "of 16 bits"


@pytest.mark.parametrize("hanging", [None, Hanging(rotation=90), Hanging(mirrored=True)])
def test_pixels_that_are_not_square_are_read_at_their_true_aspect(draw_film, hanging):
    square = cv2.GaussianBlur(draw_film(600, 400, bits=8), (0, 0), 3)
    wide = cv2.resize(square, (800, 600), interpolation=cv2.INTER_LINEAR)

    def aspect(pixels, spacing):
        height, width = (
            hang_film(Film(pixels=pixels, bits=8, pixel_spacing_mm=spacing), hanging).prepared((512, 512)).content
        )
        return width / height

    assert aspect(wide, (0.2, 0.1)) == pytest.approx(aspect(square, (0.2, 0.2)), rel=0.03)
    assert not 0.7 < aspect(wide, None) / aspect(square, None) < 1.4


def test_an_impossible_spacing_changes_nothing():
    film = np.zeros((40, 60), np.uint8)
    assert [squeeze_of(film, spacing) for spacing in ((0.1, 0.1), (0.1, 0.1004), (0.1, 10.0), (10.0, 0.1))] == [1.0] * 4
    assert squeeze_of(film, (0.2, 0.1)) == 0.5
