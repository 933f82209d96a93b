"""The rows of `mammo-worker predict` for films and their findings."""

from pathlib import Path

from lobule.contracts.result import Assessment, ImageInfo
from lobule.imaging.header import read_header
from lobule_ml.batch import Outcome, Row, readable

SUFFIXES = frozenset({".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".tif", ".tiff"})
FILM_COLUMNS = (
    "file",
    "image_width",
    "image_height",
    "probability_malignant",
    "triage",
    "assessment",
    "density",
    "notices",
    "error",
    "detail",
)
FINDING_COLUMNS = (
    "file",
    "finding",
    "x",
    "y",
    "width",
    "height",
    "label",
    "probability",
    "probability_malignant",
    "coordinates",
)
COORDINATES = "upright"
"""Coordinates of boxes: pixels of the film after its orientation tag (Exif), before its `hanging`."""
TRIAGE: dict[Assessment, str] = {
    "malignancy_suspected": "cancer",
    "no_sign_of_malignancy": "not cancer",
    "not_sure": "not sure",
}


def film_row(outcome: Outcome) -> Row:
    """A value for each of `FILM_COLUMNS`; None for missing values."""
    row: Row = dict.fromkeys(FILM_COLUMNS)
    row |= {"file": readable(outcome.path), "error": outcome.error, "detail": outcome.detail}
    result = outcome.result
    if result is None:
        return row
    return row | {
        "image_width": result.image.width,
        "image_height": result.image.height,
        "probability_malignant": result.probability_malignant,
        "triage": TRIAGE[result.assessment],
        "assessment": result.assessment,
        "density": result.density.category if result.density else None,
        "notices": [notice.code for notice in result.notices],
    }


def finding_rows(outcome: Outcome) -> list[Row]:
    """A row of `FINDING_COLUMNS` for each finding, including weak ones, most probable first, numbered from 1."""
    if outcome.result is None:
        return []
    return [
        {
            "file": readable(outcome.path),
            "finding": number,
            "x": finding.box.x,
            "y": finding.box.y,
            "width": finding.box.width,
            "height": finding.box.height,
            "label": finding.label,
            "probability": finding.probability,
            "probability_malignant": finding.probability_malignant,
            "coordinates": COORDINATES,
        }
        for number, finding in enumerate(outcome.result.findings, start=1)
    ]


def result_document(outcome: Outcome) -> Row:
    """The whole result with outlines as in the service, or the error; without timings, which vary."""
    document: Row = {"file": readable(outcome.path), "error": outcome.error, "detail": outcome.detail}
    if outcome.result is None:
        return document
    return document | {"coordinates": COORDINATES, **outcome.result.model_dump(mode="json", exclude={"timings_s"})}


def describe(path: Path, sha256: str) -> ImageInfo:
    """Describe a film for the pipeline."""
    header = read_header(path, "mammography")
    return ImageInfo(
        sha256=sha256,
        file_name=readable(path.name),
        modality="mammography",
        width=header.width,
        height=header.height,
    )
