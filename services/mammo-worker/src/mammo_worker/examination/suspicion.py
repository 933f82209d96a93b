"""Computes the suspicion of a breast from its films and from the findings that its views share.

Every method increases with suspicion by construction: a film or finding that becomes more suspicious, a further
    finding,
and a further suspicious film never lower the number. A film that is not suspicious can lower it, because a second view
without signs is evidence, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lobule_ml.calibration import Logistic, logit, sigmoid

Rule = Literal["maximum", "mean logit", "noisy-or"]
RULES: tuple[Rule, ...] = ("maximum", "mean logit", "noisy-or")
FEATURES = ("most suspicious view", "other view", "lesion on both views")
NOTHING = float(logit(0.0))
"""The log odds of a film without any suspicion."""


@dataclass(frozen=True)
class FilmEvidence:
    """The evidence of one film.

    Attributes:
        view: CC or MLO.
        probability: Probability that a malignant lesion is on the film.
        findings: Probabilities (N,) that each finding is malignant.
    """

    view: Literal["CC", "MLO"]
    probability: float
    findings: NDArray[np.float64]


@dataclass(frozen=True)
class BreastEvidence:
    """The evidence of the films of a breast.

    Attributes:
        films: At least one film, of any view.
        pairs: Probabilities (N, M) that findings of a CC and an MLO film are one lesion, by the indices of these in
            `films`.
    """

    films: Sequence[FilmEvidence]
    pairs: dict[tuple[int, int], NDArray[np.float64]]


@dataclass(frozen=True)
class BreastModel:
    """A fitted model of a breast.

    Attributes:
        one: Part for a breast with one view, from the log odds of its most suspicious film.
        two: Part for a breast with both views, from `FEATURES`.
        suspicious: Probability from which a film counts as suspicious and must not lower the number.
    """

    one: Logistic
    two: Logistic
    suspicious: float

    def __post_init__(self) -> None:
        """Check the conditions of the safety properties.

        Raises:
            ValueError: A weight is negative.
        """
        if min(*self.one.weights, *self.two.weights) < 0:
            raise ValueError("a breast's model must increase with suspicion")

    def __call__(self, breast: BreastEvidence) -> float:
        """The probability that the breast contains a malignant lesion.

        A view whose films are all suspicious is ignored if that increases the number, so that a further suspicious film
        never lowers it.

        Raises:
            ValueError: There is no film.
        """
        return max(self._plain(breast, kept) for kept in _kept(breast, self.suspicious))

    def _plain(self, breast: BreastEvidence, kept: Sequence[int]) -> float:
        values = view_values(breast, kept)
        if len(values) == 1:
            return float(self.one(np.array([max(values.values())]))[0])
        return float(self.two(features(breast, kept)[None])[0])

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-compatible values."""
        parts = {
            name: {"weights": list(m.weights), "bias": m.bias} for name, m in (("one", self.one), ("two", self.two))
        }
        return {**parts, "suspicious": self.suspicious}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "BreastModel":
        """Restore a model from `to_dict`.

        Raises:
            KeyError, TypeError, ValueError: The values are invalid.
        """
        one, two = (Logistic(tuple(values[k]["weights"]), float(values[k]["bias"])) for k in ("one", "two"))
        if (len(one.weights), len(two.weights)) != (1, len(FEATURES)):
            raise ValueError("a breast's model has other features than this version")
        return cls(one, two, float(values["suspicious"]))


def by_rule(rule: Rule, breast: BreastEvidence) -> float:
    """The number of a breast by a plain rule over its views, for comparison with models.

    Raises:
        ValueError: There is no film.
    """
    values = np.array(list(view_values(breast, range(len(breast.films))).values()))
    if rule == "maximum":
        return float(sigmoid(values.max()))
    if rule == "mean logit":
        return float(sigmoid(values.mean()))
    return float(1 - np.prod(1 - sigmoid(values)))


def view_values(breast: BreastEvidence, kept: Sequence[int]) -> dict[str, float]:
    """Log odds of the most suspicious film of each view, among the films at these indices.

    Raises:
        ValueError: There is no film.
    """
    if not kept:
        raise ValueError("a breast without a film has no number")
    values: dict[str, float] = {}
    for i in kept:
        film = breast.films[i]
        values[film.view] = max(values.get(film.view, NOTHING), float(logit(film.probability)))
    return values


def features(breast: BreastEvidence, kept: Sequence[int]) -> NDArray[np.float64]:
    """`FEATURES` (3,) of a breast with two views; each increases with every suspicion."""
    values = sorted(view_values(breast, kept).values())
    return np.array([values[-1], values[0], shared_suspicion(breast, kept)])


def shared_suspicion(breast: BreastEvidence, kept: Sequence[int]) -> float:
    """Log odds of the most suspicious lesion on both views.

    The less suspicious of its two findings counts, weighted by the probability that the pair is one lesion.
    """
    best = NOTHING
    for (i, j), together in breast.pairs.items():
        if i in kept and j in kept and together.size:
            cc, mlo = logit(breast.films[i].findings), logit(breast.films[j].findings)
            both = np.minimum(cc[:, None], mlo[None]) + np.log(np.clip(together, 1e-6, 1))
            best = max(best, float(both.max()))
    return best


def _kept(breast: BreastEvidence, suspicious: float) -> Iterator[list[int]]:
    """Yield the indices of the used films: all, or those of one view if every film of the other is suspicious.

    Within a view no film needs to be ignored, because only its most suspicious film counts.
    """
    everything = list(range(len(breast.films)))
    yield everything
    for view in sorted({film.view for film in breast.films}):
        others = [i for i in everything if breast.films[i].view != view]
        if others and all(breast.films[i].probability >= suspicious for i in everything if i not in others):
            yield others
