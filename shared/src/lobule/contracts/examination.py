"""An examination: the films of a patient's breasts read together, and what came of it.

The films have been analysed one by one before. Reading them together says where the marked findings lie in the breast,
which findings of two views are one lesion, how suspicious each breast is, and what became of a finding since an earlier
examination.
"""

from typing import Literal

from pydantic import Field

from lobule.contracts.document import Document
from lobule.contracts.findings import FINDING_ID
from lobule.contracts.result import Assessment, DensityCategory, ImageInfo, Laterality, Probability, StandardView
from lobule.contracts.unit import ImageRole


class AnalysedImage(Document):
    """An image of an examination, analysed by itself."""

    job_id: str = Field(description="its analysis")
    role: ImageRole = Field(description="`current`, or `prior` of an earlier examination, which is compared with alone")
    image: ImageInfo = Field(description="what is known of it, as the user corrected it")
    key: str = Field(description="object-store key of the uploaded bytes")
    result_prefix: str = Field(description="where its analysis left the result")


class ExaminationRequest(Document):
    """What an `examination` step is asked for."""

    images: list[AnalysedImage] = Field(min_length=1, description="of one modality, current ones first")
    failed: list[Laterality | None] = Field(
        default=[], description="of each current image that could not be analysed, which breast it shows, if known"
    )


class LesionMark(Document):
    """A finding of one image."""

    job_id: str = Field(description="analysis that found it")
    finding_id: str = Field(pattern=rf"^{FINDING_ID}$", description="id of the finding in that analysis")
    view: StandardView = Field(description="view of the image")


class LesionPlace(Document):
    """Where a lesion lies in a breast."""

    across: Literal["outer", "inner"] | None = Field(description="null where no CC film tells, or near the middle")
    along: Literal["upper", "lower"] | None = Field(description="null where no MLO film tells, or near the middle")
    clock: int | None = Field(
        ge=1, le=12, description="hour on the clock face of the breast, seen from the front; null without both views"
    )
    depth: Literal["anterior", "middle", "posterior"] = Field(description="third of the way to the chest wall")
    retroareolar: bool = Field(description="close behind the nipple")


class LesionChange(Document):
    """What became of a lesion since an earlier examination, on the view where it grew most."""

    change: Literal["new", "stable", "grown", "smaller", "not_comparable"] = Field(
        description="`not_comparable`: the earlier film does not show that part of the breast"
    )
    growth: float | None = Field(description="of the size, as a share of the earlier one; null without an earlier one")
    growth_mm: float | None = Field(description="the same in millimetres; null where a pixel spacing is not known")
    prior: LesionMark | None = Field(description="the finding on the earlier film; null where there is none")


class Lesion(Document):
    """A marked lesion of a breast, counted once, with its mark on one view or on both."""

    marks: list[LesionMark] = Field(min_length=1, max_length=2, description="its findings, CC before MLO")
    probability_malignant: Probability = Field(description="suspicion of its most suspicious finding")
    same_lesion: Probability | None = Field(
        description="probability that the two findings are one lesion; null on one view"
    )
    place: LesionPlace | None = Field(description="where it lies; null where the film shows no breast")
    change: LesionChange | None = Field(default=None, description="since the earlier examination; null without one")


PopulationName = Literal["enriched", "screening", "site"]


class Standing(Document):
    """What a number means among the examinations of a population."""

    population: PopulationName = Field(
        description="`enriched` as trained, `screening`, or the site's own, where its prevalence is set"
    )
    prevalence: Probability = Field(description="share of its examinations with cancer")
    probability_malignant: Probability = Field(description="probability of malignancy at this prevalence")
    place: int = Field(ge=1, le=10, description="from 1 for its least suspicious tenth to 10 for its most")


class BreastReason(Document):
    """What carried a breast's number; the catalogue has its sentence as `breast.reason.<code>`."""

    code: Literal[
        "lesion_on_both_views",
        "lesion_on_one_view",
        "nothing_marked",
        "view_by_itself",
        "without_view",
        "film_by_itself",
        "not_assessed",
        "not_evaluated",
    ] = Field(description="stable name of the reason")
    lesion: int | None = Field(default=None, description="place of the lesion that it speaks of")
    view: StandardView | None = Field(default=None, description="the view that it speaks of")
    probability: Probability | None = Field(
        default=None,
        description="`without_view`: the number without that view; `view_by_itself`, `film_by_itself`: the "
        "suspicion of that film",
    )


class BreastReading(Document):
    """What the films of a breast say together."""

    laterality: Laterality = Field(description="which breast")
    views: list[StandardView] = Field(description="views that were read")
    assessment: Assessment = Field(description="of the breast")
    probability_malignant: Probability | None = Field(description="null where no film of it was analysed")
    bi_rads: Literal[0, 1, 2, 4, 5] = Field(
        description="category that the number speaks for, as a suggestion; 3 and 6 follow from a work-up alone"
    )
    density: DensityCategory | None = Field(
        default=None, description="density that its films speak for, as a suggestion; null where it was not read"
    )
    standings: list[Standing] = Field(default=[], description="what the number means in populations")
    lesions: list[Lesion] = Field(default=[], description="most suspicious first")
    reasons: list[BreastReason] = Field(default=[], description="what carried the number")


class ExaminationReading(Document):
    """What the films of an examination say together."""

    schema_version: Literal["1"] = Field(default="1", description="version of this document's form")
    method: Literal["model", "rule"] = Field(
        description="`model`: a fitted model of the breast made the numbers; `rule`: the most suspicious film did"
    )
    breasts: list[BreastReading] = Field(description="right before left, as films hang")
    assessment: Assessment = Field(description="of the examination")
    probability_malignant: Probability | None = Field(description="the highest of the breasts that carry it")
    standings: list[Standing] = Field(default=[], description="what that number means in populations")

    def largest_growth_mm(self) -> float | None:
        """Of the lesion that has grown most since the earlier examination; None where none has, or none is in mm."""
        changes = [lesion.change for breast in self.breasts for lesion in breast.lesions if lesion.change]
        grown = [each.growth_mm for each in changes if each.change == "grown" and each.growth_mm is not None]
        return max(grown, default=None)

    def numbered(self) -> list[Lesion]:
        """The lesions of both breasts by number, from 1: the most suspicious first, as in the portal."""
        lesions = [lesion for breast in self.breasts for lesion in breast.lesions]
        return sorted(lesions, key=lambda lesion: -lesion.probability_malignant)
