"""Films as they hang, findings in the pixels of the file, and chest walls on the wrong side."""

import numpy as np
import pytest

from lobule.contracts.result import Hanging
from lobule.corrections import hang_by_chest_wall
from mammo_worker.films.breast import find_breast
from mammo_worker.films.hanging import chest_wall_of, points_in_file, turned


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_point_on_the_hung_film_is_found_in_the_file(rotation, mirrored):
    stored = np.zeros((70, 40), np.uint8)
    stored[12, 31] = 255
    hanging = Hanging(rotation=rotation, mirrored=mirrored)
    hung = turned(stored, hanging)
    row, column = np.argwhere(hung)[0]
    assert points_in_file(np.array([[column + 0.5, row + 0.5]]), hanging, stored.shape).tolist() == [[31.5, 12.5]]


def test_a_film_that_hangs_as_it_is_stored_is_not_copied():
    stored = np.zeros((70, 40), np.uint8)
    assert turned(stored, None) is stored
    assert turned(stored, Hanging()) is stored


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
