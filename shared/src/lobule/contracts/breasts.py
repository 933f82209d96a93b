"""A clinician's conclusion about each breast: BI-RADS category, density and recommendation.

The categories are those of the ACR BI-RADS Atlas, 5th edition (2013).
"""

from typing import Literal

from pydantic import Field, model_validator

from lobule.contracts.result import Assessment, DensityCategory, Document, Laterality

BiRads = Literal[0, 1, 2, 3, 4, 5, 6]
Density = DensityCategory
Recommendation = Literal["routine_screening", "short_follow_up", "further_imaging", "biopsy", "treatment"]

_MEANINGS: tuple[tuple[frozenset[int], Assessment], ...] = (
    (frozenset({4, 5, 6}), "malignancy_suspected"),
    (frozenset({0, 3}), "not_sure"),
    (frozenset({1, 2}), "no_sign_of_malignancy"),
)
"""The category of a breast as an assessment, the most suspicious first."""
_UNFITTING: dict[BiRads, frozenset[Recommendation]] = {
    0: frozenset({"routine_screening", "short_follow_up", "treatment"}),
    1: frozenset({"biopsy", "treatment"}),
    2: frozenset({"biopsy", "treatment"}),
    3: frozenset({"routine_screening", "treatment"}),
    4: frozenset({"routine_screening", "short_follow_up"}),
    5: frozenset({"routine_screening", "short_follow_up"}),
    6: frozenset({"routine_screening"}),
}
"""Recommendations that contradict a category. The portal's `reading/breast-contradictions.js` has the same table."""


class BreastConclusion(Document):
    """The conclusion about one breast."""

    bi_rads: BiRads = Field(description="BI-RADS category, 0 to 6")
    density: Density | None = Field(default=None, description="BI-RADS density, almost fatty to extremely dense")
    recommendation: Recommendation | None = Field(default=None, description="recommended next step")

    @property
    def assessment(self) -> Assessment:
        """The category as an assessment."""
        return next(assessment for categories, assessment in _MEANINGS if self.bi_rads in categories)


class BreastConclusions(Document):
    """The conclusions about the breasts of an examination: both, or the one that was examined."""

    right: BreastConclusion | None = Field(default=None, description="the right breast; null if it was not examined")
    left: BreastConclusion | None = Field(default=None, description="the left breast; null if it was not examined")

    @model_validator(mode="after")
    def _check(self) -> "BreastConclusions":
        if not self.stated:
            raise ValueError("a conclusion on at least one breast is needed")
        return self

    @property
    def stated(self) -> list[tuple[Laterality, BreastConclusion]]:
        """The breasts with a conclusion, right before left, as films are hung."""
        sides: tuple[tuple[Laterality, BreastConclusion | None], ...] = (("R", self.right), ("L", self.left))
        return [(side, breast) for side, breast in sides if breast]

    @property
    def assessment(self) -> Assessment:
        """The most suspicious category of both as an assessment of the case."""
        given = {breast.bi_rads for _, breast in self.stated}
        return next(assessment for categories, assessment in _MEANINGS if categories & given)

    def contradict(self, conclusion: Assessment) -> bool:
        """Whether a breast is stated to be more suspicious than a conclusion about the whole case."""
        order = [assessment for _, assessment in _MEANINGS]
        return order.index(self.assessment) < order.index(conclusion)

    def contradict_themselves(self) -> bool:
        """Whether a breast's recommendation does not fit its category (docs/case-assessment.md)."""
        return any(breast.recommendation in _UNFITTING[breast.bi_rads] for _, breast in self.stated)
