"""An examination: the films of a patient's breasts and their combined reading.

The films have been analysed one by one before. The combined reading determines where the marked findings lie in the
breast, which findings of two views are one lesion, how suspicious each breast is, and how each finding has changed
since an earlier examination.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from lobule.contracts.axis import FilmAxis
from lobule.contracts.difference import FilmDifference
from lobule.contracts.document import Document
from lobule.contracts.findings import FINDING_ID
from lobule.contracts.result import Assessment, DensityCategory, Laterality, Probability, StandardView
from lobule.contracts.sizes import whole_mm


class LesionMark(Document):
    """A finding of one image."""

    job_id: str = Field(description="analysis that found it")
    finding_id: str = Field(pattern=rf"^{FINDING_ID}$", description="id of the finding in that analysis")
    view: StandardView = Field(description="view of the image")
    from_nipple_mm: float | None = Field(
        default=None,
        description="distance from the nipple on the film, in the plane of its spacing; null in older readings, and if "
        "the spacing or the nipple is not known",
    )


class LesionPlace(Document):
    """The place of a lesion in a breast."""

    across: Literal["outer", "inner"] | None = Field(
        description="inner or outer half; null without a CC film, or near the middle"
    )
    along: Literal["upper", "lower"] | None = Field(
        description="upper or lower half; null without an MLO film, or near the middle"
    )
    clock: int | None = Field(
        ge=1, le=12, description="hour on the clock face of the breast, seen from the front; null without both views"
    )
    depth: Literal["anterior", "middle", "posterior"] = Field(description="third of the way to the chest wall")
    retroareolar: bool = Field(description="whether it is close behind the nipple")


class EarlierSize(Document):
    """The size of a lesion on an earlier film."""

    job_id: str = Field(description="analysis of the earlier film")
    mm: float | None = Field(description="longest side in millimetres; null if the film has no mark there")


Change = Literal["new", "stable", "grown", "smaller", "not_comparable"]


class LesionChange(Document):
    """The change of a lesion since an earlier examination, on the view on which it grew most.

    The change is relative to the latest earlier film; if the lesion has grown only since an older one, relative to
    that.
    """

    change: Change = Field(description="`not_comparable`: the earlier film does not show that part of the breast")
    growth: float | None = Field(description="growth as a share of the earlier size; null without an earlier finding")
    growth_mm: float | None = Field(description="`now_mm` less `before_mm`; null if these are")
    before_mm: float | None = Field(
        default=None,
        description="longest side on the earlier film, in millimetres; null in older readings, and unless the spacings "
        "of both films are known and are valid in the same known plane",
    )
    now_mm: float | None = Field(default=None, description="longest side now, in millimetres; null as `before_mm`")
    sizes: list[EarlierSize] = Field(
        default=[],
        description="sizes on all earlier films of that view that can be compared in millimetres, the latest first; "
        "empty in older readings",
    )
    earlier: str | None = Field(
        default=None, description="analysis of the earlier film that it is compared with; null in older readings"
    )
    prior: LesionMark | None = Field(description="the finding on the earlier film; null if there is none")

    @property
    def is_worse(self) -> bool:
        """Whether the lesion is new or has grown, so that its breast is not called negative."""
        return self.change in ("new", "grown")

    @property
    def grown_by(self) -> int | None:
        """Growth in whole millimetres: the difference of the sizes that are shown beside it; None if not known."""
        if self.before_mm is None or self.now_mm is None:
            return None if self.growth_mm is None else whole_mm(self.growth_mm)
        return whole_mm(self.now_mm) - whole_mm(self.before_mm)


class Lesion(Document):
    """A marked lesion of a breast, counted once, with one mark on each film that shows it."""

    marks: list[LesionMark] = Field(
        min_length=1, description="its findings, CC before MLO; several of one view if that was taken more than once"
    )
    probability_malignant: Probability = Field(description="suspicion of its most suspicious finding")
    same_lesion: Probability | None = Field(
        description="probability that the findings of both views are one lesion; null on one view"
    )
    place: LesionPlace | None = Field(description="place in the breast; null if no breast was found on the film")
    change: LesionChange | None = Field(
        default=None, description="change since the earlier examination; null without one"
    )
    earlier_marks: list[LesionMark] = Field(
        default=[],
        description="its findings on films of earlier examinations, the latest first for each of `marks`; empty in "
        "older readings",
    )


class WorseLesion(Document):
    """A lesion that is new or has grown since an earlier examination."""

    change: Change
    marks: list[str] = Field(description="analyses of the films that show it")
    mm: int | None = Field(description="growth in whole millimetres; null for a new lesion, and if it is not known")


class SinceEarlier(Document):
    """What the comparison of an examination with earlier ones found; the case's conclusion depends on it."""

    worse: list[WorseLesion] = Field(default=[], description="by number: the most suspicious lesion first")
    not_compared: list[str] = Field(default=[], description="as `ExaminationReading.not_compared`")

    @property
    def is_new(self) -> bool:
        """Whether a lesion is new."""
        return any(lesion.change == "new" for lesion in self.worse)

    @property
    def largest_growth_mm(self) -> int | None:
        """Largest growth of a lesion; None if none has grown or is measured in mm."""
        return max((lesion.mm for lesion in self.worse if lesion.mm is not None), default=None)


class PlacedFinding(Document):
    """A marked finding that is combined with no other, with its place by its film alone."""

    mark: LesionMark = Field(description="the finding")
    place: LesionPlace = Field(description="its place in the breast")


class LesionSite(Document):
    """The site of an examination's suspicion for lists: the breast, and where in it."""

    laterality: Laterality = Field(description="which breast")
    place: LesionPlace | None = Field(description="place of its most suspicious lesion; null if it is not known")


