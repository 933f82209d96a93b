"""The properties of a finding that are compared between films: place, size, contrast and a small picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.examination.anatomy import Anatomy
from mammo_worker.examination.frame import Thumbnail

PATCH = 20  # side of the small picture in its own pixels
MARGIN = 4  # margin around it for shifts
_SURROUNDINGS = 1.6  # size of the surroundings as a multiple of the box


@dataclass(frozen=True)
class Mark:
    """A finding as it is compared; lengths are shares of the breast's depth on its film.

    Attributes:
        centre: Centre in the frame, x and y.
        from_nipple: Straight distance from the nipple.
        behind_nipple: Distance from the nipple along the posterior nipple line.
        size: Square root of the box's area.
        contrast: Mean grey of the box over that of its surroundings, on the scale of the thumbnail.
        picture: Square picture, side PATCH + 2 MARGIN, of the box and its surroundings.
        longest: Longest side of the box.
    """

    centre: tuple[float, float]
    from_nipple: float
    behind_nipple: float
    size: float
    contrast: float
    picture: NDArray[np.float32]
    longest: float


def marks_of(thumbnail: Thumbnail, anatomy: Anatomy, boxes: NDArray[np.floating]) -> list[Mark]:
    """Marks of a film's findings.

    Args:
        thumbnail: Thumbnail of the film.
        anatomy: Landmarks on the film.
        boxes: Boxes (N, 4) of x1, y1, x2, y2 in film pixels.
    """
    marks: list[Mark] = []
    for x1, y1, x2, y2 in anatomy.frame.boxes_from_film(boxes).tolist():
        centre = np.array([[(x1 + x2) / 2, (y1 + y2) / 2]])
        small = thumbnail.from_frame(np.array([[x1, y1], [x2, y2]])).ravel()
        marks.append(
            Mark(
                centre=(float(centre[0, 0]), float(centre[0, 1])),
                from_nipple=float(anatomy.from_nipple(centre)[0]) / anatomy.depth,
                behind_nipple=float(anatomy.behind_nipple(centre)[0]) / anatomy.depth,
                size=float(np.sqrt((x2 - x1) * (y2 - y1))) / anatomy.depth,
                contrast=_contrast(thumbnail, small),
                picture=_picture(thumbnail.grey, small),
                longest=max(x2 - x1, y2 - y1) / anatomy.depth,
            )
        )
    return marks


def _contrast(thumbnail: Thumbnail, box: NDArray[np.float64]) -> float:
    """Mean grey of a box (x1, y1, x2, y2 in the thumbnail) minus that of the surrounding ring within the breast."""
    inner = _slices(box, thumbnail.grey.shape)
    middle, half = (box[:2] + box[2:]) / 2, _SURROUNDINGS * (box[2:] - box[:2]) / 2
    outer = _slices(np.concatenate([middle - half, middle + half]), thumbnail.grey.shape)
    ring = thumbnail.mask.copy()
    ring[inner] = False
    values = thumbnail.grey[outer][ring[outer]]
    inside = thumbnail.grey[inner]
    return float(inside.mean() - values.mean()) if len(values) and inside.size else 0.0


def _slices(box: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[slice, slice]:
    x1, y1 = np.floor(np.clip(box[:2], 0, [shape[1] - 1, shape[0] - 1])).astype(int)
    x2, y2 = np.ceil(np.clip(box[2:], [x1 + 1, y1 + 1], [shape[1], shape[0]])).astype(int)
    return slice(int(y1), int(y2)), slice(int(x1), int(x2))


def _picture(grey: NDArray[np.float32], box: NDArray[np.float64]) -> NDArray[np.float32]:
    """A square around the box's centre, with the box's longer side and its surroundings."""
    side = PATCH + 2 * MARGIN
    scale = _SURROUNDINGS * float((box[2:] - box[:2]).max()) / PATCH
    middle = (box[:2] + box[2:]) / 2
    at = (np.arange(side) + 0.5 - side / 2) * max(scale, 1e-3)
    x, y = np.meshgrid(middle[0] + at - 0.5, middle[1] + at - 0.5)
    smooth = cv2.GaussianBlur(grey, (0, 0), max(0.4 * scale, 0.5)).astype(np.float32)
    return cv2.remap(
        smooth, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
