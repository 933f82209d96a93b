"""Groups the films of a case into examinations by study date. Earlier examinations are priors.

Films whose files name one study are one examination, of the newest date among them: a date that somebody mistyped for
one of them does not make it a prior. Images without a date belong to the current examination, unless their file says
that they are of such a study. Those of a modality that has no examinations (histology fields) are of none and always
count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gateway.images.models import Image
from lobule.contracts.examination_request import WORK_UP


@dataclass(frozen=True)
class Examination:
    """The examination that an image belongs to.

    Attributes:
        date: Day of the examination; None if no film of it has a date, and for histology without one.
        is_prior: Whether there is a newer examination.
    """

    date: date | None
    is_prior: bool = False


def examinations(images: Sequence[Image]) -> dict[str, Examination]:
    """The examination of each image of a case, by the image's id."""
    films = [image for image in images if image.spec.in_examinations]
    studies = {film.id: film.identity.study_mark or film.id for film in films}
    dated = sorted((film for film in films if film.study_date), key=lambda film: film.study_date or date.min)
    of_study = {studies[film.id]: film.study_date for film in dated}
    dates = {film.id: of_study.get(studies[film.id]) for film in films}
    newest = max((found for found in dates.values() if found), default=None)
    return {
        image.id: _of_film(dates[image.id], newest) if image.id in dates else Examination(image.study_date)
        for image in images
    }


def _of_film(own: date | None, newest: date | None) -> Examination:
    return Examination(own or newest, is_prior=own is not None and newest is not None and own < newest)


def current_date(images: Sequence[Image]) -> date | None:
    """The date of the current examination; None if no film has one."""
    found = examinations(images)
    films = (found[image.id] for image in images if image.spec.in_examinations)
    return max((film.date for film in films if film.date), default=None)


def recent_priors(images: Sequence[Image]) -> dict[str, date]:
    """The priors of which the current examination may be the work-up, with the dates of their examinations.

    A date that was entered may be wrong: where the file says another one, whichever is closer counts.
    """
    found = examinations(images)
    films = [image for image in images if image.spec.in_examinations]
    began = min((day for film in films if not found[film.id].is_prior for day in _dates(film, found)), default=None)
    return {
        film.id: day
        for film in films
        if (day := found[film.id].date) and found[film.id].is_prior and began
        if began - max(_dates(film, found)) <= WORK_UP
    }


def _dates(film: Image, found: dict[str, Examination]) -> list[date]:
    """The date of a film's examination, and the one that its file says."""
    return [day for day in (found[film.id].date, film.identity.study_date) if day]
