"""A case as services exchange it: the system's conclusion and the clinician's reviews."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import count
from typing import Any, Literal, cast, get_args

from pydantic import AwareDatetime, Field, model_validator

from lobule.contracts.breasts import BreastConclusions
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.findings import FINDING_ID, WHOLE_IMAGE, reviewed_id
from lobule.contracts.language import Language
from lobule.contracts.modality import Evidence as EvidenceKind
from lobule.contracts.progress import StepError
from lobule.contracts.reader import ReaderFinding, SameLesion
from lobule.contracts.reasons import ReasonCode, SuggestionCode
from lobule.contracts.result import (
    Assessment,
    Document,
    ImageInfo,
    Laterality,
    Modality,
    Probability,
    StandardView,
    View,
)
from lobule.contracts.views import shown_view

CaseState = Literal["empty", "analysing", "ready", "second_read", "arbitration", "failed", "signed"]
"""`ready`: every image was assessed or failed. `signed`: as `ready`, and unchanged since the last signature.

If two people read a case: `second_read`: one of them has signed. `arbitration`: both have, and disagree.
"""

ReadRole = Literal["first", "second", "arbiter"]
"""Who reads a case that is read twice; the first reader is the one who signs first."""

Hanging = Literal["RCC", "LCC", "RMLO", "LMLO"]
HANGINGS: tuple[Hanging, ...] = ("RCC", "LCC", "RMLO", "LMLO")

Evidence = Literal["assessed", "failed", "pending"]


class ImageEvidence(Document):
    """The contribution of an image to the conclusion about its case."""

    job_id: str
    file_name: str
    modality: Modality
    evidence: EvidenceKind = Field(default="image", exclude=True, description="by the modality's specification")
    view: View | None = None
    laterality: Laterality | None = None
    state: Evidence
    assessment: Assessment | None = Field(default=None, description="where it was assessed")
    probability_malignant: Probability | None = None
    finding_assessment: Assessment | None = Field(
        default=None,
        description="the state of the most suspicious marked finding; null if none is marked",
    )
    number: int = Field(default=1, exclude=True, description="which of several of the same name; see `numbered`")

    @property
    def hanging(self) -> Hanging | None:
        """Side and view in one word, if both are known and the view is a screening view."""
        if self.laterality is None or self.view not in get_args(StandardView):
            return None
        return f"{self.laterality}{self.view}"  # pyright: ignore[reportReturnType]

    @property
    def name(self) -> str:
        """Its display name: side and view of a film, such as `RCC`, `L XCCL` or `R CC MAG`, else its file name."""
        of_film = f"{self.laterality} {shown_view(self.view)}" if self.laterality and self.view else None
        name = self.hanging or of_film or self.file_name
        return _with_number(name, self.number)


def _with_number(name: str, number: int) -> str:
    return name if number == 1 else f"{name} {number}"


def numbered(images: Sequence[ImageEvidence]) -> list[ImageEvidence]:
    """The images of an examination; those with the same view or file name are numbered, so that each name is unique."""
    last: Counter[str] = Counter()
    taken: set[str] = set()
    told_apart: list[ImageEvidence] = []
    for image in images:
        name = image.model_copy(update={"number": 1}).name
        number = next(each for each in count(last[name] + 1) if _with_number(name, each) not in taken)
        last[name] = number
        taken.add(_with_number(name, number))
        told_apart.append(image.model_copy(update={"number": number}))
    return told_apart


class Reason(Document):
    """Why the conclusion is what it is; the catalogue has its sentence as `reason.<code>`."""

    code: ReasonCode
    job_id: str | None = Field(default=None, description="analysis that the reason is about, if it is about one")
    values: dict[str, str | list[str]] = Field(default={}, description="values in the sentence")


class Suggestion(Document):
    """A suggested next step; the catalogue has its sentence as `suggestion.<code>`."""

    code: SuggestionCode
    values: dict[str, str | list[str]] = Field(default={}, description="values in the sentence")


class Conclusion(Document):
    """The system's conclusion about a case."""

    assessment: Assessment | None = Field(description="null while nothing can be said")
    probability_malignant: Probability | None = Field(
        description="the highest of the breasts and images that carry the conclusion; no probability of the case itself"
    )
    reasons: list[Reason] = Field(default=[])
    missing_views: list[Hanging] = Field(
        default=[],
        description="missing views of the four that no examination of 120 days before has; empty without mammogram",
    )
    suggestions: list[Suggestion] = Field(default=[])


Verdict = Literal["confirmed", "dismissed"]


