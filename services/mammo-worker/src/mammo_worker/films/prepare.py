"""From a film of any size and source to the canvas that the networks see, and exactly back.

The steps of the report's section 4.2.2, each as robust as scanned films need it: drop white frames, find the breast
(Otsu, largest component, chest wall straightened), blank everything else (markers, tape, labels), turn the chest
wall to the left, crop, normalise, CLAHE, and resize with the aspect kept onto a canvas of two to one.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

THUMBNAIL_HEIGHT = 400
CANVAS_CHANNELS = 2  # normalised grey, and the same after CLAHE
_FRAME_REACH = 0.08  # a frame is searched for in this share of a side, no deeper
_SATURATED = 0.96
_MARGIN = 0.015  # of the breast's height, around the crop
_CLAHE_CLIP, _CLAHE_TILES = 2.0, (4, 8)  # tiles across and down the canvas


@dataclass(frozen=True)
class CanvasTransform:
    """The exact map between film pixels and canvas pixels (continuous coordinates, pixel edges at integers).

    Attributes:
        film_width: Width of the film in pixels; the mirror axis where `flipped`.
        flipped: Whether the film was mirrored so that the chest wall lies on the left.
        x0: Left edge of the crop in the (mirrored) film.
        y0: Upper edge of the crop.
        scale_x: Canvas pixels per film pixel.
        scale_y: The same, down; equal to `scale_x` but for rounding and for the undoing of a stretch.
    """

    film_width: float
    flipped: bool
    x0: float
    y0: float
    scale_x: float
    scale_y: float

    def boxes_to_canvas(self, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Boxes (N, 4) as x1, y1, x2, y2 in film pixels to canvas pixels."""
        x1, y1, x2, y2 = np.asarray(boxes, np.float64).reshape(-1, 4).T
        if self.flipped:
            x1, x2 = self.film_width - x2, self.film_width - x1
        mapped = [(x1 - self.x0) * self.scale_x, (y1 - self.y0) * self.scale_y]
        mapped += [(x2 - self.x0) * self.scale_x, (y2 - self.y0) * self.scale_y]
        return np.stack(mapped, axis=1).astype(np.float32)

    def points_to_film(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (N, 2) as x, y in canvas pixels to film pixels."""
        points = np.asarray(points, np.float64).reshape(-1, 2)
        x = points[:, 0] / self.scale_x + self.x0
        y = points[:, 1] / self.scale_y + self.y0
        return np.stack([self.film_width - x if self.flipped else x, y], axis=1)

    def boxes_to_film(self, boxes: NDArray[np.floating]) -> NDArray[np.float64]:
        """Boxes (N, 4) as x1, y1, x2, y2 in canvas pixels to film pixels."""
        corners = self.points_to_film(np.asarray(boxes, np.float64).reshape(-1, 2)).reshape(-1, 4)
        if self.flipped:
            corners = corners[:, [2, 1, 0, 3]]
        return corners


@dataclass(frozen=True)
class PreparedFilm:
    """A film on its canvas.

    Attributes:
        canvas: uint8 (height, width, 2): normalised grey and CLAHE; 0 outside the breast.
        transform: Back to the film.
        content: Height and width of the part of the canvas that the crop covers.
        breast_share: Area of the breast over area of the film.
    """

    canvas: NDArray[np.uint8]
    transform: CanvasTransform
    content: tuple[int, int]
    breast_share: float


def find_breast(film: NDArray[Any]) -> tuple[NDArray[np.bool_], bool]:
    """Find the breast on a film.

    Args:
        film: Grey film (height, width) where tissue is bright on dark background.

    Returns:
        Mask at thumbnail size with the chest wall straightened to the film's edge, and whether the chest wall is on
        the right. The mask is all False where nothing stands out.
    """
    height = min(THUMBNAIL_HEIGHT, film.shape[0])
    width = max(8, round(film.shape[1] * height / film.shape[0]))
    thumbnail = cv2.resize(film.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    low, high = np.percentile(thumbnail, [0.5, 99.9])
    if high <= low:
        return np.zeros((height, width), bool), False
    grey = np.clip((thumbnail - low) / (high - low), 0, 1)
    keep = _without_frame(grey)
    # The square root lifts the dim rim under the skin over Otsu's threshold.
    rooted = (np.sqrt(grey) * 255).astype(np.uint8)
    threshold, _ = cv2.threshold(rooted[keep][None], 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    tissue = ((rooted > threshold * 0.8) & keep).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    tissue = cv2.morphologyEx(tissue, cv2.MORPH_OPEN, disc)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(tissue)
    if count < 2:
        return np.zeros((height, width), bool), False
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    breast = labels == largest
    on_right = _chest_wall_on_right(breast)
    return _straighten_chest_wall(breast, on_right), on_right


def _without_frame(grey: NDArray[np.floating]) -> NDArray[np.bool_]:
    """True where no white frame is: whole bright lines at the edges, and saturated corners that touch the edge."""
    keep = np.ones(grey.shape, bool)
    bright = grey > _SATURATED * 0.8
    for axis in (0, 1):
        share = bright.mean(axis=1 - axis)
        reach = int(_FRAME_REACH * len(share))
        for line in (range(reach), range(len(share) - 1, len(share) - 1 - reach, -1)):
            framed = [i for i in line if share[i] > 0.6]
            if framed:
                upto = framed[-1]
                span = slice(0, upto + 2) if line[0] == 0 else slice(max(upto - 1, 0), None)
                keep[span if axis == 0 else slice(None), span if axis == 1 else slice(None)] = False
    edge = int(_FRAME_REACH * max(grey.shape))
    saturated = ((grey > _SATURATED) | ~keep).astype(np.uint8)
    saturated[edge:-edge, edge:-edge] = 0
    _, labels = cv2.connectedComponents(saturated)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.isin(labels, np.unique(rim[rim > 0]))
    return keep & ~cv2.dilate(touching.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)


def _chest_wall_on_right(breast: NDArray[np.bool_]) -> bool:
    """The breast is cut straight at the chest wall, so more of it lies at that end of its extent."""
    columns = np.flatnonzero(breast.any(axis=0))
    inner = breast[:, columns[0] : columns[-1] + 1]
    strip = max(2, inner.shape[1] // 20)
    return int(inner[:, -strip:].sum()) > int(inner[:, :strip].sum())


def _straighten_chest_wall(breast: NDArray[np.bool_], on_right: bool) -> NDArray[np.bool_]:
    """Fill every row from the chest wall's straight edge to the outermost tissue; close gaps between rows."""
    mask = breast[:, ::-1] if on_right else breast
    columns = np.arange(mask.shape[1])
    outermost = np.where(mask.any(axis=1), mask.shape[1] - 1 - np.argmax(mask[:, ::-1], axis=1), -1)
    filled = columns[None] <= outermost[:, None]
    filled[:, : int(np.flatnonzero(mask.any(axis=0))[0])] = False
    return filled[:, ::-1] if on_right else filled


def prepare_film(film: NDArray[Any], canvas_size: tuple[int, int], squeeze: float = 1.0) -> PreparedFilm:
    """Prepare a film for the networks.

    Args:
        film: Grey film (height, width), any depth, tissue bright.
        canvas_size: Height and width of the canvas.
        squeeze: Factor on the film's width that gives it its true aspect, see `aspect.squeeze_of`.

    Returns:
        The canvas with its exact transform. Where no breast is found, the whole film is placed and `breast_share` is
        0; the caller decides what that means.
    """
    given_width = film.shape[1]
    if squeeze != 1.0:
        size = (max(1, round(given_width * squeeze)), film.shape[0])
        film = cv2.resize(film, size, interpolation=cv2.INTER_AREA)
    mask, on_right = find_breast(film)
    height, width = film.shape
    share = float(mask.mean())
    if share == 0:
        mask = np.ones_like(mask)
    if on_right:
        film, mask = film[:, ::-1], mask[:, ::-1]
    y0, y1, x0, x1 = _crop_edges(mask, height, width)
    crop = np.ascontiguousarray(film[y0:y1, x0:x1])
    ratio = min(canvas_size[0] / crop.shape[0], canvas_size[1] / crop.shape[1])
    content = (
        max(1, min(canvas_size[0], round(crop.shape[0] * ratio))),
        max(1, min(canvas_size[1], round(crop.shape[1] * ratio))),
    )
    method = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    small = cv2.resize(crop.astype(np.float32), content[::-1], interpolation=method)
    inside = _mask_of_crop(mask, (y0, y1, x0, x1), (height, width), content)
    grey = _normalised(small, inside)
    canvas = np.zeros((*canvas_size, CANVAS_CHANNELS), np.uint8)
    clahe = cv2.createCLAHE(_CLAHE_CLIP, _CLAHE_TILES)
    canvas[: content[0], : content[1], 0] = grey * inside
    canvas[: content[0], : content[1], 1] = clahe.apply(grey) * inside
    scale_y, scale_x = content[0] / crop.shape[0], content[1] / crop.shape[1]
    given = given_width / width  # film columns as given, per column of true aspect
    transform = CanvasTransform(float(given_width), on_right, x0 * given, float(y0), scale_x / given, scale_y)
    return PreparedFilm(canvas, transform, content, share)


def _crop_edges(mask: NDArray[np.bool_], height: int, width: int) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    down, across = height / mask.shape[0], width / mask.shape[1]
    margin = _MARGIN * height
    y0, y1 = rows[0] * down - margin, (rows[-1] + 1) * down + margin
    x0, x1 = columns[0] * across, (columns[-1] + 1) * across + margin
    return max(0, int(y0)), min(height, int(np.ceil(y1))), max(0, int(x0)), min(width, int(np.ceil(x1)))


def _mask_of_crop(
    mask: NDArray[np.bool_], edges: tuple[int, int, int, int], film: tuple[int, int], content: tuple[int, int]
) -> NDArray[np.uint8]:
    """The breast's mask at the size of the content, a little wider than the tissue that Otsu found."""
    y0, y1, x0, x1 = edges
    down, across = mask.shape[0] / film[0], mask.shape[1] / film[1]
    wide = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8))
    part = wide[int(y0 * down) : int(np.ceil(y1 * down)), int(x0 * across) : int(np.ceil(x1 * across))]
    return cv2.resize(part, content[::-1], interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def _normalised(grey: NDArray[Any], inside: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """8 bits from the darkest to the brightest tissue, whatever the scanner's depth and offset."""
    tissue = grey[inside > 0]
    low, high = np.percentile(tissue, [0.5, 99.8])
    return (np.clip((grey - low) / max(float(high - low), 1e-6), 0, 1) * 255).astype(np.uint8)
