"""The images for measuring the search: crops of CBIS-DDSM, and calcifications pasted into other breasts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.calcifications.tissue import SPACING, at_search_scale, tissue
from mammo_worker.data.splits import fold_of
from mammo_worker.regions.crops import Crop
from mammo_worker.regions.prepare import NATIVE_SPACING

LARGEST_PASTED = 400  # native pixels, 2 cm: largest pasted group
_NATIVE = (NATIVE_SPACING, NATIVE_SPACING)
_BACKGROUND = 1.0 / NATIVE_SPACING  # standard deviation in pixels, 1 mm; only finer structures are pasted
_TAPER = 8  # native pixels over which the pasted structures fade at the edge


@dataclass(frozen=True)
class SearchedImage:
    """An image with `SPACING` mm per pixel.

    Attributes:
        crop: The crop itself or the pasted one; its patient must be unseen by the searching model.
        grey: Grey values (height, width).
        inside: Mask of the tissue.
        target: Box x1, y1, x2, y2 of the calcifications; None if there are none.
        host: Patient of the tissue.
    """

    crop: Crop
    grey: NDArray[np.float32]
    inside: NDArray[np.bool_]
    target: tuple[float, float, float, float] | None
    host: str

    @property
    def area(self) -> float:
        """Area of its tissue in cm2."""
        return float(self.inside.sum()) * SPACING**2 / 100


def spacing_of(crop: Crop, grey: NDArray[np.uint8]) -> float:
    """Spacing of a stored crop in mm per pixel; large crops were shrunk."""
    return NATIVE_SPACING * crop.native_size[0] / grey.shape[0]


def fine_enough(crop: Crop, grey: NDArray[np.uint8]) -> bool:
    """Whether a crop is stored with `SPACING` or finer."""
    return spacing_of(crop, grey) <= SPACING


def original_crops(crops: Sequence[Crop]) -> Iterator[SearchedImage]:
    """Yield crops unchanged; the target of a crop with calcifications is the whole crop."""
    for crop in crops:
        grey = crop.read()
        if not fine_enough(crop, grey):
            continue
        image = at_search_scale(grey, (spacing_of(crop, grey), spacing_of(crop, grey)))
        height, width = image.shape
        target = (0.0, 0.0, float(width), float(height)) if crop.kind == "calcification" else None
        yield SearchedImage(crop, image, tissue(image), target, crop.patient)


def crops_with_pasted_groups(groups: Sequence[Crop], hosts: Sequence[Crop], seed: int = 0) -> Iterator[SearchedImage]:
    """Paste each group of calcifications into the tissue of another patient without any, in the same fold.

    Structures that are finer than 1 mm and brighter than the crop's grain are added to the host in the crop's grey.
    Both are stretched to their brightest pixel in CBIS-DDSM, so contrasts are those of the crops.

    Args:
        groups: Crops of calcifications.
        hosts: Crops of masses on which nothing was seen, of patients without calcifications.
        seed: Seed of the choice of hosts and places.
    """
    chance = np.random.default_rng(seed)
    by_fold = {fold: [h for h in hosts if fold_of(h.patient) == fold] for fold in range(5)}
    for crop in groups:
        height, width = crop.native_size
        if max(height, width) > LARGEST_PASTED:
            continue
        fitting = [
            h
            for h in by_fold[fold_of(crop.patient)]
            if h.native_size[0] > 1.2 * height and h.native_size[1] > 1.2 * width and max(h.native_size) <= 560
        ]
        if not fitting:
            continue
        host = fitting[int(chance.integers(len(fitting)))]
        ground = host.read().astype(np.float32)
        inside = tissue(at_search_scale(ground, _NATIVE))
        y, x = (int(chance.integers(0, ground.shape[i] - (height, width)[i])) for i in (0, 1))
        ground[y : y + height, x : x + width] += fine_part(crop.read())[: ground.shape[0] - y, : ground.shape[1] - x]
        image = at_search_scale(np.clip(ground, 0, 255), _NATIVE)
        factor = NATIVE_SPACING / SPACING
        target = (x * factor, y * factor, (x + width) * factor, (y + height) * factor)
        if inside[int(target[1]) : int(target[3]), int(target[0]) : int(target[2])].mean() > 0.95:
            yield SearchedImage(crop, image, inside, target, host.patient)


def fine_part(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The structures of a crop finer than 1 mm and brighter than its grain, fading towards the crop's edges."""
    fine = without_grain(grey.astype(np.float32), _BACKGROUND)
    inside = np.zeros(grey.shape, np.uint8)
    inside[1:-1, 1:-1] = 1
    fading = np.clip(cv2.distanceTransform(inside, cv2.DIST_L2, 3) / _TAPER, 0, 1)
    return (fine * fading).astype(np.float32)


def without_grain(values: NDArray[np.float32], background: float) -> NDArray[np.float32]:
    """What is brighter than its surroundings by more than twice the grain, less that; 0 elsewhere.

    Args:
        values: Grey values (height, width).
        background: Standard deviation in pixels of the blur that gives the surroundings.
    """
    fine = values - cv2.GaussianBlur(values, (0, 0), background, borderType=cv2.BORDER_REFLECT)
    grain = 1.4826 * float(np.median(np.abs(fine - np.median(fine))))
    return np.maximum(fine - 2 * grain, 0).astype(np.float32)
