"""Training windows: crops of calcifications, and masses into which calcifications or other texture is pasted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.calcifications.images import LARGEST_PASTED, SearchedImage, fine_part, without_grain
from mammo_worker.calcifications.network import STRIDE, search_input
from mammo_worker.calcifications.plan import SearchPlan
from mammo_worker.calcifications.tissue import SPACING
from mammo_worker.regions.crops import Crop
from mammo_worker.regions.prepare import NATIVE_SPACING

_LEAST_SPOTS = 3
_LEAST_HEIGHT = 6.0  # grey levels of a pixel that belongs to a spot
_BESIDE = 17  # pixels; side of the disc around a spot in which a cell is beside it
_TOGETHER = 61  # pixels; diameter of the disc that has to hold the spots of a cluster
_UNKNOWN = 20  # pixels around a pasted group in which nothing is learned
_BAG_SHARE, _BAG_SHARE_CLUSTERED = 0.6, 0.35  # least share of a crop in a window that is a bag
_LARGEST_NATIVE = 560  # pixels; larger crops are stored shrunk
_PASTED_GAIN, _TEXTURE_GAIN = (0.7, 1.6), (0.5, 1.3)
_MARKED = 0.2  # share of the windows with a drawn skin marker


@dataclass(frozen=True)
class Sources:
    """What windows are cut and put together from.

    Attributes:
        calcified: Crops of calcifications.
        clustered: Whether each of them is described as clustered.
        masses: Crops of masses without calcifications.
        groups: Fine parts of crops of calcifications, at `SPACING`.
        textures: Fine parts of crops of masses.
    """

    calcified: Sequence[SearchedImage]
    clustered: Sequence[bool]
    masses: Sequence[SearchedImage]
    groups: Sequence[NDArray[np.float32]]
    textures: Sequence[NDArray[np.float32]]


def fine_parts(crops: Sequence[Crop], largest: int = _LARGEST_NATIVE) -> list[NDArray[np.float32]]:
    """Fine parts, at `SPACING`, of the crops with at most `largest` native pixels a side."""
    factor = NATIVE_SPACING / SPACING
    parts: list[NDArray[np.float32]] = []
    for crop in crops:
        if max(crop.native_size) <= largest:
            fine = fine_part(crop.read())
            size = tuple(max(3, round(side * factor)) for side in fine.shape[::-1])
            parts.append(cv2.resize(fine, size, interpolation=cv2.INTER_AREA).astype(np.float32))
    return parts


def groups_to_paste(crops: Sequence[Crop]) -> list[NDArray[np.float32]]:
    """Fine parts of crops of calcifications that are small enough to be pasted."""
    return fine_parts(crops, LARGEST_PASTED)


def batches(plan: SearchPlan, sources: Sources) -> Callable[[int], tuple[Any, ...]]:
    """Batches by step: images and targets, see `network.search_loss`."""
    kinds = (
        [_calcified] * plan.calcified + [_pasted] * plan.pasted + [_textured] * plan.textured + [_plain] * plan.plain
    )

    def batch_of(step: int) -> tuple[Any, ...]:
        chance = np.random.default_rng((plan.seed, step))
        made = [_turned(*kind(sources, plan.window, chance), chance) for kind in kinds]
        return np.stack([image for image, _ in made]), np.stack([target for _, target in made])

    return batch_of


_Window = tuple[NDArray[np.float32], NDArray[np.float32], int]  # grey, targets by cell, bag


def _calcified(sources: Sources, side: int, chance: np.random.Generator) -> _Window:
    at = int(chance.integers(len(sources.calcified)))
    image = sources.calcified[at]
    grey, inside = _cut(image, side, chance)
    height, width = image.grey.shape
    shown = min(height, side) * min(width, side) / (height * width)
    whole = shown > (_BAG_SHARE_CLUSTERED if sources.clustered[at] else _BAG_SHARE)
    target = _without(inside)
    target[_beside_spots(without_grain(grey, 1 / SPACING) * inside) & (target == 0)] = 1
    return _marked(grey, chance), target, 1 if whole else -1


def _plain(sources: Sources, side: int, chance: np.random.Generator) -> _Window:
    grey, inside = _cut(sources.masses[int(chance.integers(len(sources.masses)))], side, chance)
    return _marked(grey, chance), _without(inside), 0


def _pasted(sources: Sources, side: int, chance: np.random.Generator) -> _Window:
    grey, inside = _cut(sources.masses[int(chance.integers(len(sources.masses)))], side, chance)
    group, area = _place(sources.groups, _PASTED_GAIN, side, chance)
    target = _without(inside)
    around = np.zeros(grey.shape, np.uint8)
    around[max(0, area[0].start - _UNKNOWN) : area[0].stop + _UNKNOWN, :][
        :, max(0, area[1].start - _UNKNOWN) : area[1].stop + _UNKNOWN
    ] = 1
    known = target == 0
    target[known & (_by_cell(around).max(axis=(1, 3)) > 0)] = -1
    target[known & _beside_spots(group)] = 1
    return _marked(grey + group, chance), target, 0


def _textured(sources: Sources, side: int, chance: np.random.Generator) -> _Window:
    grey, inside = _cut(sources.masses[int(chance.integers(len(sources.masses)))], side, chance)
    texture, _ = _place(sources.textures, _TEXTURE_GAIN, side, chance)
    return _marked(grey + texture, chance), _without(inside), 0


def _cut(image: SearchedImage, side: int, chance: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A window of an image, mirrored at its edges if it is smaller, and where its tissue is."""
    grey, inside = image.grey, image.inside
    missing = [max(0, side - size) for size in grey.shape]
    if any(missing):
        (above, before) = (int(chance.integers(size + 1)) for size in missing)
        edges = (above, missing[0] - above, before, missing[1] - before)
        grey = cv2.copyMakeBorder(grey, *edges, cv2.BORDER_REFLECT)
        inside = cv2.copyMakeBorder(inside.astype(np.uint8), *edges, cv2.BORDER_CONSTANT).astype(bool)
    top, left = (int(chance.integers(size - side + 1)) for size in grey.shape)
    area = slice(top, top + side), slice(left, left + side)
    return grey[area].astype(np.float32), inside[area]


