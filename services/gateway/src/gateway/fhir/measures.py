"""Sizes of findings and their places in the breast as components of an Observation."""

from collections.abc import Iterator

from gateway.fhir.codes import DCM, SCT, UCUM, Resource, concept
from lobule.contracts.examination import LesionPlace
from lobule.contracts.result import Box, ImageInfo, SpacingPlane
from lobule.words import Words
from lobule.words.breasts import place_in_words

_LENGTH, _WIDTH = ("410668003", "Length"), ("103355008", "Width")
_FROM_NIPPLE, _PLACE = ("121242", "Distance from nipple"), ("111014", "Clockface or region")
_PLANES: dict[SpacingPlane | None, str] = {
    "patient": "",
    "detector": ", measured in the plane of the detector",
    None: ", measured in a plane that is not known",
}


def measured(box: Box, image: ImageInfo, place: LesionPlace | None, from_nipple_mm: float | None) -> Iterator[Resource]:
    """The sides of a finding in mm, the longer one first, then its place; what is not known is left out.

    Args:
        box: The finding.
        image: Its image, as its analysis knows it.
        place: Place in the breast.
        from_nipple_mm: Distance from the nipple.
    """
    if image.pixel_spacing_mm is not None:
        row, column = image.pixel_spacing_mm
        longer, shorter = sorted((box.height * row, box.width * column), reverse=True)
        yield _millimetres(SCT, _LENGTH, longer, image)
        yield _millimetres(SCT, _WIDTH, shorter, image)
    if place is not None:
        yield {"code": concept(DCM, *_PLACE), "valueString": place_in_words(place, Words("en"))}
    if from_nipple_mm is not None:
        yield _millimetres(DCM, _FROM_NIPPLE, from_nipple_mm, image)


def _millimetres(system: str, code: tuple[str, str], mm: float, image: ImageInfo) -> Resource:
    named = concept(system, *code)
    named["text"] += _PLANES[image.spacing_plane]
    return {"code": named, "valueQuantity": {"value": round(mm, 1), "unit": "mm", "system": UCUM, "code": "mm"}}
