"""Computes the suspicion of a breast from its films.

The model increases with suspicion by construction: a film that becomes more suspicious, and a further suspicious film,
never lower the number. A film that is not suspicious can lower it, because a second view without signs is
evidence, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lobule.contracts.result import Assessment, Thresholds
from lobule_ml.calibration import Logistic, logit, sigmoid

Rule = Literal["maximum", "mean logit", "noisy-or"]
RULES: tuple[Rule, ...] = ("maximum", "mean logit", "noisy-or")


@dataclass(frozen=True)
class FilmEvidence:
    """The evidence of one film.

    Attributes:
        view: CC or MLO.
        probability: Probability that a malignant lesion is on the film.
        least: What the film by itself requires of its breast: suspected if it is, not sure if its picture is in doubt.
    """

    view: Literal["CC", "MLO"]
    probability: float
    least: Assessment = "no_sign_of_malignancy"


@dataclass(frozen=True)
class BreastModel:
    """A fitted model of a breast: the calibrated mean of the log odds of its views.

    Attributes:
        one: Part for a breast with one view, from the log odds of its most suspicious film.
        two: Part for a breast with both views, from the mean of these over the views.
        suspicious: Probability from which a film counts as suspicious and must not lower the number.
    """

    one: Logistic
    two: Logistic
    suspicious: float

    def __post_init__(self) -> None:
        """Check the conditions of the safety properties.

        Raises:
            ValueError: A part has another number of weights, or a negative one.
        """
        if (len(self.one.weights), len(self.two.weights)) != (1, 1):
            raise ValueError("a breast's model has one weight for each number of views")
        if min(*self.one.weights, *self.two.weights) < 0:
            raise ValueError("a breast's model must increase with suspicion")

    def __call__(self, films: Sequence[FilmEvidence]) -> float:
        """The probability that the breast contains a malignant lesion.

        A view whose films are all suspicious is ignored if that increases the number, so that a further suspicious film
        never lowers it.

        Raises:
            ValueError: There is no film.
        """
        return max(self._plain(kept) for kept in _kept(films, self.suspicious))

    def _plain(self, films: Sequence[FilmEvidence]) -> float:
        values = view_values(films)
        part = self.one if len(values) == 1 else self.two
        return float(part(np.array([np.mean(list(values.values()))]))[0])


@dataclass(frozen=True)
class BreastCalibration:
    """The model of a breast with its thresholds.

    Attributes:
        model: The model.
        thresholds: Probabilities between the states of a breast.
    """

    model: BreastModel
    thresholds: Thresholds

    def __call__(self, films: Sequence[FilmEvidence]) -> float:
        """The probability that the breast contains a malignant lesion, at least what one of its films requires.

        Raises:
            ValueError: There is no film.
        """
        floors = {"malignancy_suspected": self.thresholds.high, "not_sure": self.thresholds.low}
        return max(self.model(films), *(floors.get(film.least, 0.0) for film in films))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-compatible values."""
        parts = {"one": self.model.one, "two": self.model.two}
        return {
            **{name: {"weights": list(part.weights), "bias": part.bias} for name, part in parts.items()},
            "suspicious": self.model.suspicious,
            "thresholds": self.thresholds.model_dump(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BreastCalibration":
        """Restore a calibration from `to_dict`.

        Raises:
            KeyError, TypeError, ValueError: The values are invalid.
        """
        one, two = (Logistic(tuple(values[k]["weights"]), float(values[k]["bias"])) for k in ("one", "two"))
        model = BreastModel(one, two, float(values["suspicious"]))
        return cls(model, Thresholds.model_validate(values["thresholds"]))


def by_rule(rule: Rule, films: Sequence[FilmEvidence]) -> float:
    """The number of a breast by a plain rule over its views, for comparison with the model.

    Raises:
        ValueError: There is no film.
    """
    values = np.array(list(view_values(films).values()))
    if rule == "maximum":
        return float(sigmoid(values.max()))
    if rule == "mean logit":
        return float(sigmoid(values.mean()))
    return float(1 - np.prod(1 - sigmoid(values)))


def view_values(films: Sequence[FilmEvidence]) -> dict[str, float]:
    """Log odds of the most suspicious film of each view.

    Raises:
        ValueError: There is no film.
    """
    if not films:
        raise ValueError("a breast without a film has no number")
    values: dict[str, float] = {}
    for film in films:
        value = float(logit(film.probability))
        values[film.view] = max(values.get(film.view, value), value)
    return values


def _kept(films: Sequence[FilmEvidence], suspicious: float) -> Iterator[Sequence[FilmEvidence]]:
    """Yield the used films: all, or those of one view if every film of the other is suspicious.

    Within a view no film needs to be ignored, because only its most suspicious film counts.
    """
    yield films
    for view in sorted({film.view for film in films}):
        others = [film for film in films if film.view != view]
        if others and all(film.probability >= suspicious for film in films if film.view == view):
            yield others
