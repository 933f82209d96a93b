"""The interface of the first stage of a two-stage detector, and the selection of proposals."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar, NamedTuple, Self

import keras

from lobule_ml.keras_types import Tensor, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn.config import SelectionConfig
from mammo_worker.nn.nms import top_after_nms


class FirstStage(NamedTuple):
    """The predictions of a first stage.

    Attributes:
        logits: Objectness logits (B, N).
        raw: Boxes (B, N, 4) as predicted by the network.
        boxes: Boxes (B, N, 4) in canvas pixels.
    """

    logits: Tensor
    raw: Tensor
    boxes: Tensor


class ProposalStage(ABC):
    """Predicts the places of masses of any class.

    Attributes:
        network: Network of the head, shared by all levels.
        canvas: Height and width of the canvas.
        selection: Selection of the proposals.
    """

    in_half_precision: ClassVar[bool]
    """Whether the head can run in bfloat16 in inference."""

    def __init__(self, network: keras.Model, canvas: tuple[int, int], selection: SelectionConfig) -> None:
        self.network = network
        self.canvas = canvas
        self.selection = selection

    def with_network(self, network: keras.Model) -> Self:
        """The same stage with another network of the same inputs and outputs."""
        other = copy(self)
        other.network = network
        return other

    def at_canvas(self, canvas: tuple[int, int]) -> Self:
        """The same stage for a canvas of another height and width."""
        other = copy(self)
        other.canvas = canvas
        return other

    @abstractmethod
    def __call__(self, levels: Sequence[Tensor], training: bool = False) -> FirstStage:
        """Predict on the levels (B, H / s, W / s, C) of a pyramid."""

    @abstractmethod
    def losses(
        self, outputs: FirstStage, truth: Tensor, labels: Tensor, seed: keras.random.SeedGenerator
    ) -> tuple[Tensor, Tensor]:
        """Compute the losses of objectness and boxes.

        Args:
            outputs: The predictions.
            truth: True boxes (B, G, 4).
            labels: Labels, int (B, G), 0 for padding.
            seed: Source of randomness.
        """

    @abstractmethod
    def score(self, mass: Tensor, objectness: Tensor) -> Tensor:
        """Scores (B, P) of RoIs that the second stage classifies as masses with probability `mass` (B, P)."""

    def proposals(self, outputs: FirstStage, training: bool = False) -> tuple[Tensor, Tensor]:
        """Proposals (B, P, 4) and their objectness (B, P), as many as configured for training or for test."""
        s = self.selection
        before, kept = (s.before_train, s.kept_train) if training else (s.before, s.kept)
        return propose(outputs.boxes, ops.sigmoid(outputs.logits), self.canvas, s.nms, before, kept)


def propose(
    boxes: Tensor, objectness: Tensor, canvas: tuple[int, int], nms: float, before: int, after: int
) -> tuple[Tensor, Tensor]:
    """Clip and suppress boxes, and keep a fixed number as proposals.

    Args:
        boxes: Boxes (B, N, 4).
        objectness: Objectness probabilities (B, N).
        canvas: Height and width of the canvas.
        nms: IoU above which the worse box is suppressed.
        before: Number of boxes before suppression.
        after: Number of proposals after suppression.

    Returns:
        Proposals (B, `after`, 4) and their objectness (B, `after`), 0 for padding. No gradient flows through them.
    """
    boxes, objectness = ops.stop_gradient(bx.clip(boxes, *canvas)), ops.stop_gradient(objectness)
    index, is_box = top_after_nms(boxes, objectness, nms, before, after)
    chosen = ops.take_along_axis(boxes, ops.expand_dims(index, -1), axis=1)
    score = ops.take_along_axis(objectness, index, axis=1)
    real = ops.cast(is_box, "float32")
    return chosen * ops.expand_dims(real, -1), score * real


def logits_and_boxes(level: Any, logits: Any, boxes: Any, name: str) -> keras.Model:
    """Build a head from a level (H, W, C) to logits (H * W * A,) and raw boxes (H * W * A, 4).

    Args:
        level: Input of the head.
        logits: Logits (H, W, A).
        boxes: Raw boxes (H, W, 4 * A).
        name: Name of the model.
    """
    flat = keras.layers.Reshape((-1,))(logits), keras.layers.Reshape((-1, 4))(boxes)
    return keras.Model(level, list(flat), name=name)
