"""Explains the number of a breast, and suggests its BI-RADS category."""

from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from lobule.contracts.examination import BreastReason, Lesion, Standing
from lobule.contracts.result import StandardView
from mammo_worker.examination.breasts import BreastReading
from mammo_worker.examination.rule import Verdict

Category = Literal[0, 1, 2, 4, 5]

_LEAST_REPORTED = 0.01  # smaller differences are not reported
_HIGHLY_SUGGESTIVE = 0.95  # ACR BI-RADS Atlas, 5th edition (2013): category 5 starts here


def suggested_category(
    reading: BreastReading,
    verdict: Verdict | None = None,
    standings: Collection[Standing] = (),
) -> Category:
    """The category that the number suggests; never 3, 6 or a letter, which need a reader's work-up.

    Categories other than 0 need both views; if one is missing or failed, imaging is completed first. Categories 1 and 2
    also need films of a kind that the model was evaluated on. Category 5 is a
    probability among the reader's own patients, so it needs a prevalence of the site.

    Args:
        reading: Reading of the breast.
        verdict: Its verdict with what was found since an earlier examination; by default that of its films alone.
        standings: Meaning of its number in populations.
    """
    assessment = (verdict or reading.verdict).assessment
    if not reading.complete or assessment == "not_sure":
        return 0
    if assessment == "malignancy_suspected":
        here = [each.probability_malignant for each in standings if each.population == "site"]
        return 5 if max(here, default=0.0) >= _HIGHLY_SUGGESTIVE else 4
    if reading.not_evaluated:
        return 0
    return 2 if reading.lesions else 1


def reasons_since(lesions: Sequence[Lesion], *, compared: bool) -> Iterator[BreastReason]:
    """The results of the comparison with earlier examinations that prevent a negative assessment of a breast.

    Args:
        lesions: Its lesions, with their changes.
        compared: Whether every view of which there are earlier films was compared.
    """
    for place, lesion in enumerate(lesions):
        if lesion.change is not None and lesion.change.is_worse:
            yield BreastReason(code="lesion_new" if lesion.change.change == "new" else "lesion_grown", lesion=place)
    if not compared:
        yield BreastReason(code="not_compared")


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
        if without is not None and number is not None and abs(without - number) >= _LEAST_REPORTED:
            yield BreastReason(code="without_view", view=view, probability=without)
    for verdict in reading.other_views:
        yield BreastReason(code="film_by_itself", probability=verdict.probability)
    if reading.failed:
        yield BreastReason(code="not_assessed")
    if reading.in_doubt:
        yield BreastReason(code="in_doubt")
    if reading.not_evaluated:
        yield BreastReason(code="not_evaluated")
