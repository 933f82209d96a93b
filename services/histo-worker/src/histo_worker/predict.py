"""Rows of `histo-worker predict`: what a pipeline said of fields."""

from pathlib import Path

from lobule.contracts.result import ImageInfo, Magnification
from lobule.imaging.header import read_header
from lobule_ml.batch import Describe, Outcome, Row

COLUMNS = (
    "file",
    "width",
    "height",
    "magnification",
    "probability_malignant",
    "label",
    "assessment",
    "patches",
    "notices",
    "error",
    "detail",
)


def row_of(outcome: Outcome) -> Row:
    """A value for each of `COLUMNS`; None where there is none."""
    row: Row = dict.fromkeys(COLUMNS) | {"file": str(outcome.path), "error": outcome.error, "detail": outcome.detail}
    result = outcome.result
    if result is None:
        return row
    return row | {
        "width": result.image.width,
        "height": result.image.height,
        "magnification": result.patches.magnification_assumed if result.patches else None,
        "probability_malignant": result.probability_malignant,
        "label": "malignant" if result.probability_malignant >= 0.5 else "benign",
        "assessment": result.assessment,
        "patches": result.patches.count if result.patches else 0,
        "notices": [notice.code for notice in result.notices],
    }


def describer(magnification: Magnification | None) -> Describe:
    """What the pipeline is told of a field.

    Args:
        magnification: Of all of them; None leaves it to their names and to the pipeline.
    """

    def describe(path: Path, sha256: str) -> ImageInfo:
        header = read_header(path, "histopathology")
        return ImageInfo(
            sha256=sha256,
            file_name=path.name,
            modality="histopathology",
            width=header.width,
            height=header.height,
            magnification=magnification,
        )

    return describe
