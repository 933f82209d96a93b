"""The rows of `histo-worker predict`."""

from pathlib import Path

from lobule.contracts.result import ImageInfo, Magnification
from lobule.imaging.header import read_header
from lobule_ml.batch import Describe, Outcome, Row, readable

COLUMNS = (
    "file",
    "width",
    "height",
    "magnification",
    "probability_malignant",
    "label",
    "assessment",
    "patches",
    "um_per_pixel",
    "unlike_training",
    "probability_tumour",
    "notices",
    "error",
    "detail",
)


def row_of(outcome: Outcome) -> Row:
    """A value for each of `COLUMNS`; None for missing values."""
    row: Row = dict.fromkeys(COLUMNS) | {"file": readable(outcome.path)}
    row |= {"error": outcome.error, "detail": outcome.detail}
    result = outcome.result
    if result is None:
        return row
    tissue, shown, codes = result.tissue, result.shown_probability, [notice.code for notice in result.notices]
    # Numbers that decide nothing are needed to measure the model, but that of a coarse field means nothing.
    number = None if "scale_too_coarse" in codes else result.probability_malignant
    return row | {
        "width": result.image.width,
        "height": result.image.height,
        "magnification": result.patches.magnification_assumed if result.patches else None,
        "probability_malignant": number,
        "label": None if shown is None else "malignant" if shown >= 0.5 else "benign",
        "assessment": result.assessment,
        "patches": result.patches.count if result.patches else 0,
        "um_per_pixel": tissue.um_per_pixel if tissue else None,
        "unlike_training": tissue.unlike_training if tissue else None,
        "probability_tumour": tissue.probability_tumour if tissue else None,
        "notices": codes,
    }


def describer(magnification: Magnification | None, um_per_pixel: float | None = None) -> Describe:
    """Return a function that describes a field for the pipeline.

    Args:
        magnification: Magnification of all fields; None to use file names and the pipeline.
        um_per_pixel: Micrometres per pixel of all fields, if known.
    """

    def describe(path: Path, sha256: str) -> ImageInfo:
        header = read_header(path, "histopathology")
        return ImageInfo(
            sha256=sha256,
            file_name=readable(path.name),
            modality="histopathology",
            width=header.width,
            height=header.height,
            magnification=magnification,
            um_per_pixel=um_per_pixel,
        )

    return describe


def keep_map(outcome: Outcome, folder: Path) -> None:
    """Write a field's map as `NAME-HASH.tumour.png` or `NAME-HASH.evidence.png`; nothing if the field failed."""
    drawn = outcome.result.heat_map if outcome.result else None
    if outcome.result is None or drawn is None:
        return
    image = outcome.result.image
    name = f"{Path(image.file_name).stem}-{image.sha256[:8]}.{drawn.kind}.png"
    (folder / name).write_bytes(outcome.files[drawn.file])
