"""Features for density: maps of a frozen backbone, and histograms of the canvas."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from lobule_ml.backbones import build_backbone, load_pretrained
from lobule_ml.training.torch_speed import prepare_torch
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.films.prepare import prepare_film

CANVAS = (448, 224)
_MAPS = ("C3", "C4", "head")
_BINS = 16
_BATCH = 8


def build_network(weights: Path | None) -> keras.Model:
    """Build EfficientNet-Lite0 with its ImageNet weights.

    Args:
        weights: Folder of the pretrained backbones; None for random weights, in tests.
    """
    prepare_torch()
    net = build_backbone("efficientnet_lite0", _MAPS, (*CANVAS, 3))
    if weights is not None:
        load_pretrained("efficientnet_lite0", net, weights)
    return net


def canvas_features(net: keras.Model, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Features (N, F) of canvases (N, *CANVAS, 2): means and deviations of the maps, then the histograms."""
    three = canvases[..., [0, 1, 1]].astype(np.float32)
    maps = net.predict_on_batch(three)
    parts = [f for name in _MAPS for m in [np.asarray(maps[name])] for f in (m.mean(axis=(1, 2)), m.std(axis=(1, 2)))]
    return np.concatenate([*parts, np.stack([_histograms(c) for c in canvases])], axis=1).astype(np.float32)


def film_features(net: keras.Model, cases: Sequence[AnnotatedFilm]) -> NDArray[np.float32]:
    """Features (N, F) of films."""
    found: list[NDArray[np.float32]] = []
    for start in range(0, len(cases), _BATCH):
        canvases = [prepare_film(c.read(), CANVAS).canvas for c in cases[start : start + _BATCH]]
        found.append(canvas_features(net, np.stack(canvases)))
    return np.concatenate(found)


def _histograms(canvas: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Histograms of grey and CLAHE in the breast, the grey's mean and deviation, and the breast's share."""
    inside = canvas[..., 0] > 0
    if not inside.any():
        return np.zeros(2 * _BINS + 3)
    grey, clahe = canvas[inside].T
    bins = [np.histogram(v, _BINS, (0, 256))[0] * (_BINS / len(v)) for v in (grey, clahe)]
    return np.concatenate([*bins, [grey.mean(), grey.std(), inside.mean()]])
