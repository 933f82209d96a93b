"""The films that the pictures in README.md are made of."""

import re
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from lobule.imaging.dicom.reader import read_dicom

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", autouse=True)
def makers():
    """The scripts beside the pictures can be imported."""
    sys.path.insert(0, str(ROOT / "docs" / "images"))
    yield
    sys.path.remove(str(ROOT / "docs" / "images"))


def test_every_picture_in_the_readme_is_renewed_by_the_script():
    from renew import PAGES

    shown = set(re.findall(r"docs/images/([\w-]+)\.webp", (ROOT / "README.md").read_text("utf-8")))
    assert shown == {*PAGES, "report"}


def test_a_film_states_side_view_day_and_scale_and_hangs_by_its_chest_wall(tmp_path):
    from hospital import PATIENTS, VIEWS, draw_dicom

    patient = PATIENTS[0]
    files = draw_dicom(tmp_path, patient, date(2026, 11, 24))
    for path, (side, view) in zip(files, VIEWS, strict=True):
        film = read_dicom(path.read_bytes())
        assert (film.laterality, film.view, film.bits) == (side, view, 12)
        assert film.pixel_spacing_mm == pytest.approx((0.1, 0.1))
        assert film.spacing_plane == "patient"
        wall, far = (0, -1) if side == "L" else (-1, 0)
        middle = film.pixels[film.pixels.shape[0] // 2]
        assert middle[wall] > 200
        assert middle[far] == 0


def test_an_earlier_film_shows_the_same_tissue_with_a_smaller_lesion():
    from films import Lesion, film

    now, before, without = (
        film("L", "CC", 5, tuple(Lesion("rays", 0.5, 0.3, size) for size in sizes)) for sizes in ((20,), (12,), ())
    )
    changed_now, changed_before = ((each != without).sum() for each in (now, before))
    assert 0 < changed_before < changed_now < 0.05 * now.size
    assert np.array_equal(film("L", "CC", 5), without)
