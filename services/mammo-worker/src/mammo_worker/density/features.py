"""Features for density: statistics of a frozen backbone's maps within the breast."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from lobule_ml.backbones import build_backbone, load_pretrained
from lobule_ml.training.torch_speed import prepare_torch
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.films.looks import digital_look
from mammo_worker.films.prepare import prepare_film

CANVAS = (448, 224)
_MAPS = ("C2", "C3", "C4")
_BATCH = 8
_SEED = 20  # of the changed copies of films


def build_network(weights: Path | None) -> keras.Model:
    """Build EfficientNet-Lite0 up to stride 16 with its ImageNet weights.

    Args:
        weights: Folder of the pretrained backbones; None for random weights, in tests.
    """
    prepare_torch()
    net = build_backbone("efficientnet_lite0", _MAPS, (*CANVAS, 3))
    if weights is not None:
        load_pretrained("efficientnet_lite0", net, weights)
    return net


def feature_count(net: keras.Model) -> int:
    """Number of features of a film: two for each channel of the maps."""
    return 2 * sum(each.shape[-1] for each in net.outputs)


def canvas_features(net: keras.Model, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Features (N, F) of canvases (N, *CANVAS, 2): means and deviations of the maps within the breast.

    The black around a breast would otherwise make the features depend on its size.
    """
    maps = net.predict_on_batch(canvases[..., [0, 1, 1]].astype(np.float32))
    parts = [_within(np.asarray(maps[name]), canvases[..., 0] > 0) for name in _MAPS]
    return np.concatenate(parts, axis=1).astype(np.float32)


def film_features(net: keras.Model, cases: Sequence[AnnotatedFilm], copies: int = 0) -> NDArray[np.float32]:
    """Features (1 + copies, N, F) of films as they are, and of copies that look like digital mammograms.

    Args:
        net: The network, see `build_network`.
        cases: Films (N).
        copies: Number of changed copies, see `looks`.
    """
    found: list[NDArray[np.float32]] = []
    for start in range(0, len(cases), _BATCH):
        films = [prepare_film(c.read(), CANVAS).canvas for c in cases[start : start + _BATCH]]
        versions = [films]
        for copy in range(copies):
            chances = [np.random.default_rng((_SEED, copy, start + i)) for i in range(len(films))]
            versions.append([digital_look(f[..., 0], c) for f, c in zip(films, chances, strict=True)])
        found.append(np.stack([canvas_features(net, np.stack(version)) for version in versions]))
    return np.concatenate(found, axis=1)


def _within(maps: NDArray[np.float32], breasts: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Means and deviations (N, 2 C) of maps (N, h, w, C), weighted by the share of breast in each of their cells."""
    size = (maps.shape[2], maps.shape[1])
    shares = [cv2.resize(b.astype(np.float32), size, interpolation=cv2.INTER_AREA) for b in breasts]
    cells = maps.reshape(len(maps), -1, maps.shape[-1]).astype(np.float64)
    weights = np.stack(shares).reshape(len(maps), 1, -1).astype(np.float64)
    weights /= np.maximum(weights.sum(axis=-1, keepdims=True), 1e-3)
    mean = (weights @ cells)[:, 0]
    variance = (weights @ cells**2)[:, 0] - mean**2
    return np.concatenate([mean, np.sqrt(np.maximum(variance, 0))], axis=1)
