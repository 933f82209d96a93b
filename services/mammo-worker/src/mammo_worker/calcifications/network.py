"""The network of the search: from an image to a map of where clusters of calcifications are likely."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from lobule_ml.keras_types import Tensor, dtype_policy, layers, ops

STRIDE = 8  # pixels of the image in a cell of the map
CHANNELS = 2
_DILATIONS = (1, 2, 4)  # of the last convolutions: a cell sees 1.5 cm
_FIRST_BIAS = -2.0  # most cells show no calcifications
_SURROUNDINGS = 20.0  # standard deviation in pixels of the blur that is subtracted
_BAND = (0.7, 1.12)  # standard deviations in pixels of the Gaussians between which grain is measured
_GRAIN_AREA = 25.0  # standard deviation in pixels of the area in which grain is measured
_LEAST_GRAIN = 0.15
_HARDEST = 25  # the share of cells without calcifications whose loss counts twice is one of this number
_MOST_LIKELY = 50  # the share of cells that have to be likely in a crop of calcifications is one of this number
_TILE, _MARGIN = 1024, 96  # pixels: side of a tile, and overlap on each side, over half of what a cell sees
_BAG_WEIGHT, _OWN_WEIGHT, _PASTED_WEIGHT = 0.8, 0.5, 1.5


def build_network(widths: tuple[int, int, int, int], precision: str = "float32") -> keras.Model:
    """Build the network, from images (B, height, width, CHANNELS) to logits (B, height / STRIDE, width / STRIDE).

    It is fully convolutional: height and width may be any multiple of `STRIDE`.
    """
    image = layers.Input((None, None, CHANNELS), name="image")
    x: Any = image
    with dtype_policy(precision):
        for stage, width in enumerate(widths):
            for dilation in _DILATIONS if stage == len(widths) - 1 else (1, 1):
                x = layers.Conv2D(width, 3, padding="same", dilation_rate=dilation, use_bias=False)(x)
                x = layers.BatchNormalization(momentum=0.95)(x)
                x = layers.ReLU()(x)
            if stage < len(widths) - 1:
                x = layers.MaxPooling2D(2)(x)
    bias = keras.initializers.Constant(_FIRST_BIAS)
    x = layers.Conv2D(1, 1, bias_initializer=bias, dtype="float32", name="logits")(x)
    return keras.Model(image, ops.squeeze(x, -1), name="calcifications")


def search_input(grey: NDArray[np.floating], inside: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """The network's input (height, width, CHANNELS): detail, and fine detail, each in multiples of the local grain.

    It does not depend on the gain of the grey, except in tissue without grain.

    Args:
        grey: Image (height, width) with `tissue.SPACING` mm per pixel.
        inside: Mask (height, width) of its tissue; the rest counts as having the grey of the tissue beside it. None if
            all of it is tissue.
    """
    grey = np.asarray(grey, np.float32)
    if inside is None or inside.all() or not inside.any():
        surroundings, known = _blurred(grey, _SURROUNDINGS), np.ones(grey.shape, bool)
    else:
        known, share = inside, _blurred(inside.astype(np.float32), _SURROUNDINGS)
        surroundings = _blurred(np.where(inside, grey, 0), _SURROUNDINGS) / np.maximum(share, 1e-3)
        grey = np.where(inside, grey, surroundings)
    detail = grey - surroundings
    fine = _blurred(grey, _BAND[0]) - _blurred(grey, _BAND[1])
    most = 3 * 1.4826 * float(np.median(np.abs(fine[known]))) + 2 * _LEAST_GRAIN  # calcifications are no grain
    grain = _blurred(np.where(known, np.minimum(fine**2, most**2), 0), _GRAIN_AREA)
    if known is inside:
        grain /= np.maximum(_blurred(known.astype(np.float32), _GRAIN_AREA), 1e-3)
    grain = np.maximum(np.sqrt(grain), _LEAST_GRAIN)
    channels = np.clip(detail / (12 * grain), -4, 8), np.clip(fine / grain, -6, 12) / 3
    return np.stack(channels, axis=-1).astype(np.float32)


def likely_map(
    network: keras.Model, grey: NDArray[np.floating], inside: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Logits (ceil(height / STRIDE), ceil(width / STRIDE)) of an image (height, width); arguments as `search_input`.

    A large image is seen in overlapping tiles, with the same logits as if it were seen at once.
    """
    below, right = (-side % STRIDE for side in grey.shape)
    image = np.pad(search_input(grey, inside), ((0, below), (0, right), (0, 0)), mode="reflect")
    if max(image.shape[:2]) <= _TILE:
        return np.asarray(network.predict_on_batch(image[None]))[0].astype(np.float32)
    likely = np.empty((image.shape[0] // STRIDE, image.shape[1] // STRIDE), np.float32)
    for rows in _tiles(image.shape[0]):
        for columns in _tiles(image.shape[1]):
            seen = np.asarray(network.predict_on_batch(image[None, rows.seen, columns.seen]))[0]
            likely[rows.cells, columns.cells] = seen[rows.own, columns.own]
    return likely


@dataclass(frozen=True)
class _Tile:
    """A part of one axis: pixels that the network sees, the cells that it answers, and where these lie in its map."""

    seen: slice
    cells: slice
    own: slice


def _tiles(length: int) -> Iterator[_Tile]:
    side = min(length, _TILE)
    first = 0  # pixel from which on there is no answer yet
    while first < length:
        start = min(max(0, first - _MARGIN), length - side)
        stop = start + side
        last = stop if stop == length else stop - _MARGIN
        cells = slice(first // STRIDE, last // STRIDE)
        yield _Tile(slice(start, stop), cells, slice(cells.start - start // STRIDE, cells.stop - start // STRIDE))
        first = last


def _blurred(grey: NDArray[np.floating], sigma: float) -> NDArray[np.float32]:
    return cv2.GaussianBlur(grey, (0, 0), sigma, borderType=cv2.BORDER_REFLECT).astype(np.float32)


@keras.saving.register_keras_serializable("mammo_worker")
def search_loss(truth: Tensor, logits: Tensor) -> Tensor:
    """The loss of each window, (B,).

    - Cells without calcifications: binary cross entropy, the mean of all and that of the hardest.
    - Cells beside calcifications: binary cross entropy, the mean.
    - A crop of calcifications as a bag (multiple-instance learning; Maron and Lozano-Perez, NIPS 1997): its most
      likely cells show calcifications; nothing is known of the others.

    Args:
        truth: Targets (B, rows, columns, 2): 1 beside calcifications, 0 without, -1 unknown; and whether the window is
            a bag (1), is none (0), or may show too little of its crop to be one (-1).
        logits: Logits (B, rows, columns).
    """
    cells = logits.shape[1] * logits.shape[2]
    flat = ops.reshape(logits, (-1, cells))
    target, bag = ops.reshape(truth[..., 0], (-1, cells)), truth[:, 0, 0, 1]
    with_any, without = ops.cast(target == 1, "float32"), ops.cast(target == 0, "float32")
    of_bag = ops.cast(bag != 0, "float32")
    entropy_without = ops.softplus(flat) * without
    hardest = ops.mean(ops.top_k(entropy_without, cells // _HARDEST)[0], axis=1)
    negative = 0.5 * hardest + 0.5 * _mean(entropy_without, without)
    positive = _mean(ops.softplus(-flat) * with_any, with_any)
    most = cells // _MOST_LIKELY
    likeliest = ops.mean(ops.top_k(ops.where(target >= 0, flat, -1e4), most)[0], axis=1)
    is_bag = ops.logical_and(bag > 0, ops.sum(ops.cast(target >= 0, "int32"), axis=1) >= most)
    as_bag = ops.where(is_bag, _BAG_WEIGHT * ops.softplus(-likeliest), 0.0) + _OWN_WEIGHT * positive
    return of_bag * as_bag + (1 - of_bag) * (negative + _PASTED_WEIGHT * positive)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return ops.sum(values, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)
