"""Pictures of more than one film are refused, single films never."""

import cv2
import numpy as np
import pytest
from altered_films import lay_out

from lobule.errors import AnalysisError
from lobule.imaging.film import Film
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.readers.mini_mias import mini_mias
from mammo_worker.films.breast import find_breast
from mammo_worker.films.gate import check_mammogram
from mammo_worker.films.several import several_films


@pytest.fixture(scope="module")
def pair(shared_data):
    """A film with the chest wall on the left, and one with it on the right."""
    found = {}
    for case in cbis_ddsm(shared_data / "cbis_ddsm_mass"):
        film = case.read()
        found.setdefault(find_breast(film).on_right, film)
        if len(found) == 2:
            return found[False], found[True]
    pytest.fail("all chest walls are on the same side")


@pytest.mark.parametrize("background", [0, 255])
@pytest.mark.parametrize("gap", [0, 30])
@pytest.mark.parametrize("rows", [[[1, 0]], [[0, 1]], [[0], [1]], [[0, 0]], [[0, 1], [0, 1]]])
def test_two_and_four_films_are_refused(pair, rows, gap, background):
    picture = lay_out([[pair[i] for i in row] for row in rows], gap, background)
    with pytest.raises(AnalysisError) as caught:
        check_mammogram(Film(picture))
    assert caught.value.code == "several_films"


def test_a_film_beside_its_mirror_image_is_refused(pair):
    """No seam is seen between them."""
    for film in pair:
        assert several_films(find_breast(np.hstack([film, film[:, ::-1]])))
        assert several_films(find_breast(np.hstack([film[:, ::-1], film])))


def test_single_films_are_not(shared_data):
    """The quick part of `bench/mammo_several.py`."""
    films = [case.read() for case in cbis_ddsm(shared_data / "cbis_ddsm_mass")[::40]]
    films += [case.read() for case in mini_mias(shared_data / "mias")[::20]]
    films += [cv2.imread(str(p), 0) for p in sorted((shared_data / "cdd_cesm" / "images").glob("*.jpg"))[::20]]
    assert not any(several_films(find_breast(film)) for film in films)
