"""A modality: the specification that its worker announces, and that gateway, portal, report and client read.

Gateway, portal, report and client do not branch on a modality. This specification states what they need to know: which
files are accepted, which attributes an image has, what a result can contain, how it is shown, and how it contributes to
a case's conclusion.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from lobule.contracts.document import Document
from lobule.contracts.language import LANGUAGES, Language
from lobule.contracts.queues import PICTURE_QUEUE, REPORT_QUEUE

Modality = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,19}$"),
    Field(
        description="name of a modality; `GET /api/v1/modalities` lists those that are known",
        examples=["mammography", "histopathology"],
    ),
]
View = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z][A-Z0-9]{0,4}$"),
    Field(
        description="code of a view, of the vocabulary of the image's modality; `GET /api/v1/modalities` lists it",
        examples=["CC", "MLO"],
    ),
]
FindingLabel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,29}$")]
Format = Literal["PNG", "JPEG", "TIFF", "DICOM"]
Evidence = Literal["film", "tissue", "image"]
Magnification = Literal["40X", "100X", "200X", "400X"]
FINEST_UM, COARSEST_UM = 0.02, 8.0
"""Micrometres a pixel of a microscope; others are those of a screen or a printer: 2,400 dots an inch are 10.6."""
UmPerPixel = Annotated[float, Field(ge=FINEST_UM, le=COARSEST_UM)]
UM_OF_MAGNIFICATION: Mapping[Magnification, float] = {"40X": 1.2, "100X": 0.48, "200X": 0.24, "400X": 0.12}
"""Micrometres per pixel of BreakHis' camera (Spanhol et al. 2016), confirmed by its nuclei
(docs/results/tissue-tried.md)."""
FARTHEST = 1.6
"""Largest factor to a magnification's scale at which a field counts as one of this magnification."""
Attribute = Literal["laterality", "view", "study_date", "um_per_pixel", "magnification"]


class Views(Document):
    """The views in which images of a modality are taken."""

    codes: tuple[View, ...] = Field(description="all codes of views")
    offered: tuple[View, ...] = Field(description="usual codes, which the portal offers")
    screening: tuple[View, ...] = Field(
        default=(), description="codes that, for both sides, complete an examination and are displayed together"
    )


class Holds(Document):
    """The optional parts of a modality's results."""

    findings: tuple[FindingLabel, ...] = Field(default=(), description="labels of findings; none: it has no findings")
    outlines: bool = Field(default=False, description="whether a finding can have an outline besides its box")
    heat_map: bool = Field(default=False, description="whether a result can have a heat map")


class Look(Document):
    """Display and recognition of a modality's images."""

    colours: Literal["grey", "colour"] | None = Field(
        default=None, description="colours that distinguish these images from others; null: none"
    )
    windowed: bool = Field(
        default=False, description="whether grey values are measurements, so that the viewer offers window and level"
    )
    file_names: str = Field(
        default="",
        max_length=200,
        description="ECMAScript pattern that usual file names contain, ignoring case; an invalid pattern is ignored",
    )


class ModalitySpec(Document):
    """The specification of a modality."""

    name: Modality
    queue: str = Field(pattern=r"^[a-z][a-z0-9-]{0,19}$", description="queue of its workers")
    titles: Mapping[Language, str] = Field(description="name of the modality in every language")
    formats: tuple[Format, ...] = Field(min_length=1, description="file formats that are accepted")
    evidence: Evidence = Field(
        description="how an image contributes to a case's conclusion: a `film` is compared with the others of its"
        " breast, malignant `tissue` outranks films, any other `image` counts alone"
    )
    attributes: tuple[Attribute, ...] = Field(default=(), description="attributes of an image")
    views: Views | None = Field(default=None, description="views of the images; null if there are none")
    magnifications: tuple[Magnification, ...] = Field(
        default=(), description="possible magnifications; empty if there are none"
    )
    in_examinations: bool = Field(
        default=True, description="whether images of one day form an examination, and earlier ones are priors"
    )
    read_together: bool = Field(
        default=False,
        description="whether its workers read the images of an examination together once all are analysed",
    )
    reads_regions: bool = Field(
        default=False, description="whether its workers give an opinion on a region that a reader draws"
    )
    holds: Holds = Field(default=Holds(), description="what a result may hold besides its probability")
    look: Look = Field(default=Look(), description="display of its images, and how to recognise their files")
    limits: tuple[str, ...] = Field(
        default=(), description="keys of the sentences about the limits of an analysis; see `sentences`"
    )
    limits_of_case: tuple[str, ...] = Field(default=(), description="keys of the limits that a case's report repeats")
    sentences: Mapping[Language, Mapping[str, str]] = Field(
        default={},
        description="sentences that the catalogue lacks, by language and key: `document.title`, "
        "`conclusion.<assessment>`, `next.<assessment>` (with `.marked` if a film has a suspicious "
        "finding), `examined.kind`, `limits.<key>`; `{modality}` is its title",
    )

    @model_validator(mode="after")
    def _check(self) -> "ModalitySpec":
        if lacking := [language for language in LANGUAGES if not self.titles.get(language)]:
            raise ValueError(f"the modality has no title in {lacking}")
        if ("view" in self.attributes) != (self.views is not None):
            raise ValueError("a modality has a vocabulary of views where a view may be said of its images, only then")
        if ("magnification" in self.attributes) != bool(self.magnifications):
            raise ValueError("a modality names magnifications where one may be said of its images, only then")
        if self.queue in (REPORT_QUEUE, PICTURE_QUEUE):
            raise ValueError(f"the queue {self.queue!r} is that of the report service")
        for language, sentences in self.sentences.items():
            for key, sentence in sentences.items():
                _check_blanks(key, sentence, self.titles[language])
        return self

    def accepts_view(self, view: str) -> bool:
        """Whether a view is in its vocabulary."""
        return self.views is not None and view in self.views.codes

    def check_findings(self, labels: set[str], *, outlines: bool, heat_map: bool) -> None:
        """Refuse a result with parts that the modality does not have.

        Raises:
            ValueError: The result has such a part; the message names it.
        """
        if unknown := labels - set(self.holds.findings):
            raise ValueError(f"results of {self.name} hold no findings labelled {sorted(unknown)}")
        if outlines and not self.holds.outlines:
            raise ValueError(f"results of {self.name} hold no outlines")
        if heat_map and not self.holds.heat_map:
            raise ValueError(f"results of {self.name} hold no heat map")


def _check_blanks(key: str, sentence: str, title: str) -> None:
    try:
        sentence.format_map({"modality": title})
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"the sentence {key!r} has another blank than {{modality}}, or a brace alone") from error