PopulationName = Literal["enriched", "screening", "site"]


class Standing(Document):
    """The meaning of a number among the examinations of a population."""

    population: PopulationName = Field(
        description="`enriched` as in the training, `screening`, or the site's own, if its prevalence is set"
    )
    prevalence: Probability = Field(description="share of its examinations with cancer")
    probability_malignant: Probability = Field(description="probability of malignancy at this prevalence")
    place: int = Field(ge=1, le=10, description="from 1 for its least suspicious tenth to 10 for its most")


class BreastReason(Document):
    """A reason for a breast's number; the catalogue has its sentence as `breast.reason.<code>`."""

    code: Literal[
        "lesion_on_both_views",
        "lesion_on_one_view",
        "nothing_marked",
        "view_by_itself",
        "without_view",
        "film_by_itself",
        "not_assessed",
        "in_doubt",
        "lesion_new",
        "lesion_grown",
        "not_compared",
        "not_evaluated",
    ] = Field(description="stable name of the reason")
    lesion: int | None = Field(default=None, description="index of the lesion that the reason is about")
    view: StandardView | None = Field(default=None, description="view that the reason is about")
    probability: Probability | None = Field(
        default=None,
        description="`without_view`: the number without that view; `view_by_itself`, `film_by_itself`: the "
        "suspicion of that film alone",
    )


class BreastReading(Document):
    """The combined reading of the films of a breast."""

    laterality: Laterality = Field(description="which breast")
    views: list[StandardView] = Field(description="views that were read")
    assessment: Assessment = Field(description="assessment of the breast")
    probability_malignant: Probability | None = Field(
        description="calibrated probability of malignancy; null if none of its films was analysed"
    )
    bi_rads: Literal[0, 1, 2, 4, 5] = Field(
        description="suggested category; 3 and 6 are never suggested, because they need a work-up"
    )
    density: DensityCategory | None = Field(default=None, description="suggested density; null if it was not read")
    standings: list[Standing] = Field(default=[], description="meaning of the number in populations")
    lesions: list[Lesion] = Field(default=[], description="most suspicious first")
    calcifications: list[PlacedFinding] = Field(
        default=[], description="clusters of calcifications, which count in no number; empty in older readings"
    )
    reasons: list[BreastReason] = Field(default=[], description="reasons for the number")

    @property
    def doubts(self) -> list[BreastReason]:
        """The reasons that keep it from being called negative, whatever its films show."""
        return [reason for reason in self.reasons if reason.code in _DOUBTS]


_DOUBTS = frozenset({"not_assessed", "in_doubt", "lesion_new", "lesion_grown", "not_compared"})
"""Reasons that keep a breast from being called negative, whatever its films show."""


class BreastState(Document):
    """What the joint reading says of a breast; the case's conclusion depends on it."""

    laterality: Laterality = Field(description="which breast")
    assessment: Assessment = Field(description="assessment of the breast")
    probability_malignant: Probability | None = Field(description="calibrated probability of malignancy")


class ExaminationReading(Document):
    """The combined reading of the films of an examination."""

    schema_version: Literal["1"] = Field(default="1", description="version of the document's format")
    method: Literal["model", "rule"] = Field(
        description="`model`: the numbers are those of a fitted model of the breast; `rule`: those of the most "
        "suspicious film"
    )
    breasts: list[BreastReading] = Field(description="right before left, as films hang")
    assessment: Assessment = Field(description="assessment of the examination")
    probability_malignant: Probability | None = Field(
        description="highest probability of the breasts that decide the assessment"
    )
    standings: list[Standing] = Field(default=[], description="meaning of that number in populations")
    not_compared: list[str] = Field(
        default=[],
        description="analyses of earlier films that could not be read, of views that no other earlier film shows",
    )
    axes: list[FilmAxis] = Field(default=[], description="the breast's axis on each film; empty in older readings")
    differences: list[FilmDifference] = Field(
        default=[], description="current films compared with those of the other breast; empty in older readings"
    )

    def findings_since(self) -> SinceEarlier:
        """What the comparison with earlier examinations found."""
        worse = [
            WorseLesion(change=change.change, marks=[mark.job_id for mark in lesion.marks], mm=change.grown_by)
            for lesion in self.numbered()
            if (change := lesion.change) and change.is_worse
        ]
        return SinceEarlier(worse=worse, not_compared=self.not_compared)

    def states(self) -> list[BreastState]:
        """What the case's conclusion takes of the breasts; empty if their films alone say it.

        That is so without a model. A breast that something else keeps from being called negative is left out, too,
        unless it is suspected: the conclusion knows of that.
        """
        if self.method == "rule":
            return []
        return [
            BreastState.model_validate(breast.model_dump(include=set(BreastState.model_fields)))
            for breast in self.breasts
            if breast.assessment == "malignancy_suspected" or not breast.doubts
        ]

    def leading(self) -> LesionSite | None:
        """The breast whose number is that of the examination, and the place of its most suspicious lesion.

        None if no breast determines the assessment.
        """
        known = [breast for breast in self.breasts if breast.assessment == self.assessment]
        most = max(known, key=lambda breast: breast.probability_malignant or 0.0, default=None)
        return most and LesionSite(laterality=most.laterality, place=most.lesions[0].place if most.lesions else None)

    def numbered(self) -> list[Lesion]:
        """The lesions of both breasts by number, from 1: the most suspicious first, as in the portal."""
        return numbered_lesions(self.breasts)


def numbered_lesions(breasts: Sequence[BreastReading]) -> list[Lesion]:
    """The lesions of breasts, right before left, by number from 1."""
    lesions = [lesion for breast in breasts for lesion in breast.lesions]
    return sorted(lesions, key=lambda lesion: -lesion.probability_malignant)
