"""Explains the score of a breast in words, and suggests a BI-RADS category."""

from typing import Literal

from lobule.words import Words
from mammo_worker.examination.breasts import BreastReading, Lesion
from mammo_worker.examination.location import Region

Category = Literal["0", "1", "2", "4", "5"]
ReasonCode = Literal["lesion_on_both_views", "lesion_on_one_view", "nothing_marked", "without_view", "not_assessed"]

_HIGHLY_SUGGESTIVE = 0.95  # ACR BI-RADS Atlas, 5th edition (2013): category 5 begins there


def suggested_category(reading: BreastReading) -> Category:
    """The category that the number speaks for; never 3, 6 or a letter, which follow from a reader's work-up alone.

    Categories other than 0 need both views; where one is missing or failed, imaging is completed first.
    """
    assessment, probability = reading.verdict.assessment, reading.verdict.probability
    if not reading.complete or assessment == "not_sure":
        return "0"
    if assessment == "malignancy_suspected":
        return "5" if (probability or 0.0) >= _HIGHLY_SUGGESTIVE else "4"
    return "2" if reading.lesions else "1"


def category_in_words(category: Category, words: Words) -> str:
    """The suggestion as it is shown; it always says that the reader decides."""
    return words(f"breast.bi_rads.{category}")


def reasons(reading: BreastReading, words: Words) -> list[tuple[ReasonCode, str]]:
    """What carried a breast's number: its lesions, and what it would be without each view."""
    said = [_of_lesion(reading, lesion, words) for lesion in reading.lesions]
    if not said:
        said.append(_reason("nothing_marked", words))
    number = reading.verdict.probability
    for view, without in reading.without.items():
        if without is not None and number is not None:
            values = {"view": view, "without": words.percent(without), "number": words.percent(number)}
            said.append(_reason("without_view", words, **values))
    if reading.failed:
        said.append(_reason("not_assessed", words))
    return said


def _of_lesion(reading: BreastReading, lesion: Lesion, words: Words) -> tuple[ReasonCode, str]:
    values = {"place": place_in_words(lesion.region, words), "suspicion": words.percent(lesion.suspicion)}
    if lesion.together is not None:
        return _reason("lesion_on_both_views", words, **values, together=words.percent(lesion.together))
    view = next(film.view for film in reading.films if film.name in lesion.findings)
    return _reason("lesion_on_one_view", words, **values, view=view)


def _reason(code: ReasonCode, words: Words, **values: str) -> tuple[ReasonCode, str]:
    return code, words(f"breast.reason.{code}", **values)


def place_in_words(region: Region | None, words: Words) -> str:
    """Where a lesion lies, as `outer, upper, 2 o'clock and middle third`."""
    if region is None:
        return words("breast.place.unknown")
    if region.retroareolar:
        return words("breast.place.retroareolar")
    parts = [words(f"breast.place.{part}") for part in (region.across, region.along) if part]
    if region.clock:
        parts.append(words("breast.place.hour", hour=region.clock))
    return words.list([*parts, words(f"breast.place.{region.depth}")])
