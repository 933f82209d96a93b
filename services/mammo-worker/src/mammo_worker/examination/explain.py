"""What carried the number of a breast, and the BI-RADS category that it speaks for."""

from collections.abc import Iterator
from typing import Literal

from lobule.contracts.examination import BreastReason
from lobule.contracts.result import StandardView
from mammo_worker.examination.breasts import BreastReading

Category = Literal[0, 1, 2, 4, 5]

_TOLD = 0.01  # smaller differences look like none
_HIGHLY_SUGGESTIVE = 0.95  # ACR BI-RADS Atlas, 5th edition (2013): category 5 begins there


def suggested_category(reading: BreastReading) -> Category:
    """The category that the number suggests; never 3, 6 or a letter, which only a reader's work-up can give.

    Categories other than 0 need both views; where one is missing or failed, imaging is completed first.
    """
    assessment, probability = reading.verdict.assessment, reading.verdict.probability
    if not reading.complete or assessment == "not_sure":
        return 0
    if assessment == "malignancy_suspected":
        return 5 if (probability or 0.0) >= _HIGHLY_SUGGESTIVE else 4
    return 2 if reading.lesions else 1


def reasons(reading: BreastReading) -> Iterator[BreastReason]:
    """The reasons for a breast's number: its lesions, and its value without each view."""
    for place, lesion in enumerate(reading.lesions):
        if lesion.together is not None:
            yield BreastReason(code="lesion_on_both_views", lesion=place)
        else:
            view: StandardView = next(film.view for film in reading.films if film.name in lesion.findings)
            yield BreastReason(code="lesion_on_one_view", lesion=place, view=view)
    if not reading.lesions:
        yield BreastReason(code="nothing_marked")
    if len(reading.views) > 1:
        for film in reading.films:
            yield BreastReason(code="view_by_itself", view=film.view, probability=film.result.probability_malignant)
    number = reading.verdict.probability
    for view, without in reading.without.items():
        if without is not None and number is not None and abs(without - number) >= _TOLD:
            yield BreastReason(code="without_view", view=view, probability=without)
    for verdict in reading.by_themselves:
        yield BreastReason(code="film_by_itself", probability=verdict.probability)
    if reading.failed:
        yield BreastReason(code="not_assessed")
