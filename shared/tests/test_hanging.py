"""Films as they hang, and points between the file and the hung film."""

import numpy as np
import pytest

from lobule.contracts.result import Hanging
from lobule.imaging.hanging import hang, points_as_hung, points_in_file


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_point_moves_with_the_pixel_that_it_lies_on(rotation, mirrored):
    stored = np.zeros((70, 40), np.uint8)
    stored[12, 31] = 255
    hanging = Hanging(rotation=rotation, mirrored=mirrored)
    [[row, column]] = np.argwhere(hang(stored, hanging))
    in_file, as_hung = np.array([[31.5, 12.5]]), np.array([[column + 0.5, row + 0.5]])
    assert points_as_hung(in_file, hanging, stored.shape).tolist() == as_hung.tolist()
    assert points_in_file(as_hung, hanging, stored.shape).tolist() == in_file.tolist()


def test_a_film_that_hangs_as_it_is_stored_is_not_copied():
    stored, point = np.zeros((70, 40), np.uint8), np.array([[31.5, 12.5]])
    assert hang(stored, None) is stored
    assert hang(stored, Hanging()) is stored
    assert points_as_hung(point, None, stored.shape).tolist() == point.tolist()
