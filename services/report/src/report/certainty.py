"""Probabilities in words, and the three zones of the certainty scale between two thresholds."""

from collections.abc import Iterator

from lobule.contracts.result import Assessment, Result, Thresholds
from lobule.words import Words
from report.parts import Part

# Lower bounds of the verbal scale: the bands of the IPCC's calibrated language (Mastrandrea et al. 2010).
_WORDS = (
    (0.90, "certainty.very_likely"),
    (0.66, "certainty.likely"),
    (0.33, "certainty.even"),
    (0.10, "certainty.unlikely"),
    (0.0, "certainty.very_unlikely"),
)


class Zone(Part):
    """One of the three zones of the certainty scale.

    Attributes:
        assessment: What a probability in it means.
        start: Lowest probability of the zone.
        end: Where the next zone begins.
        name: The assessment in words.
        range: The probabilities in words.
    """

    assessment: Assessment
    start: float
    end: float
    name: str
    range: str


def certainty_of(result: Result, text: Words) -> str:
    """The probability of a result in words, or that it does not decide, or that there is none: a notice says why."""
    number = result.shown_probability
    if number is None:
        return text("certainty.none")
    return text("certainty.doubted" if _doubted(result, number) else in_words(number))


def frequency_of(result: Result, text: Words) -> str:
    """The probability of a result as a frequency in 100 images; empty if it does not decide or there is none."""
    number = result.shown_probability
    if number is None or _doubted(result, number):
        return ""
    shown = text.percent(number, result.thresholds)
    return text("certainty.frequency", percent=shown, count=count_of_100(number, text))


def scale_of(result: Result, text: Words) -> str:
    """A sentence about the scale of certainty; empty without a number."""
    number = result.shown_probability
    if number is None:
        return ""
    shown = text.percent(number, result.thresholds)
    return text("certainty.scale", percent=shown, assessment=text(f"common.assessment.{result.assessment}"))


def _doubted(result: Result, number: float) -> bool:
    """Whether the system is not sure of an image although its number lies beyond the thresholds."""
    return result.assessment != result.thresholds.assess(number)


def in_words(probability: float) -> str:
    """The catalogue key of the verbal probability."""
    return next(key for bound, key in _WORDS if probability >= bound)


def zones(thresholds: Thresholds, text: Words) -> Iterator[Zone]:
    """The zones of the scale, from low to high; one without extent (low equals high, or 0) is left out."""
    low, high = (text.percent(value) for value in (thresholds.low, thresholds.high))
    stretches: tuple[tuple[Assessment, float, float, str], ...] = (
        ("no_sign_of_malignancy", 0.0, thresholds.low, text("certainty.below", percent=low)),
        ("not_sure", thresholds.low, thresholds.high, text("certainty.between", low=low, high=high)),
        ("malignancy_suspected", thresholds.high, 1.0, text("certainty.from", percent=high)),
    )
    for assessment, start, end, words in stretches:
        if end > start:
            name = text(f"common.assessment.{assessment}")
            yield Zone(assessment=assessment, start=start, end=end, name=name, range=words)


def count_of_100(probability: float, text: Words) -> str:
    """A probability as a natural frequency, which most readers understand best (Gigerenzer 2011)."""
    if probability < 0.01:
        return text("certainty.count.few")
    if probability > 0.99:
        return text("certainty.count.most")
    return text("certainty.count", count=round(probability * 100))
