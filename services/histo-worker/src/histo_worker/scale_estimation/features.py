"""The features from which the scale of a field is estimated: maps of the classifier's backbone on shrunk windows."""

import hashlib
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from histo_worker.preprocessing.windows import covering_windows, cut_patches

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]

_HEIGHT, _WIDTH, _TOLERANCE = 460, 700, 8  # pixels of the fields of BreakHis' camera; some have fewer rows
_SIDE = 144  # pixels of what the network gets of a window as high as the field; it reads tissue rather than nuclei
_TAPS = "block2_middle", "block2"


class ScaleFeatures:
    """Means and deviations of a backbone's maps over a field.

    Args:
        trunk: The backbone of a classifier, see `histo_worker.models.taps`.

    Raises:
        ValueError: The backbone has other maps.
    """

    def __init__(self, trunk: keras.Model) -> None:
        if not isinstance(trunk.output, dict) or any(tap not in trunk.output for tap in _TAPS):
            raise ValueError(f"the backbone {trunk.name} has not the maps {' and '.join(_TAPS)}")
        self.digest = digest_of(trunk)

        @tf.function(input_signature=[tf.TensorSpec((None, _SIDE, _SIDE, 3), tf.float32)], autograph=False)
        def infer(pixels: tf.Tensor) -> tf.Tensor:
            maps = trunk(pixels, training=False)
            parts = [tf.nn.moments(maps[tap], axes=(1, 2)) for tap in _TAPS]
            return tf.concat([part for mean, variance in parts for part in (mean, tf.sqrt(variance))], axis=1)

        self._infer = infer

    def __call__(self, field: RGB8) -> Float:
        """Describe a field.

        Args:
            field: uint8 (height, width, 3), one that `is_of_the_camera`.

        Returns:
            (features,): the mean over its windows.
        """
        windows = covering_windows(field.shape[0], field.shape[1], _HEIGHT)
        patches = cut_patches(field, windows, _SIDE).astype(np.float32)
        return np.asarray(self._infer(tf.constant(patches)), np.float32).mean(axis=0)


def is_of_the_camera(field: RGB8) -> bool:
    """Whether a field has the size of those of BreakHis' camera, with some rows or columns more or less.

    Half of the estimates for slides of two scanners, cut to this size, were wrong (docs/results/tissue-tried.md), so
    fields of other sizes get no estimate.
    """
    return abs(field.shape[0] - _HEIGHT) <= _TOLERANCE and abs(field.shape[1] - _WIDTH) <= _TOLERANCE


def digest_of(trunk: keras.Model) -> str:
    """SHA-256 of a backbone's weights in the precision of packages, by which an estimator knows its backbone."""
    digest = hashlib.sha256()
    values: Sequence[NDArray[np.floating]] = trunk.get_weights()
    for value in values:
        digest.update(value.astype(np.float16).tobytes())
    return digest.hexdigest()
