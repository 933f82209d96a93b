"""Labelled fields of several laboratories at one scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.data.patches import Patch
from histo_worker.data.readers import idc
from histo_worker.data.source import read_source
from histo_worker.gate.features import gate_features
from histo_worker.scale import UM_OF_MAGNIFICATION
from histo_worker.tissue.network import UM_PER_PIXEL

RGB8 = NDArray[np.uint8]

MAGNIFICATIONS = ("40X", "100X", "200X")
"""Magnifications of BreakHis; a field at 400X is smaller than half a square."""


@dataclass(frozen=True)
class Sample:
    """A labelled field.

    Attributes:
        laboratory: `idc` or `breakhis`.
        source: The laboratory, with the magnification if it has several.
        patient: Patient, unique within the laboratory.
        target: 1 for carcinoma.
        name: Name of the field.
        pixels: Pixels at `UM_PER_PIXEL`, uint8.
        features: The gate's features of the field at its own scale.
        um_per_pixel: Micrometres per pixel of the file.
    """

    laboratory: str
    source: str
    patient: str
    target: int
    name: str
    pixels: RGB8
    features: NDArray[np.float32]
    um_per_pixel: float


def read_samples(folders: Sequence[Path], without: Sequence[str] = ()) -> list[Sample]:
    """Read data sets at `UM_PER_PIXEL`; fields of unknown scale are left out.

    Args:
        folders: Folders of data sets that `histo-worker data check` supports.
        without: Patients of IDC to leave out.

    Raises:
        FileNotFoundError, ValueError: See `histo_worker.data.source.read_source`.
    """
    fields = [field for folder in folders for field in read_source(folder).fields]
    chosen = [f for f in fields if isinstance(f, Patch) or f.magnification in MAGNIFICATIONS]
    return [_sample(f) for f in chosen if not (isinstance(f, Patch) and f.patient in without)]


def _sample(field: Field) -> Sample:
    pixels = field.pixels()
    height, width = pixels.shape[:2]
    if isinstance(field, Patch):
        um_per_pixel, source = idc.UM_PER_PIXEL, "idc"
    else:
        assert field.magnification is not None
        um_per_pixel, source = UM_OF_MAGNIFICATION[field.magnification], f"breakhis {field.magnification}"
    factor = um_per_pixel / UM_PER_PIXEL
    size = round(width * factor), round(height * factor)
    scaled = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    features = gate_features(pixels)
    laboratory, pixels = source.split()[0], np.asarray(scaled, np.uint8)
    return Sample(laboratory, source, field.patient, field.target, field.name, pixels, features, um_per_pixel)
