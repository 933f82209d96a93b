"""Views with a modifier: magnified, compressed on a spot, or rolled. Each keeps its projection."""

from typing import get_args

import pytest
from pydicom.sequence import Sequence

from lobule.contracts.result import MammographyView
from lobule.contracts.views import ModifiedView, Modifier, Projection, modified, parts_of, shown_view
from lobule.imaging.dicom.reader import read_dicom

MODIFIERS = {
    "399163009": "MCC",
    "399055006": "SCC",
    "399197002": "CCRL",
    "399226006": "CCRM",
    "415670009": "CCRS",
    "414493004": "CCRI",
}


def codes(film):
    return {notice.code for notice in film.notices}


@pytest.mark.parametrize(("code", "view"), MODIFIERS.items())
def test_a_modified_view_keeps_its_projection_and_its_modifier(code, view, film_file, coded):
    views = coded("R-10242", "cranio-caudal", ViewModifierCodeSequence=coded(code, "", "SCT"))
    assert read_dicom(film_file(ViewCodeSequence=views)).view == view


def test_spot_compression_and_magnification_are_both_told(film_file, coded):
    both = Sequence([*coded("399055006", "", "SCT"), *coded("399163009", "", "SCT")])
    views = coded("R-10226", "", ViewModifierCodeSequence=both)
    film = read_dicom(film_file(ViewCodeSequence=views, ViewPosition="MLO"))
    assert film.view == "SMMLO"
    assert codes(film) == {"special_view", "magnified_view"}
    [said] = [notice for notice in film.notices if notice.code == "special_view"]
    assert "(MLO SPOT MAG)" in said.detail


def test_a_modifier_beside_its_view_is_no_conflict(film_file, coded):
    views = coded("R-10242", "", ViewModifierCodeSequence=coded("399163009", "", "SCT"))
    for position in ("CC", "MAG", "RMCC", "CC MAG"):
        film = read_dicom(film_file(ViewCodeSequence=views, ViewPosition=position, ImageLaterality="R"))
        assert film.view == "MCC"
        assert "view_conflict" not in codes(film)


def test_every_view_has_a_name_of_its_own_and_is_split_into_its_parts():
    names = [shown_view(view) for view in get_args(MammographyView)]
    assert len(set(names)) == len(names)
    for view in get_args(ModifiedView):
        projection, modifier = parts_of(view)
        assert modified(projection, [modifier]) == view
        assert {projection, modifier} <= {*get_args(Projection), *get_args(Modifier)}
    assert modified("CC", ["SM", "M"]) == "SMCC"
    assert (parts_of("ML"), parts_of("M"), parts_of("RAD")) == (("ML", None), (None, "M"), ("RAD", None))


def test_magnification_by_its_factor_and_spot_by_the_paddle(film_file):
    magnified = read_dicom(film_file(EstimatedRadiographicMagnificationFactor="1.8"))
    assert (magnified.view, magnified.magnification) == ("MCC", 1.8)
    assert magnified.pixel_spacing_mm == pytest.approx((0.1 / 1.8, 0.1 / 1.8))
    assert "magnified_view" in codes(magnified)
    assert read_dicom(film_file(EstimatedRadiographicMagnificationFactor="1.07")).view == "CC"
    implausible = read_dicom(film_file(EstimatedRadiographicMagnificationFactor="180"))
    assert implausible.view == "CC"
    assert "spacing_uncertain" in codes(implausible)
    assert read_dicom(film_file(PaddleDescription="10CM SQUARE SPOT")).view == "SCC"
    spot = {"PaddleDescription": "10CM SQUARE SPOT", "EstimatedRadiographicMagnificationFactor": "1.8"}
    assert read_dicom(film_file(**spot)).view == "SMCC"