def _place(
    parts: Sequence[NDArray[np.float32]], gains: tuple[float, float], side: int, chance: np.random.Generator
) -> tuple[NDArray[np.float32], tuple[slice, slice]]:
    """A turned fine part on an empty window, and where it lies."""
    part = np.rot90(parts[int(chance.integers(len(parts)))], int(chance.integers(4)))[:side, :side]
    if chance.random() < 0.5:
        part = part[:, ::-1]
    top, left = (int(chance.integers(side - size + 1)) for size in part.shape)
    area = slice(top, top + part.shape[0]), slice(left, left + part.shape[1])
    window = np.zeros((side, side), np.float32)
    window[area] = part * float(np.exp(chance.uniform(*np.log(gains))))
    return window, area


def _by_cell(mask: NDArray[Any]) -> NDArray[Any]:
    """A mask (side, side) as cells (rows, STRIDE, columns, STRIDE)."""
    return mask.reshape(mask.shape[0] // STRIDE, STRIDE, mask.shape[1] // STRIDE, STRIDE)


def _without(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Targets of a window without calcifications: 0 on tissue, -1 beside it."""
    return np.where(_by_cell(inside).mean(axis=(1, 3)) > 0.5, 0, -1).astype(np.float32)


def _beside_spots(fine: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Cells beside a bright spot of a fine part that lies together with others."""
    shown = fine[fine > 0]
    least = max(_LEAST_HEIGHT, 2 * float(np.median(shown))) if shown.size else _LEAST_HEIGHT
    spots = (fine > least).astype(np.uint8)
    count, _, _, centres = cv2.connectedComponentsWithStats(spots)
    if count - 1 < _LEAST_SPOTS:
        return np.zeros((fine.shape[0] // STRIDE, fine.shape[1] // STRIDE), bool)
    single = np.zeros(fine.shape, np.float32)
    x, y = np.round(centres[1:]).astype(int).T
    single[y, x] = 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_TOGETHER, _TOGETHER)).astype(np.float32)
    together = cv2.filter2D(single, -1, disc, borderType=cv2.BORDER_CONSTANT) > _LEAST_SPOTS - 0.5
    beside = cv2.dilate(spots, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_BESIDE, _BESIDE)))
    return (_by_cell(beside).max(axis=(1, 3)) > 0) & _by_cell(together).any(axis=(1, 3))


def _marked(grey: NDArray[np.float32], chance: np.random.Generator) -> NDArray[np.float32]:
    """Draw a skin marker on some windows: a white disc or rod, which is no calcification."""
    if chance.random() >= _MARKED:
        return grey
    side = grey.shape[0]
    drawn = np.zeros(grey.shape, np.uint8)
    x, y = (int(v) for v in chance.integers(10, side - 10, 2))
    if chance.random() < 0.6:
        cv2.circle(drawn, (x, y), int(chance.integers(7, 22)), (255,), -1)
    else:
        angle, length = chance.uniform(0, 2 * np.pi), int(chance.integers(20, 90))
        end = (int(x + length * np.cos(angle)), int(y + length * np.sin(angle)))
        cv2.line(drawn, (x, y), end, (255,), int(chance.integers(4, 14)))
    share = cv2.GaussianBlur(drawn, (0, 0), float(chance.uniform(0.5, 1.2))).astype(np.float32) / 255
    return (grey * (1 - share) + share * np.float32(chance.uniform(235, 255))).astype(np.float32)


def _turned(
    grey: NDArray[np.float32], target: NDArray[np.float32], bag: int, chance: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Change the grey, turn and mirror the window, and convert it to the network's input and the loss' truth."""
    changed: Any = grey * np.exp(chance.normal(0, 0.2)) + chance.normal(0, 8)
    if chance.random() < 0.3:
        changed = cv2.GaussianBlur(changed, (0, 0), float(chance.uniform(0.3, 0.8)))
    if chance.random() < 0.3:
        changed = changed + chance.normal(0, chance.uniform(0.5, 2.5), grey.shape)
    image = search_input(np.clip(changed, 0, 255))
    truth = np.stack([target, np.full_like(target, bag)], axis=-1)
    turns, mirrored = int(chance.integers(4)), chance.random() < 0.5
    image, truth = np.rot90(image, turns), np.rot90(truth, turns)
    return (image[:, ::-1], truth[:, ::-1]) if mirrored else (image, truth)
