"""Finds masses on a prepared film with compiled graphs, and converts them to film pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Hanging
from lobule.imaging.hanging import points_in_file
from mammo_worker.films.prepare import CanvasTransform, PreparedFilm
from mammo_worker.fusion import VariantFindings, fuse
from mammo_worker.nn.config import Purpose
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.nn.triage import MIL_STRIDE

_OUTLINE_GRID = 112  # side of the grid on which a mask is drawn within its box
_MIN_SCORE = 0.02


@dataclass(frozen=True)
class Detections:
    """The network's findings on one film, best first.

    Attributes:
        boxes: Boxes (N, 4) of x1, y1, x2, y2 in film pixels.
        scores: Probabilities (N,) of a mass, not calibrated.
        malignant: Probabilities (N,) of malignancy given a mass, not calibrated.
        outlines: N closed polygons (K, 2) in film pixels, None for an empty mask.
        suspicion: Largest score times malignancy of a finding of the variants that give the film's number; these need
            not be the variants of the findings above.
        instance_map: Malignancy (H / 16, W / 16) of every instance of the canvas, by the same variants as `suspicion`.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    malignant: NDArray[np.float64]
    outlines: list[NDArray[np.float64] | None]
    suspicion: float
    instance_map: NDArray[np.float32]


def detections_in_file(found: Detections, hanging: Hanging | None, shape: tuple[int, ...]) -> Detections:
    """Convert detections on a hung film to pixels of its file; the instance map does not change."""
    if hanging is None:
        return found
    corners = points_in_file(found.boxes.reshape(-1, 2), hanging, shape).reshape(-1, 2, 2)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    outlines = [None if line is None else points_in_file(line, hanging, shape) for line in found.outlines]
    return replace(found, boxes=boxes, outlines=outlines)


@dataclass(frozen=True)
class VariantNetwork:
    """A test-time variant (`TestTimeVariant`) with its network for the variant's canvas size."""

    model: MaskRCNN
    upside_down: bool = False
    purpose: Purpose = "findings"


class Detector:
    """Networks compiled for single films; the findings of variants of one purpose are fused.

    Args:
        variants: The variants, at least one of them for findings. Films are prepared on the first one's canvas.

    Raises:
        ValueError: No variant is for findings.
    """

    def __init__(self, variants: Sequence[VariantNetwork]) -> None:
        if all(variant.purpose != "findings" for variant in variants):
            raise ValueError("no variant is for findings")
        self.canvas_size = variants[0].model.config.canvas
        self._variants = [(variant, _compiled(variant.model)) for variant in variants]

    def warm_up(self) -> None:
        """Trace and compile, so that the first film does not have to wait."""
        for variant, detect in self._variants:
            detect(np.zeros((1, *variant.model.config.canvas, 2), np.uint8))

    def __call__(self, film: PreparedFilm, film_height: int) -> Detections:
        """Find the masses of a film with `film_height` rows."""
        each = [(variant.purpose, *_detect(variant, detect, film.canvas)) for variant, detect in self._variants]
        numbering: Purpose = "film" if any(purpose == "film" for purpose, _, _ in each) else "findings"
        found, boxes = _on_film([of for purpose, of, _ in each if purpose == "findings"], film, film_height)
        for_number = found
        if numbering == "film":
            for_number, _ = _on_film([of for purpose, of, _ in each if purpose == "film"], film, film_height)
        return Detections(
            boxes,
            found.scores,
            found.malignant,
            [outline(mask, box, film.transform) for mask, box in zip(found.masks, found.boxes, strict=True)],
            float((for_number.scores * for_number.malignant).max(initial=0.0)),
            np.mean(np.stack([map_ for purpose, _, map_ in each if purpose == numbering]), axis=0),
        )


