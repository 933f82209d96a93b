"""Finds the largest stored value of a film; its box is the finding, and a triangle in it the outline."""

import io
from pathlib import Path

import numpy as np
import pydicom

from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, Result
from lobule.decoding.image_file import ImageFile
from lobule.imaging.decode import encode_png
from lobule.layout import DISPLAY_FILE
from lobule.model_package import open_package
from lobule.worker.pipeline import Analysis, ReportProgress

PACKAGE = Path(__file__).parents[2] / "toy_modality" / "ultrasound_toy" / "package"


class BrightSpots:
    """Implements `lobule.worker.pipeline.Pipeline`."""

    card = "A stub."

    def __init__(self) -> None:
        self._manifest = open_package(PACKAGE).manifest.model_copy(update={"modality": "mammography"})

    @property
    def manifest(self) -> ModelManifest:
        """The toy's package, under another modality."""
        return self._manifest

    def analyse(self, file: ImageFile, image: ImageInfo, progress: ReportProgress) -> Analysis:
        """Analyse one film."""
        pixels = pydicom.dcmread(io.BytesIO(file.read())).pixel_array
        height, width = pixels.shape
        rows, columns = np.nonzero(pixels == pixels.max())
        x, y = float(columns.min()), float(rows.min())
        right, bottom = float(columns.max()) + 1, float(rows.max()) + 1
        finding = Finding(
            label="malignant",
            probability=0.8,
            probability_malignant=0.7,
            box=Box(x=x, y=y, width=right - x, height=bottom - y),
            outline=[(x, y), (right - 1, y), (x, bottom - 1)],
        )
        thresholds = self._manifest.thresholds
        grey = (pixels // 16).astype(np.uint8)
        result = Result(
            image=image.model_copy(update={"width": width, "height": height}),
            model=self._manifest.info(),
            thresholds=thresholds,
            assessment=thresholds.assess(0.7),
            probability_malignant=0.7,
            findings=[finding],
            display=DisplayImage(file=DISPLAY_FILE, width=width, height=height),
        )
        return Analysis(result, {DISPLAY_FILE: encode_png(np.stack([grey] * 3, axis=-1))})
