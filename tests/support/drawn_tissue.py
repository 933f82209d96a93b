"""Drawn tissue with calcifications, for the tests of the search."""

import cv2
import numpy as np

PLACES = np.array([(60, 60), (75, 62), (68, 80), (85, 78), (72, 70)])


def ground(seed, side=160):
    """Grainy tissue."""
    chance = np.random.default_rng(seed)
    smooth = cv2.resize(chance.uniform(80, 150, (6, 6)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    return (smooth + cv2.GaussianBlur(chance.normal(0, 6, smooth.shape).astype(np.float32), (0, 0), 0.7)).astype(
        np.float32
    )


def dots(places=PLACES, side=160, height=60.0):
    out = np.zeros((side, side), np.float32)
    y, x = np.mgrid[:side, :side]
    for px, py in places:
        out += height * np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 1.2**2)).astype(np.float32)
    return out