class Review(Document):
    """The clinician's review of one finding, or of an image as a whole."""

    job_id: str = Field(description="analysis whose finding, or whose image as a whole, is reviewed")
    finding: str = Field(
        pattern=r"^(image|\d{1,4})$",
        json_schema_extra={"deprecated": True},
        description="index in the result's findings, or `image`; use `finding_id`",
    )
    finding_id: str = Field(
        default="", pattern=rf"^({WHOLE_IMAGE}|{FINDING_ID})?$", description="id of the finding, or `image`"
    )
    verdict: Verdict | None = Field(
        default=None,
        description="`confirmed` or `dismissed`; null if there is only a comment, or if `readers_differ`",
    )
    readers_differ: bool = Field(
        default=False,
        description="whether one reader has confirmed and the other one dismissed it, and no arbiter has settled it",
    )
    comment: str = Field(default="", description="comment of the clinician; empty for none")
    reviewer: str = Field(description="user name of the clinician")
    reviewed_at: AwareDatetime = Field(description="time of the last change")

    @model_validator(mode="before")
    @classmethod
    def _name(cls, given: Any) -> Any:
        """Reviews of versions signed before findings had ids name a place alone."""
        if not isinstance(given, dict):
            return given
        review = cast(dict[str, Any], given)
        if review.get("finding_id") or "finding" not in review:
            return review
        return {**review, "finding_id": reviewed_id(str(review["finding"]))}


class CaseImage(Document):
    """One image of a case, as it was when the content was assembled."""

    image_id: str
    job_id: str
    image: ImageInfo
    state: Evidence
    result_prefix: str | None = Field(default=None, description="where its result lies in the object store")
    analysed_at: AwareDatetime | None = None
    error: StepError | None = None
    reviews: list[Review] = Field(default=[])
    reader_findings: list[ReaderFinding] = Field(default=[], description="what readers drew on it")
    study_date: date | None = Field(default=None, description="day of its examination, where known")
    is_prior: bool = Field(default=False, description="a film of an earlier examination; no part of the conclusion")


class ReaderOfReport(Document):
    """A reader of a case in double reading, with their statements."""

    role: ReadRole = Field(description="`first` or `second` reader, or `arbiter` of their disagreement")
    name: str = Field(description="display name of the reader at that time")
    signed_at: AwareDatetime = Field(description="when they signed their read")
    conclusion: Assessment | None = Field(description="their conclusion")
    breasts: BreastConclusions | None = Field(default=None, description="statements about each breast")
    comment: str = Field(default="", description="their comment; empty for none")


class Signature(Document):
    """Who signed, when, and what they concluded."""

    version: int = Field(ge=1)
    signed_by: str
    signed_at: AwareDatetime
    conclusion: Assessment | None = Field(description="the clinician's own; null if they left the system's")
    comment: str = ""
    breasts: BreastConclusions | None = Field(default=None, description="of each breast; null if none was stated")
    readers: list[ReaderOfReport] = Field(
        default=[], description="of a case that is read twice, in the order of their signatures; else none"
    )

    @property
    def names(self) -> list[str]:
        """Everyone who answers for it: the readers and the arbiter, or whoever signed."""
        return [reader.name for reader in self.readers] or [self.signed_by]


class CaseContent(Document):
    """The frozen content of a case's report. A signed report depends on nothing else."""

    schema_version: Literal["1"] = "1"
    case_id: str
    pseudonym: str
    revision: int = Field(description="grows with every change of the case")
    created_at: AwareDatetime
    images: list[CaseImage]
    conclusion: Conclusion
    same_lesions: list[SameLesion] = Field(
        default=[], description="pairs of findings that readers marked as the same lesion"
    )
    examination: ExaminationReading | None = Field(
        default=None, description="what the films say together; null if they were not read together"
    )
    signature: Signature | None = Field(default=None, description="null in a draft")


class ImageContent(Document):
    """The content of the report of a single image."""

    result_prefix: str
    analysed_at: AwareDatetime


ReportForm = Literal["html", "pdf", "png", "json"]
REPORT_FILES: dict[ReportForm, tuple[str, str]] = {
    "png": ("png", "image/png"),
    "html": ("html", "text/html; charset=utf-8"),
    "pdf": ("pdf", "application/pdf"),
    "json": ("json", "application/json"),
}
"""Ending of the file and media type of each form."""
FORMS_OF_ANALYSIS: tuple[ReportForm, ...] = ("html", "png", "json")
LANGUAGE_OF_ANALYSIS: Language = "en"
"""What the report step of an analysis renders; all else is rendered when somebody requests it."""


class RenderRequest(Document):
    """The request of a `render` step; exactly one of `case` and `image` is given."""

    case: CaseContent | None = None
    image: ImageContent | None = None
    languages: list[Language] = Field(min_length=1)
    forms: list[ReportForm] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> "RenderRequest":
        if (self.case is None) == (self.image is None):
            raise ValueError("a report is of a case or of an image")
        return self
