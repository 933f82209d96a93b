"""Converts a film of any size and source to the networks' canvas, and exactly back.

The steps are those of the thesis' section 4.2.2, made robust for scanned films: drop white frames, find the breast
(Otsu, largest component, straightened chest wall), blank everything else (markers, tape, labels), turn the chest wall
to the left, crop, normalise, CLAHE, and resize with the aspect preserved to a canvas of two to one.

A network sees the stored values in 8 bits, linearly from black at the 0.5th percentile of the breast and its
surroundings to white at the 99.8th; 0 outside. Frames, markers that are brighter than tissue can be, and padding around
the measured area are excluded from the percentiles. The canvas is therefore, except for rounding, independent of the
display window, of the scale and offset of the stored values, and of the bit depth. A non-linear curve (a logarithm, an
applied VOI lookup table) does change it.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.films.breast import Breast, find_breast, resized

PREPROCESSING_VERSION = 2  # 1: percentiles of whole films, of pixels that the display window had clipped
CANVAS_CHANNELS = 2  # normalised grey, and grey after CLAHE
_MARGIN = 0.015  # margin around the crop, as a share of the height of the measured area
_DARKEST, _BRIGHTEST = 0.5, 99.8  # percentiles of the breast and its surroundings
# Times the distance of the 5th and the 90th percentile, above the latter: no tissue of 1,604 films reached 2.04.
_BEYOND_TISSUE = 2.1
_CLAHE_CLIP, _CLAHE_TILES = 2.0, (4, 8)  # tiles across and down the canvas


@dataclass(frozen=True)
class CanvasTransform:
    """The exact map between film pixels and canvas pixels (continuous coordinates, pixel edges at integers).

    Attributes:
        film_width: Width of the film in pixels; the mirror axis if `flipped`.
        flipped: Whether the film was mirrored so that the chest wall is on the left.
        x0: Left edge of the crop in the (mirrored) film.
        y0: Upper edge of the crop.
        scale_x: Canvas pixels per film pixel.
        scale_y: Canvas pixels per film pixel, down; equal to `scale_x` except for rounding and an undone stretch.
    """

    film_width: float
    flipped: bool
    x0: float
    y0: float
    scale_x: float
    scale_y: float

    def boxes_to_canvas(self, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Convert boxes (N, 4) from x1, y1, x2, y2 in film pixels to canvas pixels."""
        x1, y1, x2, y2 = np.asarray(boxes, np.float64).reshape(-1, 4).T
        if self.flipped:
            x1, x2 = self.film_width - x2, self.film_width - x1
        mapped = [(x1 - self.x0) * self.scale_x, (y1 - self.y0) * self.scale_y]
        mapped += [(x2 - self.x0) * self.scale_x, (y2 - self.y0) * self.scale_y]
        return np.stack(mapped, axis=1).astype(np.float32)

    def points_to_film(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Convert points (N, 2) from x, y in canvas pixels to film pixels."""
        points = np.asarray(points, np.float64).reshape(-1, 2)
        x = points[:, 0] / self.scale_x + self.x0
        y = points[:, 1] / self.scale_y + self.y0
        return np.stack([self.film_width - x if self.flipped else x, y], axis=1)

    def boxes_to_film(self, boxes: NDArray[np.floating]) -> NDArray[np.float64]:
        """Convert boxes (N, 4) from x1, y1, x2, y2 in canvas pixels to film pixels."""
        corners = self.points_to_film(np.asarray(boxes, np.float64).reshape(-1, 2)).reshape(-1, 4)
        if self.flipped:
            corners = corners[:, [2, 1, 0, 3]]
        return corners


@dataclass(frozen=True)
class PreparedFilm:
    """A film on its canvas.

    Attributes:
        canvas: uint8 (height, width, 2): normalised grey and CLAHE; 0 outside the breast.
        transform: Transform between film and canvas.
        content: Height and width of the part of the canvas that the crop covers.
        breast_share: Area of the breast as a share of the film's measured area.
    """

    canvas: NDArray[np.uint8]
    transform: CanvasTransform
    content: tuple[int, int]
    breast_share: float


def prepare_film(
    film: NDArray[Any],
    canvas_size: tuple[int, int],
    squeeze: float = 1.0,
    valid: NDArray[np.bool_] | None = None,
    breast: Breast | None = None,
) -> PreparedFilm:
    """Prepare a film for the networks.

    Args:
        film: Grey film (height, width) as measured, of any depth and scale, tissue bright.
        canvas_size: Height and width of the canvas.
        squeeze: Factor on the film's width that gives it its true aspect, see `aspect.squeeze_of`.
        valid: Mask (height, width), False at padding; None without padding.
        breast: The breast, if it was found already.

    Returns:
        The canvas with its exact transform. If no breast is found, the canvas shows the whole film and `breast_share`
        is 0; the caller decides how to treat it.
    """
    breast = breast or find_breast(film, valid, squeeze)
    share, shown = breast.share, breast.surroundings
    mask = breast.mask if share else np.ones_like(breast.mask)
    shown = shown if share else mask
    width = film.shape[1]
    top, bottom, left, right = breast.area
    film = film[top:bottom, left:right]
    if breast.on_right:
        film, mask, shown = film[:, ::-1], mask[:, ::-1], shown[:, ::-1]
    y0, y1, x0, x1 = edges = _crop_edges(mask, film.shape)
    crop = np.ascontiguousarray(film[y0:y1, x0:x1])
    true_width = crop.shape[1] * squeeze
    ratio = min(canvas_size[0] / crop.shape[0], canvas_size[1] / true_width)
    content = (
        max(1, min(canvas_size[0], round(crop.shape[0] * ratio))),
        max(1, min(canvas_size[1], round(true_width * ratio))),
    )
    inside = _part_of_crop(shown, edges, film.shape, content)
    grey = _normalised(resized(crop, content), inside)
    canvas = np.zeros((*canvas_size, CANVAS_CHANNELS), np.uint8)
    canvas[: content[0], : content[1], 0] = grey * inside
    canvas[: content[0], : content[1], 1] = equalised(grey) * inside
    scale_y, scale_x = content[0] / crop.shape[0], content[1] / crop.shape[1]
    x0, y0 = x0 + (width - right if breast.on_right else left), y0 + top
    transform = CanvasTransform(float(width), breast.on_right, float(x0), float(y0), scale_x, scale_y)
    return PreparedFilm(canvas, transform, content, share)


def equalised(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The second channel of a canvas: CLAHE of the breast's part of the first channel, (height, width)."""
    return cv2.createCLAHE(_CLAHE_CLIP, _CLAHE_TILES).apply(grey).astype(np.uint8)


def _crop_edges(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Rows and columns of the film around the mask, with a margin except at the chest wall."""
    height, width = shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    down, across = height / mask.shape[0], width / mask.shape[1]
    margin = _MARGIN * mask.shape[0]  # in pixels of the thumbnail, which are square
    y0, y1 = (rows[0] - margin) * down, (rows[-1] + 1 + margin) * down
    x0, x1 = columns[0] * across, (columns[-1] + 1 + margin) * across
    return max(0, int(y0)), min(height, int(np.ceil(y1))), max(0, int(x0)), min(width, int(np.ceil(x1)))


def _part_of_crop(
    mask: NDArray[np.bool_], edges: tuple[int, int, int, int], film: tuple[int, ...], content: tuple[int, int]
) -> NDArray[np.uint8]:
    """Resize a thumbnail's mask to the size of the content."""
    y0, y1, x0, x1 = edges
    down, across = mask.shape[0] / film[0], mask.shape[1] / film[1]
    part = mask[int(y0 * down) : int(np.ceil(y1 * down)), int(x0 * across) : int(np.ceil(x1 * across))]
    return cv2.resize(part.astype(np.uint8), content[::-1], interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def _normalised(grey: NDArray[np.float32], inside: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert to 8 bits from the darkest to the brightest tissue, for any depth and offset of the scanner."""
    tissue = grey[inside > 0]
    dark, bright = np.percentile(tissue, [5, 90])
    tissue = tissue[tissue <= bright + _BEYOND_TISSUE * (bright - dark)]  # excludes markers
    low, high = np.percentile(tissue, [_DARKEST, _BRIGHTEST])
    return (np.clip((grey - low) / max(float(high - low), 1e-6), 0, 1) * 255).astype(np.uint8)
