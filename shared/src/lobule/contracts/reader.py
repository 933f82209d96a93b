"""Findings that readers draw on images, separate from the system's findings.

Coordinates are those of results: pixels of the upright image, as its file has them.
"""

from string import ascii_uppercase
from typing import Literal

from pydantic import AwareDatetime, Field

from lobule.contracts.document import Document
from lobule.contracts.findings import FINDING_ID
from lobule.contracts.result import Box

FindingKind = Literal["mass", "calcification", "asymmetry", "distortion", "other"]
Shape = Literal["box", "ellipse", "outline"]
Outline = list[tuple[float, float]]

READER_FINDING_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
"""A random UUID that the client chooses, so that sending a finding twice creates it once."""


class FindingReference(Document):
    """A reference to a finding: of the system by its analysis and id, or of a reader by its id."""

    job_id: str | None = Field(
        default=None, max_length=36, description="analysis of the system's finding; null for a reader's finding"
    )
    finding_id: str = Field(
        pattern=rf"^({FINDING_ID}|{READER_FINDING_ID})$",
        description="id within the analysis, or id of the reader's finding",
    )


class ReaderFinding(Document):
    """A finding that a reader drew. The system computes nothing from it."""

    id: str = Field(
        pattern=rf"^{READER_FINDING_ID}$", description="id of the finding, chosen by the client; it never changes"
    )
    image_id: str = Field(description="image that it is drawn on")
    number: int = Field(ge=1, description="number among the readers' findings of the case, from 1; shown as a letter")
    kind: FindingKind = Field(description="kind of lesion, in the reader's opinion")
    shape: Shape = Field(description="shape of the drawing; an ellipse fills its box")
    box: Box = Field(description="bounding box, in pixels of the uploaded image")
    outline: Outline | None = Field(
        default=None, description="closed polygon, (x, y) in pixels, if `shape` is `outline`"
    )
    corrects: FindingReference | None = Field(
        default=None, description="finding of the system whose outline it replaces"
    )
    comment: str = Field(default="", description="note of the reader; empty for none")
    author: str = Field(description="user name of the reader")
    drawn_at: AwareDatetime = Field(description="when it was drawn or changed last")

    @property
    def letter(self) -> str:
        """The letter of the finding: A to Z, then AA to AZ, and so on. The system's findings have numbers."""
        letters, left = "", self.number
        while left:
            left, last = divmod(left - 1, len(ascii_uppercase))
            letters = ascii_uppercase[last] + letters
        return letters


class SameLesion(Document):
    """Two findings that a reader marked as the same lesion, mostly on two views of a breast."""

    id: str = Field(pattern=rf"^{READER_FINDING_ID}$", description="chosen by the client")
    one: FindingReference = Field(description="a finding")
    other: FindingReference = Field(description="the other one")
    author: str = Field(description="user name of the reader")
    said_at: AwareDatetime = Field(description="time of the mark")
