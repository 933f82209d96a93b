"""The result: all that a pipeline concluded about one image.

Coordinates are pixels of the *upright* image (EXIF orientation applied), origin at the upper left corner, x to the
right. Pictures (display image, heat map) lie in the object store beside the result and are named relative to it.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lobule.contracts.box import Box, BreastArea
from lobule.contracts.density import DensityCategory, FilmDensity
from lobule.contracts.document import Document
from lobule.contracts.findings import CALCIFICATION, FINDING_ID, finding_id
from lobule.contracts.modality import FindingLabel, Magnification, Modality, ModalitySpec, UmPerPixel, View
from lobule.contracts.notices import ADVICE_NOTICES, TO_CHECK, WITHOUT_NUMBER, Notice
from lobule.contracts.tissue import Tissue
from lobule.contracts.views import MammographyView, StandardView

Assessment = Literal["malignancy_suspected", "not_sure", "no_sign_of_malignancy"]
SpacingPlane = Literal["patient", "detector"]
"""The plane of a pixel spacing: the breast, or the detector, where the breast appears magnified."""
Laterality = Literal["L", "R"]
ChestWall = Literal["left", "right"]
"""The edge of a film at which the chest wall lies."""

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Hanging(Document):
    """The rotation and mirroring that show a film upright, with its chest wall on the usual side.

    Coordinates stay those of the stored pixels; a viewer rotates the picture together with its overlays.
    """

    rotation: Literal[0, 90, 180, 270] = Field(default=0, description="rotation in degrees clockwise, applied first")
    mirrored: bool = Field(default=False, description="whether left and right are exchanged after the rotation")


class ImageInfo(Document):
    """The facts of the analysed image."""

    sha256: Sha256 = Field(description="SHA-256 of the file, hexadecimal")
    file_name: str = Field(description="name of the uploaded file; a neutral name for DICOM")
    modality: Modality
    width: int = Field(gt=0, description="size in pixels, upright")
    height: int = Field(gt=0, description="size in pixels, upright")
    um_per_pixel: UmPerPixel | None = Field(
        default=None, description="micrometres per pixel of a field, if stated at the upload"
    )
    magnification: Magnification | None = Field(default=None, description="magnification of the objective")
    view: View | None = Field(default=None, description="view of the film")
    laterality: Laterality | None = Field(default=None, description="which breast")
    pixel_spacing_mm: tuple[float, float] | None = Field(default=None, description="(row, column) spacing, if known")
    spacing_plane: SpacingPlane | None = Field(
        default=None, description="plane in which `pixel_spacing_mm` is valid, if known"
    )
    pixel_aspect: float | None = Field(
        default=None, gt=0, description="height of a pixel over its width, if only that is known"
    )
    hanging: Hanging | None = Field(default=None, description="how to display it, if not as stored")

    @property
    def pixel_sides(self) -> tuple[float, float]:
        """Height and width of a pixel, in millimetres if they are known; else of the known ratio."""
        return self.pixel_spacing_mm or (self.pixel_aspect or 1.0, 1.0)


class Thresholds(Document):
    """Calibrated probabilities between the three states of the assessment.

    Below `low`: no sign of malignancy. From `high` on: malignancy suspected. Between: not sure.
    """

    low: Probability = Field(description="below this probability there is no sign of malignancy")
    high: Probability = Field(description="from this probability on malignancy is suspected")
    finding: Probability = Field(
        default=0.0, description="the working threshold: findings of a lower probability are weak and stay unmarked"
    )

    def assess(self, probability: float) -> Assessment:
        """The assessment for a calibrated probability of malignancy."""
        if probability >= self.high:
            return "malignancy_suspected"
        if probability < self.low:
            return "no_sign_of_malignancy"
        return "not_sure"


class ModelInfo(Document):
    """The exact model of a result."""

    name: str = Field(description="name of the model")
    version: str = Field(description="version of the model")
    weights_sha256: Sha256 = Field(description="SHA-256 of its weights, hexadecimal")
    calibration: str = Field(description="method that turns raw scores into probabilities, in words")
    trained_on: str = Field(description="the training data in one line")


class Finding(Document):
    """One lesion.

    Show `probability_malignant`, the suspicion, first. That of a mass is never higher than that of the film.
    `label` and `probability` are details.
    """

    id: str = Field(
        default="",
        pattern=rf"^({FINDING_ID})?$",
        description="id of the finding within its job; it never changes",
    )
    label: FindingLabel = Field(
        description="most likely class of the lesion, of the labels of its modality, such as `benign`, "
        "`malignant`, `mass` if the model does not distinguish them, or `calcification` for a cluster"
    )
    probability: Probability = Field(description="calibrated probability of a lesion, whatever its label")
    probability_malignant: Probability | None = Field(
        default=None,
        description="suspicion: calibrated probability of a malignant lesion; that of a mass is never above that of the"
        " film, and that of calcifications does not count in it",
    )
    box: Box = Field(description="bounding box, in pixels of the uploaded image")
    outline: list[tuple[float, float]] | None = Field(
        None, description="closed polygon around the mask, (x, y) in pixels, first point not repeated"
    )


class DisplayImage(Document):
    """The picture that overlays are drawn on: 8 bits, upright, window and level applied.

    Scale from image pixels to display pixels is `display.width / image.width`; the aspect is kept.
    """

    file: str = Field(description="name of the PNG, relative to the result")
    width: int = Field(gt=0, description="columns")
    height: int = Field(gt=0, description="rows")


class HeatMap(Document):
    """A map of evidence over the image, as an 8-bit grey PNG of the display image's size: 0 none, 255 strongest."""

    kind: Literal["evidence", "tumour"] = Field(
        default="evidence", description="evidence for the result, or probability of invasive carcinoma"
    )
    file: str = Field(description="name of the PNG, relative to the result")
    method: str = Field(description="method in words, with its reference")
    meaning: str = Field(description="meaning of a bright region, for a clinician")


