"""Which films are taken for negatives."""

import numpy as np
import pytest

from lobule.imaging.negative import is_negative


def oblique_film(height=480, width=320):
    """A breast on the left, a muscle in the upper corner, a dark background."""
    y, x = np.mgrid[:height, :width]
    film = np.full((height, width), 20, np.uint8)
    film[((y - height / 2) / (0.3 * height)) ** 2 + (x / (0.6 * width)) ** 2 < 1] = 150
    film[y / height + 1.5 * x / width < 0.6] = 200
    return film


def test_an_oblique_film_in_a_frame_is_told_from_its_negative():
    film = oblique_film()
    framed = np.pad(film, 12, constant_values=255)
    assert not is_negative(film)
    assert not is_negative(framed)
    assert is_negative(255 - film)
    assert is_negative(np.pad(255 - film, 12, constant_values=0))
    assert is_negative(np.pad(255 - film, 12, constant_values=255))


@pytest.mark.parametrize("padding", [0, 255])
def test_padding_says_nothing_of_the_sign(padding):
    film = oblique_film()
    valid = film > 20
    padded = np.where(valid, film, padding).astype(np.uint8)
    assert not is_negative(padded, valid)
    beside = np.pad(255 - film, ((0, 0), (0, 200)), constant_values=padding)
    assert is_negative(beside, np.pad(np.ones(film.shape, bool), ((0, 0), (0, 200))))
    assert not is_negative(film, np.zeros(film.shape, bool))


def test_tissue_in_a_second_corner_does_not_hide_a_negative():
    """Muscle fills the upper corner, the inframammary fold the lower one, at half the muscle's brightness."""
    film = oblique_film()
    film[-90:, :70] = 110
    assert not is_negative(film)
    assert is_negative(255 - film)


def test_a_film_full_of_tissue_with_two_bright_corners_across_is_none():
    film = np.full((480, 320), 190, np.uint8)
    film[:120, 200:], film[300:, :150] = 60, 10
    film[:90, :80], film[-90:, -80:] = 205, 200
    assert not is_negative(film)
