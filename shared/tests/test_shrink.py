"""Shrinking some rows at a time gives what shrinking at once gives."""

import numpy as np
import pytest
from PIL import Image

from lobule.imaging import shrink as module
from lobule.imaging.shrink import fitting, shrink


@pytest.mark.parametrize("to", [(90, 70), (33, 100), (97, 131), (1, 1)])
@pytest.mark.parametrize("shape", [(131, 97), (131, 97, 3)])
def test_rows_after_rows_as_at_once(monkeypatch, shape, to):
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    at_once = np.asarray(Image.fromarray(picture).resize(to, Image.Resampling.BOX))
    monkeypatch.setattr(module, "_PIXELS", 1000)
    difference = np.abs(shrink(lambda top, bottom: picture[top:bottom], (97, 131), to).astype(int) - at_once)
    assert difference.shape == at_once.shape
    # Where a border lies in the middle of a pixel, rounding decides to which side the pixel goes.
    assert (difference.reshape(to[1], -1).max(axis=1) <= 1).mean() > 0.95


def test_16_bits_keep_their_mean():
    picture = np.random.default_rng(0).integers(0, 65536, (400, 300)).astype(np.uint16)
    small = shrink(lambda top, bottom: picture[top:bottom], (300, 400), (30, 40))
    assert small.dtype == np.uint16
    assert np.abs(small - picture.reshape(40, 10, 30, 10).mean(axis=(1, 3))).max() <= 1


def test_fitting():
    assert fitting((4000, 1000), 1024) == (1024, 256)
    assert fitting((400, 100), 1024) == (400, 100)
    assert fitting((64, 30_000), 1024) == (2, 1024)
