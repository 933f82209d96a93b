"""Pastes masses from one breast into another, and covers the masses of a film with the breast's own tissue.

Patches are blended by their gradients (Perez et al., "Poisson image editing", SIGGRAPH 2003), so that no seam is
visible.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.data.batches import TrainingFilm
from mammo_worker.labels import MALIGNANT

Image = NDArray[np.uint8]
Rectangle = tuple[int, int, int, int]  # x, y, width, height

_MARGIN = 0.3  # margin around a mass that is cut with it, as a share of its sides
_COVER = 0.6  # margin around a mass that is covered when it is removed, for spicules and halo
_VISIBLE = 8.0  # least contrast of a pasted mass, in grey levels
_COVERED = 12.0  # largest contrast after a mass was covered, in grey levels
_ALIKE = 30.0  # largest difference of the surroundings before and after, in grey levels
_INSIDE = 0.98  # share of a patch that must lie in the breast
_TRIES = 24
_SMALLEST, _LARGEST = 10, 160  # sides of a patch, canvas pixels


@dataclass(frozen=True)
class LesionChanges:
    """Probabilities of changes to the lesions of a film.

    Attributes:
        remove: Probability of trying to cover all masses of a film, which makes it a normal one. About four films in
            ten have tissue that is similar enough.
        paste: Probability of trying to paste a mass of another breast. It fits on about six films in ten.
        scale: Smallest and largest factor on a pasted mass.
    """

    remove: float = 0.3
    paste: float = 0.3
    scale: tuple[float, float] = (0.8, 1.25)


@dataclass(frozen=True)
class Patch:
    """A mass with its surroundings.

    Attributes:
        grey: Grey values (height, width).
        mask: Mask of the mass, 255 inside.
        label: Class of the mass, as in `labels`.
    """

    grey: Image
    mask: Image
    label: int


def changed_lesions(
    film: TrainingFilm, donors: Sequence[TrainingFilm], how: LesionChanges, chance: np.random.Generator
) -> TrainingFilm:
    """Return the film unchanged, without its masses, or with one more; only the canvas' plain grey is valid."""
    draw = chance.random()
    if draw < how.remove:
        return without_masses(film, chance)
    if draw < how.remove + how.paste:
        patch = cut_patch(donors[int(chance.integers(len(donors)))], chance)
        return film if patch is None else with_patch(film, _varied(patch, how, chance), chance)
    return film


def cut_patch(film: TrainingFilm, chance: np.random.Generator) -> Patch | None:
    """One of the film's masses; None if it is too large, small or faint, or too near to the breast's edge."""
    at = int(chance.integers(len(film.boxes)))
    grey, rectangle = film.canvas[..., 0], _grown(film.boxes[at], _MARGIN)
    if not _fits(grey, rectangle):
        return None
    patch = Patch(
        _part(grey, rectangle).copy(), _part(_own_mask(film, at), rectangle).copy(), int(film.annotated.labels[at])
    )
    return patch if patch.mask.any() and _contrast(patch.grey, patch.mask) >= _VISIBLE else None


def with_patch(film: TrainingFilm, patch: Patch, chance: np.random.Generator) -> TrainingFilm:
    """Paste the patch into the breast, away from existing masses, where the tissue is as bright as its surroundings.

    The film does not change if there is no such place, or if the mass would not be visible.
    """
    height, width = patch.grey.shape
    if not _SMALLEST <= min(width, height) <= max(width, height) <= _LARGEST:
        return film
    grey, rim = film.canvas[..., 0], _rim_mean(patch.grey)
    places = _free_places(grey, film.boxes, (width, height), chance)
    place = next((p for p in places if abs(_rim_mean(_part(grey, (*p, width, height))) - rim) < _ALIKE), None)
    if place is None:
        return film
    rectangle = (*place, width, height)
    blended = _blended(grey, patch.grey, rectangle)
    if _contrast(_part(blended, rectangle), patch.mask) < max(_VISIBLE, _contrast(patch.grey, patch.mask) / 2):
        return film
    canvas, mask = film.canvas.copy(), film.mask
    canvas[..., 0] = blended
    if mask is not None:
        mask = mask.copy()
        _part(mask, rectangle)[:] |= patch.mask
    x, y, box_width, box_height = cv2.boundingRect(patch.mask)
    corner = np.array([place[0] + x, place[1] + y])
    box = np.concatenate([corner, corner + np.array([box_width, box_height])]).astype(np.float32)
    known = None if film.annotated.malignant is None else film.annotated.malignant or patch.label == MALIGNANT
    labels = np.append(film.annotated.labels, np.int32(patch.label)).astype(np.int32)
    annotated = replace(film.annotated, labels=labels, malignant=known)
    return replace(film, canvas=canvas, boxes=np.concatenate([film.boxes, box[None]]), mask=mask, annotated=annotated)


def without_masses(film: TrainingFilm, chance: np.random.Generator) -> TrainingFilm:
    """Cover the film's masses with tissue of the same breast.

    The film does not change if no tissue is similar, or if a mass would remain visible: a half-hidden mass that is
    labelled as normal would teach the network to overlook it.
    """
    grey = film.canvas[..., 0].copy()
    for at, box in enumerate(film.boxes):
        rectangle = _grown(box, _COVER)
        if not _fits(grey, rectangle):
            return film
        rim, size = _rim_mean(_part(grey, rectangle)), rectangle[2:]
        places = list(_free_places(grey, film.boxes, size, chance))
        if not places:
            return film
        best = min(places, key=lambda p: abs(_rim_mean(_part(grey, (*p, *size))) - rim))
        donor = _part(grey, (*best, *size))[:: chance.choice((-1, 1))]
        grey = _blended(grey, np.ascontiguousarray(donor), rectangle)
        if _contrast(_part(grey, rectangle), _part(_own_mask(film, at), rectangle)) > _COVERED:
            return film
    canvas = film.canvas.copy()
    canvas[..., 0] = grey
    annotated = replace(film.annotated, labels=np.zeros(0, np.int32), malignant=False)
    mask = None if film.mask is None else np.zeros_like(film.mask)
    return replace(film, canvas=canvas, boxes=np.zeros((0, 4), np.float32), mask=mask, annotated=annotated)


