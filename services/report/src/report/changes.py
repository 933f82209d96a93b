"""What has become of lesions since the earlier examination, in words and as a small curve."""

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import Field

from lobule.contracts.case import CaseImage
from lobule.contracts.examination import ExaminationReading, Lesion, LesionMark
from lobule.contracts.result import Result
from lobule.words import Words
from report.parts import Part

Analysed = Mapping[str, tuple[CaseImage, Result]]
"""The assessed images of a case with their results, by their analyses."""


class Change(Part):
    """What has become of a lesion."""

    words: str = Field(description="such as `12 → 18 mm, +6 mm since 19 Nov 2024`")
    sizes: tuple[float, ...] = Field(description="in mm, the earlier one first; empty where they cannot be compared")


def changes_of(reading: ExaminationReading | None, images: Analysed, text: Words) -> dict[int, Change] | None:
    """The changes of the lesions of an examination, by their numbers; without those of which nothing is known.

    Returns:
        None if its films were not read together.
    """
    if reading is None:
        return None
    found = ((number, _change(lesion, images, text)) for number, lesion in enumerate(reading.numbered(), start=1))
    return {number: change for number, change in found if change is not None}


def _change(lesion: Lesion, images: Analysed, text: Words) -> Change | None:
    change = lesion.change
    if change is None or change.change == "not_comparable":
        return None
    day = _day(lesion, images)
    if day is None:
        return None
    since = text.date(day)
    sizes = _sizes(lesion.marks, change.prior, images) if change.prior else ()
    if not sizes:
        return Change(words=text(f"findings.change.{change.change}", day=since), sizes=())
    before, now = (round(size) for size in sizes)
    grown = f"{now - before:+d}".replace("-", "−") if now != before else "±0"
    on_detector = images[change.prior.job_id][1].image.spacing_plane == "detector" if change.prior else False
    key = "findings.change.size.detector" if on_detector else "findings.change.size"
    return Change(words=text(key, before=before, now=now, change=grown, day=since), sizes=sizes)


def _day(lesion: Lesion, images: Analysed) -> date | None:
    """The day of the film that the lesion is compared with.

    A reading that does not name the film of a new lesion compared it with the latest earlier one of its views.
    """
    change = lesion.change
    earlier = (change.earlier or (change.prior.job_id if change.prior else None)) if change else None
    if earlier is not None:
        return images[earlier][0].study_date if earlier in images else None
    shown = {(image.image.laterality, image.image.view) for image in _of(lesion.marks, images)}
    days = [
        image.study_date
        for image, _ in images.values()
        if image.is_prior and image.study_date and (image.image.laterality, image.image.view) in shown
    ]
    return max(days, default=None)


def _of(marks: Sequence[LesionMark], images: Analysed) -> list[CaseImage]:
    return [images[mark.job_id][0] for mark in marks if mark.job_id in images]


def _sizes(marks: Sequence[LesionMark], prior: LesionMark, images: Analysed) -> tuple[float, ...]:
    """The longer sides then and now, in mm; nothing unless both films say a spacing in the same plane."""
    mark = next((mark for mark in marks if mark.view == prior.view), None)
    if mark is None or mark.job_id not in images or prior.job_id not in images:
        return ()
    before, now = images[prior.job_id][1], images[mark.job_id][1]
    if before.image.spacing_plane != now.image.spacing_plane:
        return ()
    sizes = (_size(before, prior.finding_id), _size(now, mark.finding_id))
    return tuple(size for size in sizes if size is not None) if None not in sizes else ()


def _size(result: Result, finding_id: str) -> float | None:
    finding = next((finding for finding in result.findings if finding.id == finding_id), None)
    spacing = result.image.pixel_spacing_mm
    if finding is None or spacing is None:
        return None
    return max(finding.box.width * spacing[1], finding.box.height * spacing[0])
