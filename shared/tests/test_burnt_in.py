"""Text that is burnt into a film's background is found, said, and covered where that is set."""

import numpy as np
import pytest
from imagecodecs import png_encode
from PIL import Image, ImageDraw, ImageFont

from lobule.decoding.images import decode_film
from lobule.imaging.burnt_in import find_text, note_burnt_in_text, shown_pixels
from lobule.imaging.film import Film
from lobule.imaging.regions import regions


def film(text: str = "", *, place=(560, 40), turned: bool = False, ink: int = 230, deep: bool = False) -> np.ndarray:
    """A breast at the left, and a line of text."""
    y, x = np.mgrid[:1000, :800]
    inside = np.hypot(x / 430, (y - 500) / 420)
    noise = np.random.default_rng(0).integers(0, 9, inside.shape)
    grey = np.where(inside < 1, 190 - 90 * inside, 8) + noise
    if text:
        font = ImageFont.load_default(22)
        mask = Image.new("L", (300, 40))
        ImageDraw.Draw(mask).text((5, 5), text, 255, font)
        ink_mask = np.asarray(mask.rotate(90, expand=True) if turned else mask) / 255
        high, wide = ink_mask.shape
        part = grey[place[1] : place[1] + high, place[0] : place[0] + wide]
        part[...] = part * (1 - ink_mask[:, : part.shape[1]]) + ink * ink_mask[:, : part.shape[1]]
    return (grey * 256).astype(np.uint16) if deep else grey.astype(np.uint8)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("text", ["DOE^JANE 1960", "Li Wu", "P-4711 08:15"])
def test_text_on_the_background_is_found(text, deep, turned):
    found = find_text(film(text, deep=deep, turned=turned, place=(680, 40) if turned else (560, 40)))
    assert len(found) == 1
    left, top, right, bottom, on_background = found[0]
    assert on_background
    assert (bottom - top > right - left) is turned
    assert 560 <= left < right <= 800
    assert 30 <= top < bottom <= 360


@pytest.mark.parametrize("pixels", [film(), film("DOE^JANE 1960", place=(60, 480)), np.full((300, 300), 7, np.uint8)])
def test_neither_tissue_nor_text_on_it_is_flagged(pixels):
    assert find_text(pixels) == []


def test_noise_takes_no_long_time_and_is_no_text():
    assert find_text(np.random.default_rng(1).integers(0, 255, (1500, 1500), np.uint8)) == []


def test_it_is_said_and_covered_where_that_is_set():
    written, plain = film("DOE^JANE 1960"), film()
    said = decode_film(png_encode(written))
    assert np.array_equal(said.arrays["pixels"], written)
    assert '"code":"burnt_in_text"' in said.facts
    covered = decode_film(png_encode(written), mask_text=True)
    assert '"code":"burnt_in_text_masked"' in covered.facts
    assert np.array_equal(covered.arrays["pixels"], written), "the networks read the film as it is"
    pixels = shown_pixels(note_burnt_in_text(Film(written), masked=True))
    assert int(np.abs(pixels.astype(int) - plain).max()) < 20, "nothing of it is left, and the breast is as it was"
    assert np.array_equal(pixels[:, :440], plain[:, :440])
    assert "burnt_in_text" not in decode_film(png_encode(plain), mask_text=True).facts


def test_regions_are_those_that_touch():
    found = regions(np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 0, 0]], bool), 100)
    assert found is not None
    boxes = {tuple(int(side[at]) for side in (found.left, found.top, found.right, found.bottom)) for at in range(3)}
    assert boxes == {(0, 0, 2, 2), (3, 0, 4, 2), (0, 3, 2, 4)}
    assert sorted(found.area.tolist()) == [2, 2, 2]
    assert regions(np.ones((9, 9), bool), 8) is None


def test_nothing_is_covered_away_from_the_margin():
    inside = note_burnt_in_text(Film(film("P-4711 08:15", place=(500, 130))), masked=True)
    assert ([notice.code for notice in inside.notices], inside.covered) == (["burnt_in_text"], ())