def _on_film(
    variants: Sequence[VariantFindings], film: PreparedFilm, film_height: int
) -> tuple[VariantFindings, NDArray[np.float64]]:
    """Fuse variants, and keep the findings of at least a pixel of the film that are not too weak.

    Returns:
        The findings in pixels of the canvas, best first, and their boxes (N, 4) in pixels of the film.
    """
    found = fuse(variants)
    width = film.transform.film_width
    boxes = np.clip(film.transform.boxes_to_film(found.boxes), 0, [width, film_height, width, film_height])
    kept = (found.scores > _MIN_SCORE) & (boxes[:, 2] - boxes[:, 0] >= 1) & (boxes[:, 3] - boxes[:, 1] >= 1)
    return VariantFindings(found.boxes[kept], found.scores[kept], found.malignant[kept], found.masks[kept]), boxes[kept]


def _detect(
    variant: VariantNetwork, detect: Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]], canvas: NDArray[np.uint8]
) -> tuple[VariantFindings, NDArray[np.float32]]:
    """The findings of a variant in pixels of the upright `canvas`, and its instance map in the size of that canvas."""
    (height, width), (own_height, own_width) = canvas.shape[:2], variant.model.config.canvas
    seen = canvas
    if (height, width) != (own_height, own_width):
        seen = cv2.resize(canvas, (own_width, own_height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    if variant.upside_down:
        seen = seen[::-1]
    out = {name: value[0] for name, value in detect(np.ascontiguousarray(seen)[None]).items()}
    real = out["score"] > 0
    boxes, masks = out["boxes"][real].astype(np.float64), out["masks"][real]
    instances = out.get("mil", np.zeros((1, 1), np.float32))  # without a triage head, no instance is suspicious
    if variant.upside_down:
        boxes = np.stack([boxes[:, 0], own_height - boxes[:, 3], boxes[:, 2], own_height - boxes[:, 1]], axis=1)
        masks, instances = masks[:, ::-1], instances[::-1]
    boxes *= np.array([width / own_width, height / own_height] * 2)
    size = (-(-width // MIL_STRIDE), -(-height // MIL_STRIDE))
    instances = cv2.resize(np.ascontiguousarray(instances), size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return VariantFindings(
        boxes, out["score"][real].astype(float), out["malignant"][real].astype(float), masks
    ), instances


def _compiled(model: MaskRCNN) -> Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]]:
    """One graph on TensorFlow, which serves; on the other backends, single operations."""
    if keras.backend.backend() != "tensorflow":
        to_numpy: Callable[[Any], NDArray[Any]] = keras.ops.convert_to_numpy  # pyright: ignore[reportAssignmentType]
        return lambda canvas: {name: to_numpy(value) for name, value in model.detect(canvas).items()}
    import tensorflow as tf

    signature = [tf.TensorSpec((1, *model.config.canvas, 2), tf.uint8)]
    # The network has no Python conditions on tensors, so AutoGraph, which takes long, has nothing to convert.
    graph: Any = tf.function(model.detect, input_signature=signature, autograph=False)
    return lambda canvas: {name: value.numpy() for name, value in graph(tf.constant(canvas)).items()}


def outline(
    mask: NDArray[np.float32], box: NDArray[np.floating], transform: CanvasTransform
) -> NDArray[np.float64] | None:
    """The largest region of a mask as a polygon in film pixels.

    Args:
        mask: Probabilities (S, S) on a grid over the box.
        box: Box x1, y1, x2, y2 in canvas pixels.
        transform: Transform to the film.
    """
    fine = cv2.resize(mask, (_OUTLINE_GRID, _OUTLINE_GRID), interpolation=cv2.INTER_LINEAR)
    contours, _ = cv2.findContours((fine > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    if len(largest) < 3:
        return None
    share = (largest[:, 0].astype(np.float64) + 0.5) / _OUTLINE_GRID
    points = np.stack([box[0] + share[:, 0] * (box[2] - box[0]), box[1] + share[:, 1] * (box[3] - box[1])], axis=1)
    return transform.points_to_film(points)
