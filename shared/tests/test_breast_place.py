"""Places in a breast, from those on its films."""

import math

import pytest

from lobule.breast_place import Place, place_by, region_of
from lobule.contracts.axis import FilmAxis
from lobule.contracts.result import Box, ImageInfo


def place(across):
    return Place(100.0, "middle", across, False)


@pytest.mark.parametrize(
    ("side", "outwards", "upwards", "hour", "words"),
    [
        ("L", 0.5, 0.0, 3, ("outer", None)),
        ("R", 0.5, 0.0, 9, ("outer", None)),
        ("L", -0.5, 0.0, 9, ("inner", None)),
        ("R", 0.0, 0.5, 12, (None, "upper")),
        ("L", 0.4, 0.4, 1.5, ("outer", "upper")),
        ("R", 0.4, -0.4, 7.5, ("outer", "lower")),
    ],
)
def test_both_views_give_the_hour(side, outwards, upwards, hour, words):
    """The oblique film shows the direction half way between up and out."""
    oblique = (upwards + outwards) / math.sqrt(2)
    region = region_of(side, place(outwards), place(oblique))
    assert (region.across, region.along) == words
    assert abs(region.clock - hour) <= 0.5


def test_half_past_an_hour_is_the_next_one_as_in_the_portal():
    assert region_of("R", place(0.14), place(0.14 * math.sqrt(2))).clock == 11


def test_one_view_gives_what_it_can():
    assert region_of("L", place(0.4), None).across == "outer"
    assert region_of("L", place(0.4), None).along is None
    assert region_of("L", None, place(-0.4)).along == "lower"
    assert region_of("L", None, place(-0.4)).clock is None
    turned = region_of("L", place(None), place(-0.4))
    assert (turned.across, turned.along, turned.clock, turned.depth) == (None, "lower", None, "middle")
    with pytest.raises(ValueError, match="at least one"):
        region_of("L", None, None)


def film(**facts):
    return ImageInfo(sha256="0" * 64, file_name="f.dcm", modality="mammography", width=800, height=600, **facts)


def axis(**changes):
    """Of a left breast whose nipple is at the right: 100 pixels deep, its outer half above."""
    points = {"nipple": (110.0, 50.0), "wall": (10.0, 50.0), "side": (110.0, -150.0)}
    return FilmAxis.model_validate({"job_id": "j", "view": "CC", "upright": True, **points, **changes})


def test_a_box_lies_behind_the_nipple_and_beside_its_axis_in_millimetres():
    found = place_by(axis(), Box(x=40, y=-40, width=20, height=60), film(pixel_spacing_mm=(0.1, 0.2)))
    assert found == Place(pytest.approx(math.hypot(12, 6)), "middle", pytest.approx(0.3), False)
    assert place_by(axis(upright=False), Box(x=40, y=-40, width=20, height=60), film()).across is None


def test_without_a_spacing_the_shape_of_the_pixels_counts():
    found = place_by(axis(), Box(x=40, y=-40, width=20, height=60), film(pixel_aspect=0.5))
    assert found == Place(pytest.approx(math.hypot(60, 30)), "middle", pytest.approx(0.3), False)


def test_an_axis_without_length_places_nothing():
    assert place_by(axis(wall=(110, 50)), Box(x=40, y=-40, width=20, height=60), film()) is None
