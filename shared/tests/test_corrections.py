"""A result after somebody corrected the view or the side of its film: how it hangs, and what is said of both."""

import pytest

from lobule.contracts.result import Hanging, Result
from lobule.corrections import as_corrected
from lobule.words import make_notice

MIRRORED = Hanging(mirrored=True)


@pytest.fixture
def film():
    """Makes the result of a film."""

    def make(side=None, view="CC", hanging=None, chest_wall=None, *notices) -> Result:
        return Result.model_validate(
            {
                "image": {
                    "sha256": "0" * 64,
                    "file_name": "a",
                    "modality": "mammography",
                    "width": 9,
                    "height": 9,
                    "laterality": side,
                    "view": view,
                    "hanging": hanging,
                },
                "model": dict.fromkeys(("name", "version", "calibration", "trained_on"), "m")
                | {"weights_sha256": "0" * 64},
                "thresholds": {"low": 0.2, "high": 0.7},
                "assessment": "not_sure",
                "probability_malignant": 0.5,
                "display": {"file": "d.png", "width": 9, "height": 9},
                "chest_wall": chest_wall,
                "notices": list(notices),
            }
        )

    return make


def codes(result: Result) -> list[str]:
    return [notice.code for notice in result.notices]


def test_a_film_that_was_mirrored_for_the_wrong_side_hangs_as_it_is_stored(film):
    advice = make_notice("further_imaging_suggested")
    wrong = film("L", "CC", MIRRORED, "right", make_notice("hung_by_chest_wall", side="L"), advice)
    right = as_corrected(wrong, "CC", "R")
    assert (right.image.laterality, right.image.hanging) == ("R", None)
    assert codes(right) == ["further_imaging_suggested", "laterality_corrected"]
    assert wrong.image.hanging == MIRRORED, "the stored result stays as it is"
    assert as_corrected(wrong, "CC", "L") == wrong
    old = wrong.model_copy(update={"chest_wall": None})  # of a version that did not keep it
    assert as_corrected(old, "CC", "R") == right.model_copy(update={"chest_wall": None})


def test_a_side_against_the_chest_wall_is_said(film):
    corrected = as_corrected(film("R", "CC", None, "right"), "CC", "L")
    assert corrected.image.hanging == MIRRORED
    assert codes(corrected) == ["laterality_corrected", "hung_by_chest_wall"]
    by_tags = as_corrected(film("R", "CC", Hanging(), "right"), "CC", "L")
    assert by_tags.image.hanging == Hanging()
    assert codes(by_tags) == ["laterality_corrected", "chest_wall_against_laterality"]


def test_a_film_without_a_side_is_hung_once_it_is_named(film):
    named = as_corrected(film(None, None, None, "left"), "MLO", "R")
    assert (named.image.hanging, codes(named)) == (MIRRORED, ["hung_by_chest_wall"])
    fits = as_corrected(film(None, None, None, "right"), "MLO", "R")
    assert (fits.image.hanging, codes(fits)) == (None, [])
    assert as_corrected(film(None, None, None, None), "MLO", "R").image.hanging is None, "nobody knows where it is"


def test_a_notice_against_the_file_goes_once_both_agree(film):
    against = make_notice("laterality_against_file", side="L", file_side="R")
    assert codes(as_corrected(film("L", "CC", Hanging(), "right", against), "CC", "R")) == []
    view = make_notice("view_against_file", view="MLO", file_view="CC")
    assert codes(as_corrected(film("L", "MLO", None, None, view), "CC", "L")) == []
    other = as_corrected(film("L", "MLO", None, None, view), "ML", "L")
    assert other.notices[0].values == {"view": "ML", "file_view": "CC"}


def test_a_notice_of_a_special_view_follows_the_view(film):
    special = film("L", "M", None, None, make_notice("special_view", view="M"))
    assert codes(as_corrected(special, "CC", "L")) == []
    assert codes(as_corrected(film("L", "CC"), "S", "L")) == ["special_view"]
    assert codes(as_corrected(film("L", "CC"), None, "L")) == []
