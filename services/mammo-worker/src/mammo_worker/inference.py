"""From a prepared film to masses in film pixels: one compiled graph, and the way back from the canvas."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from mammo_worker.films.prepare import CanvasTransform, PreparedFilm
from mammo_worker.nn.mask_rcnn import MaskRCNN

_OUTLINE_GRID = 112  # a mask is drawn on so many steps a side, inside its own box only
_MIN_SCORE = 0.02


@dataclass(frozen=True)
class Detections:
    """What the network said of one film, best first.

    Attributes:
        boxes: (N, 4) of x1, y1, x2, y2 in film pixels.
        scores: (N,), that it is a mass; not calibrated.
        malignant: (N,), that it is malignant if it is a mass; not calibrated.
        outlines: N closed polygons (K, 2) in film pixels, None where the mask is empty.
        instance_map: (H / 16, W / 16), malignancy of every instance of the canvas.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    malignant: NDArray[np.float64]
    outlines: list[NDArray[np.float64] | None]
    instance_map: NDArray[np.float32]


class Detector:
    """A network compiled for single films.

    Args:
        model: With trained weights.
        flips: Whether each film is looked at twice, the second time upside down.
    """

    def __init__(self, model: MaskRCNN, flips: bool = True) -> None:
        self.canvas_size = model.config.canvas
        self._detect = _compiled(model, flips)

    def warm_up(self) -> None:
        """Trace and compile, so that the first film does not wait for it."""
        self._detect(np.zeros((1, *self.canvas_size, 2), np.uint8))

    def __call__(self, film: PreparedFilm, film_height: int) -> Detections:
        """Find the masses of a film of `film_height` rows."""
        out = {k: v[0] for k, v in self._detect(film.canvas[None]).items()}
        kept = np.flatnonzero(out["score"] > _MIN_SCORE)
        boxes = film.transform.boxes_to_film(out["boxes"][kept])
        width = film.transform.film_width
        boxes = np.clip(boxes, 0, [width, film_height, width, film_height])
        whole = (boxes[:, 2] - boxes[:, 0] >= 1) & (boxes[:, 3] - boxes[:, 1] >= 1)
        kept, boxes = kept[whole], boxes[whole]
        order = np.argsort(-out["score"][kept], kind="stable")
        kept, boxes = kept[order], boxes[order]
        outlines = [outline(out["masks"][i], out["boxes"][i], film.transform) for i in kept]
        return Detections(
            boxes,
            out["score"][kept].astype(np.float64),
            out["malignant"][kept].astype(np.float64),
            outlines,
            out["mil"],
        )


def _compiled(model: MaskRCNN, flips: bool) -> Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]]:
    """One graph on TensorFlow, which serves; on the backends that only train, the operations one by one."""
    if keras.backend.backend() != "tensorflow":
        to_numpy: Callable[[Any], NDArray[Any]] = keras.ops.convert_to_numpy  # pyright: ignore[reportAssignmentType]
        return lambda canvas: {name: to_numpy(value) for name, value in model.detect(canvas, flips=flips).items()}
    import tensorflow as tf

    graph: Any = tf.function(
        lambda canvas: model.detect(canvas, flips=flips),
        input_signature=[tf.TensorSpec((1, *model.config.canvas, 2), tf.uint8)],
    )
    return lambda canvas: {name: value.numpy() for name, value in graph(tf.constant(canvas)).items()}


def outline(
    mask: NDArray[np.float32], box: NDArray[np.float32], transform: CanvasTransform
) -> NDArray[np.float64] | None:
    """The largest region of a mask as a polygon in film pixels.

    Args:
        mask: (S, S) probabilities on a grid over the box.
        box: x1, y1, x2, y2 in canvas pixels.
        transform: To the film.
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
