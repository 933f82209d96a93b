"""The axis of each film, by which what a reader draws has the same place as a finding of the system there."""

import pytest

from lobule.breast_place import axis_of, place_by, region_of
from lobule.contracts.result import Hanging


@pytest.mark.parametrize("view", ["CC", "MLO"])
@pytest.mark.parametrize("side", ["L", "R"])
@pytest.mark.parametrize("hanging", [None, Hanging(rotation=90), Hanging(rotation=180, mirrored=True)])
def test_a_box_has_the_place_that_a_finding_there_has(films, view, side, hanging):
    films.add("a", [(150, 190, 24), (100, 330, 30)], view=view, side=side, spacing=(0.3, 0.3))
    films.images[0].image.hanging = hanging
    reading = films.together()
    axis, result = axis_of(reading.axes, "a"), films.results["a"]
    assert axis is not None
    for lesion in reading.breasts[0].lesions:
        [mark] = lesion.marks
        box = result.findings[result.place_of(mark.finding_id)].box
        place = place_by(axis, box, result.image)
        assert place.from_nipple == pytest.approx(mark.from_nipple_mm, rel=1e-6)
        assert region_of(side, *((place, None) if view == "CC" else (None, place))) == lesion.place


def test_films_of_earlier_examinations_have_an_axis_too(films):
    films.add("now", [(150, 190, 24)])
    films.add("before", [], role="prior")
    assert [axis.job_id for axis in films.together().axes] == ["now", "before"]