def _part(image: Image, rectangle: Rectangle) -> Image:
    """The pixels of a rectangle, as a view."""
    x, y, width, height = rectangle
    return image[y : y + height, x : x + width]


def _grown(box: NDArray[np.floating], share: float) -> Rectangle:
    margin = np.maximum((box[2:] - box[:2]) * share, 3)
    x1, y1 = np.floor(box[:2] - margin).astype(int)
    x2, y2 = np.ceil(box[2:] + margin).astype(int)
    return int(x1), int(y1), int(x2 - x1), int(y2 - y1)


def _fits(grey: Image, rectangle: Rectangle) -> bool:
    """Whether a patch is on the canvas, almost completely in the breast, and of a usable size."""
    x, y, width, height = rectangle
    if x < 1 or y < 1 or y + height > grey.shape[0] - 1 or x + width > grey.shape[1] - 1:
        return False
    if not _SMALLEST <= min(width, height) <= max(width, height) <= _LARGEST:
        return False
    return bool((_part(grey, rectangle) > 0).mean() >= _INSIDE)


def _free_places(
    grey: Image, boxes: NDArray[np.floating], size: tuple[int, int], chance: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """Random positions (x, y) in the breast for a patch of `size` (width, height) that touch no mass."""
    width, height = size
    if width >= grey.shape[1] - 2 or height >= grey.shape[0] - 2:
        return
    for _ in range(_TRIES):
        x = int(chance.integers(1, grey.shape[1] - width - 1))
        y = int(chance.integers(1, grey.shape[0] - height - 1))
        apart = (boxes[:, 0] > x + width) | (boxes[:, 2] < x) | (boxes[:, 1] > y + height) | (boxes[:, 3] < y)
        if apart.all() and _fits(grey, (x, y, width, height)):
            yield x, y


def _own_mask(film: TrainingFilm, at: int) -> Image:
    """Mask of one mass on the canvas: the hand-drawn mask within its box, or the box's ellipse."""
    drawn = np.zeros(film.canvas.shape[:2], np.uint8)
    x1, y1, x2, y2 = film.boxes[at]
    if film.mask is not None:
        inside = np.s_[max(0, int(y1) - 1) : int(y2) + 2, max(0, int(x1) - 1) : int(x2) + 2]
        drawn[inside] = film.mask[inside]
        if drawn.any():
            return drawn
    centre, axes = (round((x1 + x2) / 2), round((y1 + y2) / 2)), (round((x2 - x1) / 2), round((y2 - y1) / 2))
    cv2.ellipse(drawn, centre, axes, 0, 0, 360, (255,), -1)
    return drawn


def _varied(patch: Patch, how: LesionChanges, chance: np.random.Generator) -> Patch:
    """A mirrored, turned and scaled copy."""
    turns, mirror = int(chance.integers(4)), bool(chance.random() < 0.5)
    factor = float(np.exp(chance.uniform(*np.log(how.scale))))

    def vary(image: Image, method: int) -> Image:
        turned = np.rot90(image[::-1] if mirror else image, turns)
        size = (max(4, round(turned.shape[1] * factor)), max(4, round(turned.shape[0] * factor)))
        return cv2.resize(np.ascontiguousarray(turned), size, interpolation=method).astype(np.uint8)

    return Patch(vary(patch.grey, cv2.INTER_LINEAR), vary(patch.mask, cv2.INTER_NEAREST), patch.label)


def _rim_mean(part: Image) -> float:
    return float(np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]]).mean())


def _contrast(part: Image, mask: Image) -> float:
    """The difference in grey levels between the mass and the patch's rim."""
    return float(part[mask > 0].mean()) - _rim_mean(part)


def _blended(grey: Image, patch: Image, rectangle: Rectangle) -> Image:
    """Blend the patch into the image within its ellipse, by gradients; only pixels near the patch are processed."""
    x, y, width, height = rectangle
    pad = 2
    x0, y0 = max(0, x - pad), max(0, y - pad)
    part = grey[y0 : y + height + pad, x0 : x + width + pad]
    ellipse = np.zeros(patch.shape, np.uint8)
    cv2.ellipse(ellipse, (width // 2, height // 2), (width // 2 - 1, height // 2 - 1), 0, 0, 360, (255,), -1)
    source = np.zeros_like(part)
    source[y - y0 : y - y0 + height, x - x0 : x - x0 + width] = patch
    where = np.zeros_like(part)
    where[y - y0 : y - y0 + height, x - x0 : x - x0 + width] = ellipse
    bx, by, bw, bh = cv2.boundingRect(where)
    source, target = (np.repeat(image[..., None], 3, axis=-1) for image in (source, part))
    # OpenCV changes the mask that it receives.
    mixed = cv2.seamlessClone(source, target, where.copy(), (bx + bw // 2, by + bh // 2), cv2.NORMAL_CLONE)
    out = grey.copy()
    out[y0 : y + height + pad, x0 : x + width + pad] = np.where(where > 0, mixed[..., 0], part)
    return out
