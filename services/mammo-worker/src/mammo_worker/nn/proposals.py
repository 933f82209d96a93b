"""The first stage of a two-stage detector: what every kind of it can do, and how proposals are selected."""

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
    """What a first stage predicts.

    Attributes:
        logits: (B, N), objectness.
        raw: (B, N, 4), boxes as the network says them.
        boxes: (B, N, 4), boxes in canvas pixels.
    """

    logits: Tensor
    raw: Tensor
    boxes: Tensor


class ProposalStage(ABC):
    """Predicts where masses may be, of any class.

    Attributes:
        network: Its head, shared by all levels.
        canvas: Height and width.
        selection: Of the proposals.
    """

    in_half_precision: ClassVar[bool]
    """Whether the head of a network in use may compute in bfloat16."""

    def __init__(self, network: keras.Model, canvas: tuple[int, int], selection: SelectionConfig) -> None:
        self.network = network
        self.canvas = canvas
        self.selection = selection

    def with_network(self, network: keras.Model) -> Self:
        """The same stage with another network of the same inputs and outputs."""
        other = copy(self)
        other.network = network
        return other

    @abstractmethod
    def __call__(self, levels: Sequence[Tensor], training: bool = False) -> FirstStage:
        """Predict on the levels (B, H / s, W / s, C) of a pyramid."""

    @abstractmethod
    def losses(
        self, outputs: FirstStage, truth: Tensor, labels: Tensor, seed: keras.random.SeedGenerator
    ) -> tuple[Tensor, Tensor]:
        """Loss of the objectness and of the boxes.

        Args:
            outputs: What was predicted.
            truth: (B, G, 4).
            labels: int (B, G); 0 for padding.
            seed: Source of chance.
        """

    @abstractmethod
    def score(self, mass: Tensor, objectness: Tensor) -> Tensor:
        """Score (B, P) of RoIs that the second stage takes for masses with probability `mass` (B, P)."""

    def proposals(self, outputs: FirstStage, training: bool = False) -> tuple[Tensor, Tensor]:
        """Proposals (B, P, 4) and their objectness (B, P), as many as configured for training or for test."""
        s = self.selection
        before, kept = (s.before_train, s.kept_train) if training else (s.before, s.kept)
        return propose(outputs.boxes, ops.sigmoid(outputs.logits), self.canvas, s.nms, before, kept)


def propose(
    boxes: Tensor, objectness: Tensor, canvas: tuple[int, int], nms: float, before: int, after: int
) -> tuple[Tensor, Tensor]:
    """The proposal layer: clip, suppress, keep a fixed number.

    Args:
        boxes: (B, N, 4).
        objectness: (B, N), probabilities.
        canvas: Height and width.
        nms: IoU above which the worse box falls.
        before: Boxes into the suppression.
        after: Proposals out.

    Returns:
        Proposals (B, `after`, 4) and their objectness (B, `after`), 0 where there are fewer. No gradient flows.
    """
    boxes, objectness = ops.stop_gradient(bx.clip(boxes, *canvas)), ops.stop_gradient(objectness)
    index, is_box = top_after_nms(boxes, objectness, nms, before, after)
    chosen = ops.take_along_axis(boxes, ops.expand_dims(index, -1), axis=1)
    score = ops.take_along_axis(objectness, index, axis=1)
    real = ops.cast(is_box, "float32")
    return chosen * ops.expand_dims(real, -1), score * real


def logits_and_boxes(level: Any, logits: Any, boxes: Any, name: str) -> keras.Model:
    """A head from a level (H, W, C) to logits (H * W * A,) and raw boxes (H * W * A, 4).

    Args:
        level: The input.
        logits: (H, W, A).
        boxes: (H, W, 4 * A).
        name: Of the model.
    """
    flat = keras.layers.Reshape((-1,))(logits), keras.layers.Reshape((-1, 4))(boxes)
    return keras.Model(level, list(flat), name=name)