class Patches(Document):
    """The patches into which the image was divided for the analysis."""

    count: int = Field(ge=0, description="number of analysed patches")
    size: int = Field(gt=0, description="side of a patch in pixels of the analysed image")
    magnification_assumed: Magnification | None = Field(
        default=None, description="magnification that was assumed; null if one was given"
    )


class CalcificationSearch(Document):
    """The search of a film for clusters of calcifications. It is experimental."""

    searched: bool = Field(
        description="whether the film was searched; false if its pixel spacing is unknown, more than 0.1 mm, or false"
    )
    model: ModelInfo = Field(description="the model of the search")


class Result(Document):
    """Everything one pipeline concluded about one image."""

    schema_version: Literal["1"] = Field(default="1", description="version of the document's format")
    modality: ModalitySpec | None = Field(
        default=None, description="modality, as its worker announced it then; null in old results"
    )
    image: ImageInfo = Field(description="the analysed image")
    model: ModelInfo = Field(description="the model of this result")
    thresholds: Thresholds = Field(description="probabilities between the states of the assessment")
    assessment: Assessment = Field(description="the conclusion about the image")
    probability_malignant: Probability = Field(
        description="calibrated probability of malignancy; do not show it for an image with one of the notices "
        "`scale_too_coarse`, `scale_unknown` and `unlike_training`, for which it decides nothing"
    )
    findings: list[Finding] = Field(
        default=[], description="findings, the most probable first; those below `thresholds.finding` are weak"
    )
    calcifications: CalcificationSearch | None = Field(
        default=None,
        description="search for calcifications, whose findings are labelled `calcification`; null if it is off",
    )
    density: FilmDensity | None = Field(default=None, description="density of the breast; null if it was not read")
    chest_wall: ChestWall | None = Field(
        default=None,
        description="edge of the film with the chest wall, in the orientation by the file's tags; null if uncertain",
    )
    breast: BreastArea | None = Field(
        default=None, description="where the breast is on the film; null if the film is to be shown whole"
    )
    patches: Patches | None = Field(default=None, description="patches of the image; null if it was not divided")
    tissue: Tissue | None = Field(default=None, description="tissue of the field; null if its scale is not known")
    display: DisplayImage = Field(description="the picture that overlays are drawn on")
    heat_map: HeatMap | None = Field(default=None, description="a heat map; null if there is none")
    notices: list[Notice] = Field(default=[], description="notices about this result")
    timings_s: dict[str, float] = Field(default={}, description="seconds by stage of the pipeline")

    @model_validator(mode="after")
    def _name_findings(self) -> "Result":
        self.findings = [
            finding if finding.id else finding.model_copy(update={"id": finding_id(place)})
            for place, finding in enumerate(self.findings)
        ]
        if len({finding.id for finding in self.findings}) < len(self.findings):
            raise ValueError("two findings have the same id")
        return self

    @property
    def shown_probability(self) -> float | None:
        """`probability_malignant`, or None if it decides nothing for this image; `notices` say why."""
        return None if any(notice.code in WITHOUT_NUMBER for notice in self.notices) else self.probability_malignant

    @property
    def side_in_doubt(self) -> bool:
        """Whether the image may show the other breast than the one that it is said to show."""
        return any(notice.code in TO_CHECK["side"] for notice in self.notices)

    def of_modality(self, spec: ModalitySpec) -> "Result":
        """The same result with the specification of its modality.

        Raises:
            ValueError: If it holds what results of this modality may not hold.
        """
        spec.check_findings(
            {finding.label for finding in self.findings},
            outlines=any(finding.outline for finding in self.findings),
            heat_map=self.heat_map is not None,
        )
        return self.model_copy(update={"modality": spec})

    def place_of(self, finding: str) -> int | None:
        """The index of a finding, by its id; None if there is no such finding."""
        return next((place for place, found in enumerate(self.findings) if found.id == finding), None)

    def marks(self, finding: Finding) -> bool:
        """Whether a finding is marked by default: from the working threshold on."""
        return finding.probability >= self.thresholds.finding

    def marked_findings(self) -> list[Finding]:
        """The findings that are marked by default."""
        return [finding for finding in self.findings if self.marks(finding)]

    def model_of(self, finding: Finding) -> ModelInfo:
        """The model that found a finding."""
        return self.calcifications.model if self.calcifications and finding.label == CALCIFICATION else self.model

    def finding_assessment(self) -> Assessment | None:
        """The assessment of the most suspicious marked finding, by the film's thresholds; None if none is marked.

        Calcifications do not count, because their search is experimental.
        """
        counted = [finding for finding in self.marked_findings() if finding.label != CALCIFICATION]
        suspicions = [finding.probability_malignant for finding in counted]
        known = [suspicion for suspicion in suspicions if suspicion is not None]
        return self.thresholds.assess(max(known)) if known else None


__all__ = [
    "ADVICE_NOTICES",
    "Assessment",
    "Box",
    "BreastArea",
    "CalcificationSearch",
    "ChestWall",
    "DensityCategory",
    "DisplayImage",
    "Document",
    "FilmDensity",
    "Finding",
    "Hanging",
    "HeatMap",
    "ImageInfo",
    "Laterality",
    "Magnification",
    "MammographyView",
    "Modality",
    "ModelInfo",
    "Notice",
    "Patches",
    "Probability",
    "Result",
    "Sha256",
    "SpacingPlane",
    "StandardView",
    "Thresholds",
    "Tissue",
    "View",
]
