"""Regions of films: their scale and shape, and whether there is tissue to judge."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from lobule.contracts.result import Box
from lobule.imaging.film import Film
from mammo_worker.regions import read
from mammo_worker.regions.prepare import region_at
from mammo_worker.regions.read import region_of_picture, regions_of_film
from mammo_worker.regions.scale import Scale, scale_of_film


@pytest.mark.parametrize("kind", ["LA", "RGBA", "CMYK"])
def test_a_picture_of_a_region_is_read_alike_with_alpha_and_in_inks(kind):
    grey = np.tile(np.arange(60, 180, dtype=np.uint8), (100, 1))
    plain, other = io.BytesIO(), io.BytesIO()
    Image.fromarray(grey).save(plain, "TIFF")
    Image.fromarray(grey).convert("RGB" if kind == "CMYK" else "L").convert(kind).save(other, "TIFF")
    expected, found = (region_of_picture(file.getvalue(), 96, None).prepared for file in (plain, other))
    np.testing.assert_array_equal(found.canvas, expected.canvas)


def test_coarse_small_and_large_regions_get_no_number():
    assert Scale((0.1, 0.1)).outcome(100, 80) == "answered"
    assert Scale((0.12, 0.12)).outcome(100, 80) == "too_coarse"
    assert Scale((0.05, 0.12)).outcome(100, 80) == "too_coarse", "in one direction"
    assert Scale((0.05, 0.05)).outcome(60, 20) == "too_small"
    assert Scale((0.05, 0.1)).outcome(60, 20) == "answered", "6 mm across"
    assert Scale((0.1, 0.1)).outcome(400, 1400) == "too_large"
    assert scale_of_film(Film(np.zeros((800, 500), np.uint8))) == Scale((0.3, 0.3), assumed=True)
    known = Film(np.zeros((800, 500), np.uint8), pixel_spacing_mm=(0.07, 0.08))
    assert scale_of_film(known) == scale_of_film(known, (0.05, 0.05)) == Scale((0.07, 0.08)), "the file's own counts"


@pytest.mark.parametrize("spacing", [(0.1, 0.05), (0.05, 0.1)])
def test_a_region_of_a_film_whose_pixels_are_not_square_has_its_shape(tmp_path, write_dicom, spacing):
    blob = np.full((300, 200), 100, np.uint8)
    cv2.ellipse(blob, (100, 150), (60, 110), 0, 0, 360, 220, -1)
    height, width = round(300 * 0.05 / spacing[0]), round(200 * 0.05 / spacing[1])
    squeezed = cv2.resize(blob, (width, height), interpolation=cv2.INTER_AREA)
    film = np.zeros((height + 40, width + 40), np.uint8)
    film[20:-20, 20:-20] = squeezed
    data = write_dicom(tmp_path / "film.dcm", film, 8, ImagerPixelSpacing=list(spacing)).read_bytes()
    [region] = regions_of_film(data, [Box(x=20, y=20, width=width, height=height)], 96, None)
    square = region_at(blob, 0.05, 96)
    np.testing.assert_array_equal(region.prepared.size, square.size)
    assert np.corrcoef(region.prepared.canvas[..., 0].ravel(), square.canvas[..., 0].ravel())[0, 1] > 0.98


def test_a_region_of_many_long_pixels_is_made_smaller_first(tmp_path, write_dicom, monkeypatch):
    """Squared, a film of 100 megapixels would have 400, and take the memory of the worker."""
    blob = np.full((1500, 1500), 100, np.uint8)
    cv2.ellipse(blob, (750, 750), (300, 500), 0, 0, 360, 220, -1)
    narrow = cv2.resize(blob, (400, 1500), interpolation=cv2.INTER_AREA)
    film = np.zeros((1540, 440), np.uint8)
    film[20:-20, 20:-20] = narrow
    data = write_dicom(tmp_path / "film.dcm", film, 8, ImagerPixelSpacing=[0.02, 0.075]).read_bytes()
    box, sizes = Box(x=20, y=20, width=400, height=1500), []
    [whole] = regions_of_film(data, [box], 96, None)

    def prepare(grey, spacing, side):
        sizes.append(grey.shape)
        return region_at(grey, spacing, side)

    monkeypatch.setattr(read, "_MOST_SIDE", 750)
    monkeypatch.setattr(read, "region_at", prepare)
    [reduced] = regions_of_film(data, [box], 96, None)
    assert sizes == [(750, 750)]
    np.testing.assert_allclose(reduced.prepared.size, whole.prepared.size, atol=0.01)
    both = whole.prepared.canvas[..., 0].ravel(), reduced.prepared.canvas[..., 0].ravel()
    assert np.corrcoef(*both)[0, 1] > 0.98


@pytest.mark.parametrize(("rotated", "orientation"), [(0, ["A", "R"]), (1, ["L", "A"])])
def test_a_region_without_tissue_is_not_judged(tmp_path, write_dicom, rotated, orientation):
    """An empty corner of a film "looked like calcifications" and was "not sure"."""
    film = np.full((1600, 1000), 3, np.uint8)
    cv2.ellipse(film, (0, 800), (600, 620), 0, 0, 360, 120, -1)
    boxes = [(200, 700, 200, 200), (500, 700, 200, 200), (700, 1200, 200, 200)]
    if rotated:  # a quarter to the left: the film lies in its file
        film = np.ascontiguousarray(np.rot90(film))
        boxes = [(y, 1000 - x - width, height, width) for x, y, width, height in boxes]
    tags = {"ImageLaterality": "L", "ViewPosition": "CC", "PatientOrientation": orientation}
    data = write_dicom(tmp_path / "film.dcm", film, 8, ImagerPixelSpacing=[0.1, 0.1], **tags).read_bytes()
    asked = [Box(x=x, y=y, width=width, height=height) for x, y, width, height in boxes]
    regions = regions_of_film(data, asked, 96, None)
    assert [region.outcome for region in regions] == ["answered", "answered", "no_tissue"]
    assert [region.prepared is None for region in regions] == [False, False, True]
