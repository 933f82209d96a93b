"""Probabilities as people read them, the same text wherever they stand."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from lobule.contracts.language import Language
from lobule.contracts.result import Thresholds

_OVER: Mapping[Language, str] = {"en": "over 99.99%", "zh": "大于 99.99%"}
_UNDER: Mapping[Language, str] = {"en": "under 0.01%", "zh": "小于 0.01%"}


def percent(probability: float, thresholds: Thresholds | None = None, language: Language = "en") -> str:
    """A probability as a percentage that never contradicts the assessment.

    Whole percents, unless rounding would carry the number over a threshold or to a false 0% or 100%. The portal's
    `probability` in `words.js` writes the same.

    Args:
        probability: From 0 to 1.
        thresholds: Of the model that said so; None where it is held against none.
        language: Of the words that stand beside a number at either end of the scale.
    """
    for decimals in (0, 1, 2):
        shown = _rounded(probability, decimals + 2)
        crosses = thresholds is not None and thresholds.assess(float(shown)) != thresholds.assess(probability)
        if not crosses and (shown in (0, 1)) == (probability in (0.0, 1.0)):
            return f"{shown * 100:.{decimals}f}%"
    if probability > 0.9999:
        return _OVER[language]
    return _UNDER[language] if probability < 0.0001 else f"{_rounded(probability * 100, 4)}%"


def _rounded(value: float, places: int) -> Decimal:
    """Rounded half up, as JavaScript's `toFixed` does; Python's `round` goes to the even neighbour."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
