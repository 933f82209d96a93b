"""Training batches of films that are prepared once and changed at random each time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, overload

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule_ml.training.loop import BatchOf
from lobule_ml.training.order import epoch_order
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.augment import Augmentation, change_contrast, random_affine, transform_boxes, warp
from mammo_worker.films.prepare import CanvasTransform, prepare_film
from mammo_worker.nn.mask_head import MASK_STRIDE

MAX_MASSES = 8
_MEMORY = 3 << 30  # bytes of prepared films in memory
_VISIBLE = 0.4  # a mass with less than this share left on the canvas is dropped

Batch = dict[str, Any]


@dataclass(frozen=True)
class TrainingFilm:
    """A film on its canvas, before the random changes of training.

    Attributes:
        annotated: The film with its truth.
        canvas: Canvas, uint8 (height, width, 2).
        transform: Transform from film to canvas.
        boxes: Boxes (N, 4) in canvas pixels.
        mask: Mask (height, width), 255 inside, or None.
    """

    annotated: AnnotatedFilm
    canvas: NDArray[np.uint8]
    transform: CanvasTransform
    boxes: NDArray[np.float32]
    mask: NDArray[np.uint8] | None


def prepare_training_film(annotated: AnnotatedFilm, size: tuple[int, int]) -> TrainingFilm:
    """Read and prepare a film on a canvas of `size` (height, width)."""
    film = prepare_film(annotated.read(), size)
    mask = None
    if annotated.read_mask is not None:
        mask = warp(((annotated.read_mask() > 127) * 255).astype(np.uint8), film_to_canvas(film.transform), size)
    boxes = film.transform.boxes_to_canvas(annotated.boxes)
    return TrainingFilm(annotated, film.canvas, film.transform, boxes, mask)


class FilmsOnDemand(Sequence[TrainingFilm]):
    """Training films that are prepared on demand; the latest are cached within a memory limit.

    Args:
        films: Films to prepare.
        canvas: Height and width of the canvas.
        memory: Largest number of cached bytes.
    """

    def __init__(self, films: Sequence[AnnotatedFilm], canvas: tuple[int, int], memory: int = _MEMORY) -> None:
        self._films = films
        of_a_film = canvas[0] * canvas[1] * 3  # bytes of two channels and a mask
        self._prepared = lru_cache(max(1, memory // of_a_film))(lambda i: prepare_training_film(films[i], canvas))

    def __len__(self) -> int:
        return len(self._films)

    @overload
    def __getitem__(self, index: int) -> TrainingFilm: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TrainingFilm]: ...
    def __getitem__(self, index: int | slice) -> TrainingFilm | Sequence[TrainingFilm]:
        if isinstance(index, slice):
            return [self._prepared(i) for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._prepared(index % len(self))


def film_to_canvas(transform: CanvasTransform) -> NDArray[np.float64]:
    """The transform as an affine map (2, 3)."""
    sign = -1.0 if transform.flipped else 1.0
    start = transform.film_width if transform.flipped else 0.0
    return np.array(
        [
            [sign * transform.scale_x, 0.0, (start - transform.x0) * transform.scale_x],
            [0.0, transform.scale_y, -transform.y0 * transform.scale_y],
        ]
    )


def augmented(prepared: TrainingFilm, size: tuple[int, int], how: Augmentation, chance: np.random.Generator) -> Batch:
    """Make one example of `nn.mask_rcnn.MaskRCNN`'s training input, without the batch axis."""
    affine = random_affine(how, prepared.canvas.shape[:2], size, chance)
    boxes = transform_boxes(prepared.boxes, affine)
    height, width = size
    clipped = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    left = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1) / np.maximum(area, 1e-3)
    seen = np.flatnonzero(left > _VISIBLE)[:MAX_MASSES]
    out_boxes, labels = np.zeros((MAX_MASSES, 4), np.float32), np.zeros(MAX_MASSES, np.int32)
    out_boxes[: len(seen)], labels[: len(seen)] = clipped[seen], prepared.annotated.labels[seen]
    mask = np.zeros((height // MASK_STRIDE, width // MASK_STRIDE, 1), np.uint8)
    if prepared.mask is not None:
        small = cv2.resize(warp(prepared.mask, affine, size), mask.shape[1::-1], interpolation=cv2.INTER_AREA)
        mask = (small[..., None] > 127).astype(np.uint8)
    return {
        "canvas": change_contrast(warp(prepared.canvas, affine, size), how, chance),
        "boxes": out_boxes,
        "labels": labels,
        "mask": mask,
        "has_mask": np.int32(prepared.mask is not None),
        "malignant": np.int32(-1 if prepared.annotated.malignant is None else prepared.annotated.malignant),
    }


def batches_of_examples(
    films: Sequence[TrainingFilm], batch: int, seed: int, example: Callable[[TrainingFilm, np.random.Generator], Batch]
) -> BatchOf:
    """Return a function that makes batches by step: every film once per epoch, in a new order each time.

    Args:
        films: Films of the training patients.
        batch: Films in a batch.
        seed: Seed of order and changes.
        example: Makes an example of `nn.mask_rcnn.MaskRCNN`'s training input from a film and a random generator.
    """
    at = epoch_order(len(films), seed)

    def batch_of(step: int) -> tuple[Any, ...]:
        chance = np.random.default_rng((seed, 1, step))
        chosen = [films[at(step * batch + i)] for i in range(batch)]
        examples = [example(film, chance) for film in chosen]
        return ({key: np.stack([e[key] for e in examples]) for key in examples[0]},)

    return batch_of


def augmented_batches(
    films: Sequence[TrainingFilm], size: tuple[int, int], batch: int, how: Augmentation, seed: int
) -> BatchOf:
    """Return a function that makes batches by step of randomly changed films."""
    return batches_of_examples(films, batch, seed, lambda film, chance: augmented(film, size, how, chance))
