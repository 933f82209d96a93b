"""Reads the tissue of a field: where and how likely carcinoma is, and how unlike the training tissue it is."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from histo_worker.gate.features import gate_features
from histo_worker.network import compiled
from histo_worker.preprocessing.glass import BRIGHT
from histo_worker.tissue.coarse import CoarseHead, is_coarse
from histo_worker.tissue.mosaic import Mosaic
from histo_worker.tissue.network import SIDE, tissue_network
from histo_worker.tissue.orientations import read_turned
from histo_worker.tissue.out_of_distribution import TrainingTissue
from histo_worker.tissue.statistics import square_statistics
from histo_worker.tissue.windows import CELL, Band, bands, is_one_square, scaled_size
from lobule.model_package import ModelPackage, open_package
from lobule_ml.calibration import sigmoid
from lobule_ml.packages import building
from lobule_ml.variables import set_variables

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]

PACKAGE = Path(__file__).parent / "trained"
BATCH = 16
_ROWS_AT_ONCE = 256  # of a map, in which a probability takes several intermediate results


class TissueReading(NamedTuple):
    """The tissue of a field.

    Attributes:
        tumour: Probability of invasive carcinoma by cell of 12 micrometres, (rows, columns); 0 without tissue.
        tumour_share: Share of the cells with tissue that have at least the probability that counts as carcinoma.
        squares: Upper and left edge, in pixels at 3 micrometres, of the squares of 192 micrometres, (n, 2).
        probabilities: Probabilities (n,) of carcinoma in each square.
        unlike_training: Share, from 0 to 1, of unseen training fields that are nearer to the training tissue.
    """

    tumour: Float
    tumour_share: float
    squares: NDArray[np.intp]
    probabilities: Float
    unlike_training: float


class TissueReader:
    """The tissue network as one compiled function.

    Args:
        folder: Folder of the tissue package.

    Raises:
        AnalysisError: `model_unavailable` if the package is missing, damaged or of another version.
    """

    def __init__(self, folder: Path = PACKAGE) -> None:
        self.package: ModelPackage = open_package(folder)
        calibration = self.package.manifest.calibration
        with building(self.package):
            net = tissue_network(**{k: v for k, v in self.package.manifest.architecture.items() if k != "name"})
            with np.load(self.package.weights) as archive:
                set_variables(net, archive)
                self._training = TrainingTissue.from_arrays(archive)
                self._coarse = CoarseHead.from_arrays(archive)
            self.mark_from = float(calibration["mark_from"])
            """The probability from which a place counts as carcinoma."""
            self._slope, self._intercept = float(calibration["slope"]), float(calibration["intercept"])

        self._infer = compiled(net, None, SIDE)
        self.outputs(np.zeros((1, SIDE, SIDE, 3), np.uint8))

    def outputs(self, patches: RGB8) -> tuple[Float, Float]:
        """Logits (n,) and evidence maps (n, rows, columns) of squares."""
        parts: list[list[Float]] = []
        for start in range(0, len(patches), BATCH):
            part = patches[start : start + BATCH].astype(np.float32)
            parts.append([o.numpy() for o in self._infer(tf.constant(part))])
        logits, evidence = (np.concatenate(each) for each in zip(*parts, strict=True))
        return logits, evidence

    def read(
        self, field: RGB8, um_per_pixel: float, glass: int = BRIGHT, features: NDArray[np.floating] | None = None
    ) -> TissueReading:
        """Read a field in bands.

        Args:
            field: uint8 (height, width, 3).
            um_per_pixel: Micrometres per pixel of the field.
            glass: Value from which its pixels are glass, from `glass_from`.
            features: The field's `gate_features`, if they are known.
        """
        rows, columns = (n // CELL for n in scaled_size(field.shape[0], field.shape[1], um_per_pixel))
        mosaic = Mosaic(rows, columns)
        logits: list[Float] = []
        statistics: list[Float] = []
        squares: list[tuple[int, int]] = []
        alone = is_one_square(field.shape[0], field.shape[1], um_per_pixel)
        for group in _groups(bands(field, um_per_pixel, glass)):
            for band in group:
                mosaic.add_tissue(band.y, band.tissue)
            corners = [(band.y, x) for band in group for x in band.xs]
            if not corners:
                continue
            patches = np.concatenate([band.patches for band in group])
            logit, evidence = read_turned(self.outputs, patches) if alone else self.outputs(patches)
            statistics.append(square_statistics(patches))
            if is_coarse(um_per_pixel):
                logit, evidence = self._coarse(logit, evidence, statistics[-1])
            logits.append(logit)
            squares += corners
            for (y, x), values in zip(corners, evidence, strict=True):
                mosaic.add_evidence(y, x, values)
        if not logits:
            nothing = np.zeros(0, np.float32)
            return TissueReading(np.zeros((rows, columns), np.float32), 0.0, np.zeros((0, 2), np.intp), nothing, 1.0)
        mapped, holds_tissue = mosaic.finish()
        for top in range(0, rows, _ROWS_AT_ONCE):
            mapped[top : top + _ROWS_AT_ONCE] = self._calibrated(mapped[top : top + _ROWS_AT_ONCE])
        mapped[~holds_tissue] = 0.0
        share = float((mapped >= self.mark_from).sum() / max(1, holds_tissue.sum()))
        unlike = self._training.unlike(
            np.concatenate(statistics), gate_features(field) if features is None else features
        )
        return TissueReading(mapped, share, np.array(squares), self._calibrated(np.concatenate(logits)), unlike)

    def _calibrated(self, logits: Float) -> Float:
        return sigmoid(self._slope * logits + self._intercept).astype(np.float32)


def _groups(rows: Iterable[Band]) -> Iterator[list[Band]]:
    """Group bands until they hold a batch of squares, because a call of the network has a fixed cost."""
    group: list[Band] = []
    for band in rows:
        group.append(band)
        if sum(len(each.xs) for each in group) >= BATCH:
            yield group
            group = []
    if group:
        yield group
