"""Preparations of the crops for measurements: unchanged, like pictures of the command, and from coarser films."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2

from mammo_worker.regions.crops import Crop
from mammo_worker.regions.prepare import NATIVE_SPACING, PreparedRegion, prepare_region, region_at


@dataclass(frozen=True)
class Preparation:
    """A preparation of crops.

    Attributes:
        name: Name in the tables.
        prepare: Converts a crop, given the side of the canvas, to the classifier's input.
    """

    name: str
    prepare: Callable[[Crop, int], PreparedRegion]


def _as_cut(crop: Crop, side: int) -> PreparedRegion:
    return prepare_region(crop.read(), crop.native_size, side)


def _as_picture(crop: Crop, side: int) -> PreparedRegion:
    """Prepare as `mammo-worker regions` does for a picture without a scale; large crops were shrunk."""
    return region_at(crop.read(), NATIVE_SPACING, side)


def _from_film_of(spacing: float) -> Callable[[Crop, int], PreparedRegion]:
    """Prepare as if the film had coarser pixels, in mm."""

    def prepare(crop: Crop, side: int) -> PreparedRegion:
        grey = crop.read()
        own = NATIVE_SPACING * crop.native_size[0] / grey.shape[0]
        if own < spacing:
            size = tuple(max(2, round(length * own / spacing)) for length in grey.shape[::-1])
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        return region_at(grey, max(own, spacing), side)

    return prepare


PREPARATIONS = (
    Preparation("as cut, 0.05 mm a pixel", _as_cut),
    Preparation("as a picture that does not say its scale", _as_picture),
    Preparation("as from a film of 0.1 mm a pixel", _from_film_of(0.1)),
    Preparation("as from a film of 0.2 mm a pixel", _from_film_of(0.2)),
    Preparation("as from a film of 0.4 mm a pixel", _from_film_of(0.4)),
)
