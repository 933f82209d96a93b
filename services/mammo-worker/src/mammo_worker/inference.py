"""Finds masses on a prepared film with compiled graphs, and converts them to film pixels."""

from collections import defaultdict
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
from mammo_worker.nn.mask_rcnn import MaskRCNN, detect_with_each
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
        self._variants = list(variants)
        together: dict[tuple[tuple[int, int], bool], list[int]] = defaultdict(list)
        for i, variant in enumerate(variants):
            together[variant.model.config.canvas, variant.upside_down].append(i)
        # Networks that see the same picture are one graph, because they may share the first half of their backbones.
        self._graphs = [(of, _compiled([variants[i].model for i in of])) for of in together.values()]

    def warm_up(self) -> None:
        """Trace and compile, so that the first film does not have to wait."""
        for of, detect in self._graphs:
            detect(np.zeros((1, *self._variants[of[0]].model.config.canvas, 2), np.uint8))

    def __call__(self, film: PreparedFilm, film_height: int) -> Detections:
        """Find the masses of a film with `film_height` rows."""
        each = self.by_variant(film.canvas)
        purposes = [variant.purpose for variant in self._variants]
        findings = [found for (found, _), purpose in zip(each, purposes, strict=True) if purpose == "findings"]
        found, boxes = _on_film(findings, film, film_height)
        numbers = [one for one, purpose in zip(each, purposes, strict=True) if purpose == "film"] or each
        for_number, _ = _on_film([of for of, _ in numbers], film, film_height)
        return Detections(
            boxes,
            found.scores,
            found.malignant,
            [outline(mask, box, film.transform) for mask, box in zip(found.masks, found.boxes, strict=True)],
            float((for_number.scores * for_number.malignant).max(initial=0.0)),
            np.mean(np.stack([map_ for _, map_ in numbers]), axis=0),
        )

    def by_variant(self, canvas: NDArray[np.uint8]) -> list[tuple[VariantFindings, NDArray[np.float32]]]:
        """The findings of each variant in pixels of the upright `canvas`, and its instance map in that canvas' size."""
        each: dict[int, tuple[VariantFindings, NDArray[np.float32]]] = {}
        for of, detect in self._graphs:
            first = self._variants[of[0]]
            size, upside_down = first.model.config.canvas, first.upside_down
            for i, out in zip(of, detect(_seen(canvas, size, upside_down)), strict=True):
                each[i] = _on_canvas(out, size, upside_down, canvas.shape[:2])
        return [each[i] for i in range(len(self._variants))]


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


def _seen(canvas: NDArray[np.uint8], size: tuple[int, int], upside_down: bool) -> NDArray[np.uint8]:
    """The input (1, H, W, 2) of a variant for an upright canvas."""
    seen = canvas
    if canvas.shape[:2] != size:
        seen = cv2.resize(canvas, size[::-1], interpolation=cv2.INTER_AREA).astype(np.uint8)
    return np.ascontiguousarray(seen[::-1] if upside_down else seen)[None]


def _on_canvas(
    outputs: dict[str, NDArray[Any]], size: tuple[int, int], upside_down: bool, canvas: tuple[int, int]
) -> tuple[VariantFindings, NDArray[np.float32]]:
    """The findings of a variant, in pixels of the upright canvas, and its instance map in the canvas' size."""
    out = {name: value[0] for name, value in outputs.items()}
    real = out["score"] > 0
    boxes, masks = out["boxes"][real].astype(np.float64), out["masks"][real]
    instances = out.get("mil", np.zeros((1, 1), np.float32))  # without a triage head, no instance is suspicious
    if upside_down:
        boxes = np.stack([boxes[:, 0], size[0] - boxes[:, 3], boxes[:, 2], size[0] - boxes[:, 1]], axis=1)
        masks, instances = masks[:, ::-1], instances[::-1]
    (height, width) = canvas
    boxes *= np.array([width / size[1], height / size[0]] * 2)
    map_size = (-(-width // MIL_STRIDE), -(-height // MIL_STRIDE))
    instances = cv2.resize(np.ascontiguousarray(instances), map_size, interpolation=cv2.INTER_LINEAR)
    found = VariantFindings(boxes, out["score"][real].astype(float), out["malignant"][real].astype(float), masks)
    return found, instances.astype(np.float32)


def _compiled(models: Sequence[MaskRCNN]) -> Callable[[NDArray[np.uint8]], list[dict[str, NDArray[Any]]]]:
    """One graph of networks of one size on TensorFlow, which serves; on the other backends, single operations."""
    if keras.backend.backend() != "tensorflow":
        to_numpy: Callable[[Any], NDArray[Any]] = keras.ops.convert_to_numpy  # pyright: ignore[reportAssignmentType]
        return lambda canvas: [
            {name: to_numpy(value) for name, value in out.items()} for out in detect_with_each(models, canvas)
        ]
    import tensorflow as tf

    def detect(canvas: Any) -> list[dict[str, Any]]:
        return detect_with_each(models, canvas)

    signature = [tf.TensorSpec((1, *models[0].config.canvas, 2), tf.uint8)]
    # The network has no Python conditions on tensors, so AutoGraph, which takes long, has nothing to convert.
    graph: Any = tf.function(detect, input_signature=signature, autograph=False)
    return lambda canvas: [{name: value.numpy() for name, value in out.items()} for out in graph(tf.constant(canvas))]


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
