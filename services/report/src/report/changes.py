"""What has become of lesions since the earlier examination, in words and as a small curve."""

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import Field

from lobule.contracts.case import CaseImage
from lobule.contracts.examination import ExaminationReading, Lesion, LesionMark
from lobule.contracts.result import Result
from lobule.contracts.sizes import whole_mm
from lobule.words import Words
from report.parts import Part

Analysed = Mapping[str, tuple[CaseImage, Result]]
"""The assessed images of a case with their results, by their analyses."""


class Change(Part):
    """What has become of a lesion."""

    words: str = Field(description="such as `12 → 18 mm, +6 mm since 19 Nov 2024`")
    sizes: tuple[float, ...] = Field(description="in mm, the earlier one first; empty if they cannot be compared")


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
    if change.before_mm is None or change.now_mm is None or change.grown_by is None:
        return Change(words=text(f"findings.change.{change.change}", day=since), sizes=())
    grown = f"{change.grown_by:+d}".replace("-", "−") if change.grown_by else "±0"
    earlier = images.get(change.earlier or "")
    on_detector = earlier is not None and earlier[1].image.spacing_plane == "detector"
    key = "findings.change.size.detector" if on_detector else "findings.change.size"
    words = text(key, before=whole_mm(change.before_mm), now=whole_mm(change.now_mm), change=grown, day=since)
    return Change(words=words, sizes=(change.before_mm, change.now_mm))


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
