"""The histopathology pipeline, from a field's bytes to a result with its pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from histo_worker.adaptation.site import read_site, site_notices
from histo_worker.data.breakhis import magnification_in
from histo_worker.explanation.evidence_map import evidence_map
from histo_worker.field_reader import FieldReader, Reading
from histo_worker.gate.gate import InputGate
from histo_worker.network import CompiledClassifier
from histo_worker.notices import scale_notices, size_notices
from histo_worker.preprocessing.glass import glass_from
from histo_worker.preprocessing.windows import resize_area
from histo_worker.scale import is_classified, scale_of, stated_um
from histo_worker.scale_estimation.estimator import FieldScale
from histo_worker.settings import HistoSettings
from histo_worker.tissue.reader import TissueReader
from histo_worker.tissue.stage import (
    TissueAnswer,
    describe_map,
    draw_map,
    is_read,
    is_unlike,
    read_tissue,
    tissue_notices,
    widened,
)
from lobule.contracts.activity import DONE, activity
from lobule.contracts.models import Adaptation, ModelManifest
from lobule.contracts.result import DisplayImage, HeatMap, ImageInfo, Magnification, Patches, Result
from lobule.decoding.image_file import ImageFile
from lobule.decoding.images import decoder, read_field
from lobule.errors import AnalysisError
from lobule.imaging.decode import RGB8, encode_png
from lobule.imaging.shrink import fitting
from lobule.layout import DISPLAY_FILE, HEAT_MAP_FILE
from lobule.model_package import open_package
from lobule.words import make_notice
from lobule.worker.pipeline import Analysis, ReportProgress, StageClock
from lobule_ml.calibration import sigmoid

Float = NDArray[np.floating]

_DISPLAY_SIDE = 2048  # longest side of the display image; a browser shows no more detail

HEAT_MAP_METHOD = (
    "Class activation map: each position's share in what the classifier reads of its last feature maps, weighted by "
    "the classifier's filters (after Zhou et al., CVPR 2016), stitched over the patches; a patch's mean is its logit."
)
HEAT_MAP_MEANING = (
    "Bright regions support malignancy, dark ones do not. The map shows what influenced the classification; it does "
    "not outline a tumour."
)


class Probabilities(NamedTuple):
    """Probabilities of malignancy of a field and of each of its patches."""

    field: float
    patches: Float


class HistologyPipeline:
    """Analyses H&E fields; implements `lobule.worker.pipeline.Pipeline`.

    Args:
        package: Folder of the model package.
        batch: Number of patches in a batch of the network.
        pictures: Whether to draw the display image and the map, which do not affect the numbers.
        site: File that adapts the package to a laboratory; None for none.

    Raises:
        AnalysisError: `model_unavailable` if the package is missing, damaged or of another kind, or the file of the
            laboratory is, or it is one for another model.
    """

    def __init__(self, package: Path, batch: int = 2, *, pictures: bool = True, site: Path | None = None) -> None:
        decoder.start()
        self._has_pictures = pictures
        self._package = open_package(package, "histopathology")
        manifest = self._package.manifest
        self.site = None if site is None else read_site(site, manifest)
        """The laboratory that the numbers are adapted to."""
        self._gate = InputGate.load()
        self._tissue = TissueReader()
        self._classifier = CompiledClassifier(self._package, batch)
        self._estimated_scale = FieldScale.of(self._classifier.trunk)
        try:
            self._reader = FieldReader.from_manifest(manifest.input.values())
            self._slope = float(manifest.calibration["slope"])
            self._intercept = float(manifest.calibration["intercept"])
            self._intercept += self.site.log_odds_shift if self.site else 0.0
            self._evidence_scale = float(manifest.calibration["evidence_scale"])
        except (KeyError, TypeError, ValueError) as error:
            raise AnalysisError("model_unavailable", "calibration", package=manifest.name, problem=str(error)) from None

    @property
    def manifest(self) -> ModelManifest:
        """The model package in use."""
        return self._package.manifest

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return self._package.card

    @property
    def adaptation(self) -> Adaptation | None:
        """The laboratory that the numbers are adapted to, as the worker announces it."""
        return None if self.site is None else self.site.adaptation

    @property
    def traces(self) -> int:
        """Number of traces of the network since the start, which stays 1."""
        return self._classifier.traces

    def analyse(self, file: ImageFile | bytes, image: ImageInfo, progress: ReportProgress) -> Analysis:
        """Analyse one field; see `lobule.worker.pipeline.Pipeline.analyse`."""
        clock = StageClock()
        with clock.stage("decode"):
            progress(0.0, activity("reading_image"))
            read = read_field(file)
            field = read.pixels
        height, width = field.shape[:2]
        with clock.stage("gate"):
            progress(0.05, activity("checking_field"))
            features = self._gate.check(field)
            glass = glass_from(field)
        with clock.stage("patches"):
            progress(0.1, activity("cutting_patches"))
            magnification = image.magnification or magnification_in(image.file_name)
            scale = scale_of(image, read.um_per_pixel, magnification, lambda: self._estimate_scale(field))
            readings = self._reader.read(field, magnification, stated_um(scale))
            count = sum(len(reading.patches) for reading in readings)
        with clock.stage("model"):
            logits, evidence = self._classify(
                readings, lambda done: progress(0.15 + 0.7 * done / count, activity("patches", done=done, total=count))
            )
            probability = float(self._calibrated(_field_logit(logits))[0])
        with clock.stage("tissue"):
            progress(0.85, activity("reading_tissue"))
            answer = read_tissue(self._tissue, field, scale, glass, features)
            tissue = answer.tissue if answer else None
        with clock.stage("pictures"):
            progress(0.9, activity("drawing_evidence"))
            display, described, files = _shrink(field), None, dict[str, bytes]()
            if self._has_pictures:
                files[DISPLAY_FILE] = encode_png(display)
                drawn = self._map(evidence, readings, (height, width), display, answer, is_classified(scale))
                if drawn is not None:
                    heat, described = drawn
                    shown = (draw_map(heat, display, glass) * 255).round().astype(np.uint8)
                    files[HEAT_MAP_FILE] = encode_png(shown)
        progress(1.0, DONE)
        thresholds = self.manifest.thresholds
        known = is_classified(scale) and not is_unlike(tissue)
        assessment = widened(thresholds, tissue).assess(probability) if known else "not_sure"
        result = Result(
            image=image.model_copy(update={"height": height, "width": width}),
            model=self.manifest.info(),
            thresholds=thresholds,
            assessment=assessment,
            probability_malignant=probability,
            patches=Patches(
                count=count,
                size=round(readings[0].windows[0].side / readings[0].scale),
                magnification_assumed=magnification,
            ),
            tissue=tissue,
            display=DisplayImage(file=DISPLAY_FILE, width=display.shape[1], height=display.shape[0]),
            heat_map=described,
            notices=[
                *read.notices,
                *([make_notice("unlike_training")] if is_unlike(tissue) else []),
                *([make_notice("tissue_doubted")] if known and assessment != thresholds.assess(probability) else []),
                *(site_notices(self.site) if is_classified(scale) else []),
                *scale_notices(image, magnification, scale),
                *size_notices(self._reader, field.shape, magnification, scale, readings),
                *tissue_notices(field.shape, tissue, assessment),
            ],
            timings_s=clock.seconds,
        )
        return Analysis(result, files)

    def probabilities(self, field: RGB8, magnification: Magnification | None) -> Probabilities:
        """Compute calibrated probabilities of a field and of its patches, without the gate and without pictures.

        Args:
            field: uint8 (height, width, 3).
            magnification: Magnification of the field, if known.
        """
        logits, _ = self._classify(self._reader.read(field, magnification))
        return Probabilities(float(self._calibrated(_field_logit(logits))[0]), self._calibrated(np.concatenate(logits)))

    def _estimate_scale(self, field: RGB8) -> float | None:
        """The estimated scale; None where no tissue is read at it, by which a field is compared with the training."""
        um = self._estimated_scale(field)
        return um if um is not None and is_read(field.shape, um) else None

    def _classify(
        self, readings: list[Reading], done: Callable[[int], None] | None = None
    ) -> tuple[list[Float], list[Float]]:
        """Logits and evidence maps of the patches of every reading."""
        one = len(readings) == 1  # avoids a copy of a large field's patches
        patches = readings[0].patches if one else np.concatenate([reading.patches for reading in readings])
        logits, evidence = self._classifier(patches, done)
        ends = np.cumsum([len(reading.patches) for reading in readings])[:-1]
        return np.split(logits, ends), np.split(evidence, ends)

    def _map(
        self,
        evidence: list[Float],
        readings: list[Reading],
        size: tuple[int, int],
        display: RGB8,
        answer: TissueAnswer | None,
        is_meaningful: bool,
    ) -> tuple[Float, HeatMap] | None:
        """The tumour map if there is one, else the class activation map if it is meaningful, and its description."""
        if answer is not None and answer.tumour is not None:
            return answer.tumour, describe_map(self._tissue.package.manifest, HEAT_MAP_FILE)
        if not is_meaningful:
            return None
        shown = evidence_map(evidence, readings, size, display.shape[:2], self._evidence_scale)
        return shown, HeatMap(file=HEAT_MAP_FILE, method=HEAT_MAP_METHOD, meaning=HEAT_MAP_MEANING)

    def _calibrated(self, logits: NDArray[np.floating]) -> NDArray[np.float32]:
        return sigmoid(self._slope * logits + self._intercept).astype(np.float32)


def build_pipeline(settings: HistoSettings | None = None, *, pictures: bool = True) -> HistologyPipeline:
    """Load and warm up the pipeline of the settings; see `HistologyPipeline` for `pictures`.

    Raises:
        AnalysisError: `model_unavailable`.
    """
    settings = settings or HistoSettings()
    return HistologyPipeline(settings.model, settings.batch, pictures=pictures, site=settings.site)


def _field_logit(logits: list[Float]) -> NDArray[np.float64]:
    return np.mean([patches.astype(np.float64).mean(keepdims=True) for patches in logits], axis=0)


def _shrink(field: RGB8) -> RGB8:
    width, height = fitting((field.shape[1], field.shape[0]), _DISPLAY_SIDE)
    return resize_area(field, height, width)
