"""Glass of a field: clear in the map, and not read."""

import numpy as np
import pytest

from histo_worker.preprocessing.glass import BRIGHT, glass_from
from histo_worker.tissue.network import UM_PER_PIXEL
from histo_worker.tissue.stage import draw_map
from histo_worker.tissue.windows import bands

PINK = (200, 120, 180)


def half_of_glass(lamp: int) -> np.ndarray:
    """Tissue with its grain beside glass with a camera's noise, under a lamp of this brightness."""
    rng = np.random.default_rng(0)
    tissue = np.array(PINK) + rng.normal(0, 25, (400, 200, 1))
    glass = np.full((400, 200, 3), 255) + rng.normal(0, 1, (400, 200, 3))
    return np.clip(np.concatenate([tissue, glass], axis=1) * lamp / 255, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("lamp", [250, 215, 170])
def test_it_is_clear_in_the_map_and_not_read_under_any_lamp(lamp):
    field = half_of_glass(lamp)
    level = glass_from(field)
    assert 0.85 * lamp < level <= BRIGHT
    heat = draw_map(np.full((8, 8), 0.9, np.float32), field, level)
    assert heat[:, :190].min() == np.float32(0.9)
    assert heat[:, 210:].max() == 0
    assert {x for band in bands(field, UM_PER_PIXEL, level) for x in band.xs} <= set(range(200))


def test_a_field_without_it_keeps_the_usual_value():
    assert glass_from(half_of_glass(170)[:, :200]) == BRIGHT
