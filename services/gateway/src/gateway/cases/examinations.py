"""Groups the films of a case into examinations by study date. Earlier examinations are priors.

Images without a date belong to the current examination, unless their file says that they are of a study whose date is
known from another image. Those of a modality that has no examinations (histology fields) are of none and always count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gateway.images.models import Image


@dataclass(frozen=True)
class Examination:
    """The examination that an image belongs to.

    Attributes:
        date: Of the examination; None where no film of it has a date, and for histology without one.
        is_prior: Whether a newer examination is there.
    """

    date: date | None
    is_prior: bool = False


def examinations(images: Sequence[Image]) -> dict[str, Examination]:
    """The examination of each image of a case, by the image's id."""
    films = [image for image in images if image.spec.in_examinations]
    studies = {film.id: film.identity.study_mark for film in films}
    of_study = {studies[film.id]: film.study_date for film in films if studies[film.id] and film.study_date}
    dates = {film.id: film.study_date or of_study.get(studies[film.id]) for film in films}
    newest = max((found for found in dates.values() if found), default=None)
    return {
        image.id: _of_film(dates[image.id], newest) if image.id in dates else Examination(image.study_date)
        for image in images
    }


def _of_film(own: date | None, newest: date | None) -> Examination:
    return Examination(own or newest, is_prior=own is not None and newest is not None and own < newest)


def current_date(images: Sequence[Image]) -> date | None:
    """The date of the current examination; None where no film has one."""
    found = examinations(images)
    films = (found[image.id] for image in images if image.spec.in_examinations)
    return max((film.date for film in films if film.date), default=None)
