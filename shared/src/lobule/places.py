"""The places of findings in the breast: those of the system, and those that readers drew."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lobule.breast_place import Place, axis_of, place_by, region_of
from lobule.contracts.case import CaseContent, CaseImage
from lobule.contracts.examination import ExaminationReading, LesionPlace
from lobule.contracts.reader import FindingReference, ReaderFinding
from lobule.contracts.result import Box, Result, StandardView

Places = dict[str, tuple[LesionPlace, float | None]]
"""Places of findings, with their distances from the nipple in mm, if they are known, by the ids of the findings."""


@dataclass(frozen=True)
class _OnFilm:
    view: StandardView
    place: Place


def places_of_findings(reading: ExaminationReading | None, job_id: str) -> Places:
    """The place of each finding of an analysis, as the joint reading has it."""
    breasts = reading.breasts if reading else []
    placed = [(mark, lesion.place) for breast in breasts for lesion in breast.lesions for mark in lesion.marks]
    placed += [(cluster.mark, cluster.place) for breast in breasts for cluster in breast.calcifications]
    return {
        mark.finding_id: (place, mark.from_nipple_mm)
        for mark, place in placed
        if mark.job_id == job_id and place is not None
    }


def places_of_drawn(content: CaseContent, results: Mapping[str, Result]) -> Places:
    """The place of each drawn finding on a film whose axis is known.

    A finding that a reader marked as the same lesion as one on the other view, or whose outline corrects one that the
    joint reading paired with another, has the place by both views.

    Args:
        content: Content of the case.
        results: Results of its analyses, by their ids.
    """
    images = {image.job_id: image for image in content.images}
    drawn = {own.id: (image, own) for image in content.images for own in image.reader_findings}

    def on_film(image: CaseImage | None, box: Box | None) -> _OnFilm | None:
        result = results.get(image.job_id) if image else None
        axis = axis_of(content.examination.axes, image.job_id) if image and content.examination else None
        place = place_by(axis, box, result.image) if axis and box and result else None
        return _OnFilm(axis.view, place) if axis and place else None

    def of(named: FindingReference) -> _OnFilm | None:
        if named.job_id is None:
            image, own = drawn.get(named.finding_id, (None, None))
            return on_film(image, own.box if own else None)
        result = results.get(named.job_id)
        found = next((each for each in result.findings if each.id == named.finding_id), None) if result else None
        return on_film(images.get(named.job_id), found.box if found else None)

    places: Places = {}
    for image, own in drawn.values():
        here, side = on_film(image, own.box), image.image.laterality
        if here is None or side is None:
            continue
        views: dict[StandardView, Place] = {here.view: here.place}
        for named in _same(own, content):
            partner = images.get(named.job_id or "") or drawn.get(named.finding_id, (None,))[0]
            if partner and partner.image.laterality == side and (other := of(named)):
                views.setdefault(other.view, other.place)
        known = results[image.job_id].image.pixel_spacing_mm is not None
        region = region_of(side, views.get("CC"), views.get("MLO"))
        places[own.id] = region, here.place.from_nipple if known else None
    return places


def _same(own: ReaderFinding, content: CaseContent) -> Iterator[FindingReference]:
    """The other findings of a drawn one's lesion: those that readers marked first, then those of the joint reading."""
    for mark in content.same_lesions:
        if mark.one.job_id is None and mark.one.finding_id == own.id:
            yield mark.other
        if mark.other.job_id is None and mark.other.finding_id == own.id:
            yield mark.one
    for breast in content.examination.breasts if content.examination and own.corrects else ():
        for lesion in breast.lesions:
            named = [FindingReference(job_id=mark.job_id, finding_id=mark.finding_id) for mark in lesion.marks]
            if own.corrects in named:
                yield from named
