"""Finds the dark spots of a sonogram; a large one is labelled solid."""

from pathlib import Path

import numpy as np

from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, Result
from lobule.decoding.image_file import ImageFile
from lobule.imaging.decode import decode_rgb, encode_png
from lobule.layout import DISPLAY_FILE
from lobule.model_package import open_package
from lobule.worker.pipeline import Analysis, ReportProgress
from ultrasound_toy.specification import SPEC

PACKAGE = Path(__file__).parent / "package"


class ToyPipeline:
    """Implements `lobule.worker.pipeline.Pipeline`."""

    def __init__(self) -> None:
        self._package = open_package(PACKAGE)

    @property
    def manifest(self) -> ModelManifest:
        """The model package in use."""
        return self._package.manifest

    @property
    def card(self) -> str:
        """The model card."""
        return self._package.card

    def analyse(self, file: ImageFile, image: ImageInfo, progress: ReportProgress) -> Analysis:
        """Analyse one sonogram."""
        pixels = decode_rgb(file.read(), SPEC)
        height, width = pixels.shape[:2]
        rows, columns = np.nonzero(pixels.mean(axis=2) < 40)
        share = len(rows) / (height * width)
        probability = min(0.9, 10 * share)
        thresholds = self.manifest.thresholds
        findings = []
        if len(rows):
            x, y = float(columns.min()), float(rows.min())
            box = Box(x=x, y=y, width=float(columns.max()) + 1 - x, height=float(rows.max()) + 1 - y)
            label = "solid" if probability >= thresholds.high else "cyst"
            findings.append(Finding(label=label, probability=0.8, probability_malignant=probability, box=box))
        result = Result(
            image=image.model_copy(update={"width": width, "height": height}),
            model=self.manifest.info(),
            thresholds=thresholds,
            assessment=thresholds.assess(probability),
            probability_malignant=probability,
            findings=findings,
            display=DisplayImage(file=DISPLAY_FILE, width=width, height=height),
        )
        return Analysis(result, {DISPLAY_FILE: encode_png(pixels)})
