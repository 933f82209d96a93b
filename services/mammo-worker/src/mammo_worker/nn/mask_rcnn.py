"""Mask R-CNN, composed of its parts, for training and for detection."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import keras

from lobule_ml.keras_types import Tensor, ops
from mammo_worker.nn import boxes as bx
from mammo_worker.nn.config import MaskRCNNConfig
from mammo_worker.nn.detections import FindingSelector
from mammo_worker.nn.parts import Parts
from mammo_worker.nn.proposals import FirstStage
from mammo_worker.nn.roi import RoiSampler
from mammo_worker.nn.stored_config import read_config
from mammo_worker.nn.trunk import levels_of_each

_SEED = 17  # seed of the regions that are sampled in training
_LOSSES = ("rpn_score", "rpn_box", "roi_class", "roi_box", "roi_mask", "mil")


@keras.saving.register_keras_serializable("mammo_worker")
class MaskRCNN(keras.Model):
    """Mask R-CNN (He et al., ICCV 2017) with an optional triage head.

    In training, `call` takes a dictionary: `canvas` uint8 (B, H, W, 2) from `films.prepare`; `boxes` (B, G, 4) in
    canvas pixels; `labels` int (B, G), 0 padding, 1 benign, 2 malignant, 3 a mass of unknown class; `mask` (B, H / 4, W
    / 4, 1), the union of the film's masks; `has_mask` (B,); `malignant` (B,), 1, 0, or -1 for unknown. Otherwise it
    takes only the canvas.

    Args:
        config: Configuration of the network.
        trunk_precision: Keras dtype policy of backbone and pyramid, see `Parts.build`.
        parts: Parts of another network of the same configuration, instead of new ones.

    Example:
        ```
        model = MaskRCNN(standard.network())
        found = model.detect(canvases)
        ```
    """

    def __init__(
        self,
        config: MaskRCNNConfig,
        trunk_precision: str = "float32",
        parts: Parts | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.trunk_precision = trunk_precision
        self.parts = parts or Parts.build(config, trunk_precision)
        self.networks = self.parts.networks  # Keras tracks the weights of networks in a list
        self.roi_sampler = RoiSampler(config.rois)
        self.finding_selector = FindingSelector(config.detections)
        self._seed = keras.random.SeedGenerator(_SEED)
        self._means = {name: keras.metrics.Mean(name) for name in _LOSSES}

    def get_config(self) -> dict[str, Any]:
        """Return the arguments for Keras' serialisation."""
        own = {"config": self.config.to_dict(), "trunk_precision": self.trunk_precision}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "MaskRCNN":
        """Build the network from Keras' serialisation."""
        del custom_objects
        return cls(read_config(config.pop("config")), **config)

    def at_canvas(self, canvas: tuple[int, int]) -> "MaskRCNN":
        """The same network, with shared weights, for a canvas of another height and width."""
        return MaskRCNN(replace(self.config, canvas=canvas), self.trunk_precision, self.parts.at_canvas(canvas))

    @contextmanager
    def initial_random_state(self) -> Iterator[None]:
        """Inside the context, sample regions like a new network; afterwards, restore the former random state."""
        before = ops.copy(self._seed.state)
        self._seed.state.assign(keras.random.SeedGenerator(_SEED).state)
        try:
            yield
        finally:
            self._seed.state.assign(before)

    def call(self, inputs: Any, training: bool = False) -> dict[str, Tensor]:
        """Compute the inputs of the losses (with truth), or the detections (with a canvas)."""
        if not isinstance(inputs, dict):
            return self.detect(inputs)
        parts = self.parts
        levels = parts.trunk(inputs["canvas"], training)
        outputs = parts.proposals(levels, training)
        proposals, _ = parts.proposals.proposals(outputs, training=True)
        drawn = self.roi_sampler(proposals, inputs["boxes"], inputs["labels"], self._seed)
        class_logits, deltas = parts.box_head(levels, drawn["rois"], training)
        out = {f"roi_{k}": v for k, v in drawn.items()} | outputs._asdict()
        out |= {"class_logits": class_logits, "deltas": deltas}
        if parts.mask_head.is_trained:
            rois = drawn["rois"][:, : self.roi_sampler.draw.positive_slots]
            out["mask_logits"] = parts.mask_head(levels, rois, training)
        if parts.triage is not None:
            out["mil"] = parts.triage(levels, training)
        return out

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """The sum of the losses of both stages, the masks and the triage head."""
        del y, sample_weight, training
        parts = self.parts
        outputs = FirstStage(**{name: y_pred[name] for name in FirstStage._fields})
        drawn = {name.removeprefix("roi_"): value for name, value in y_pred.items() if name.startswith("roi_")}
        each: dict[str, Tensor] = {}
        each["rpn_score"], each["rpn_box"] = parts.proposals.losses(outputs, x["boxes"], x["labels"], self._seed)
        each["roi_class"], each["roi_box"] = parts.box_head.losses(y_pred["class_logits"], y_pred["deltas"], drawn)
        if parts.mask_head.is_trained:
            slots = self.roi_sampler.draw.positive_slots
            rois, truth, positive = (drawn[name][:, :slots] for name in ("rois", "truth", "positive"))
            each["roi_mask"] = parts.mask_head.loss(y_pred["mask_logits"], rois, truth, positive, x)
        if parts.triage is not None:
            each["mil"] = parts.triage.loss(y_pred["mil"], x["malignant"])
        for name, value in each.items():
            self._means[name].update_state(value)
        return sum(each.values())

    def detect(self, canvas: Tensor) -> dict[str, Tensor]:
        """Find masses.

        Args:
            canvas: Canvases (B, H, W, 2).

        Returns:
            `boxes` (B, D, 4) in canvas pixels; `score` (B, D), the probability of a mass, 0 for padding; `malignant`
            (B, D), the probability of malignancy given a mass; `masks` (B, D, S, S), probabilities on a grid over the
            box; and, with a triage head, `mil` (B, H / 16, W / 16), the malignancy of every instance.
        """
        return self.detect_on(levels_of_each([self.parts.trunk], canvas)[0])

    def detect_on(self, levels: list[Tensor]) -> dict[str, Tensor]:
        """Find masses by feature levels, see `detect`."""
        parts = self.parts
        rois, objectness = parts.proposals.proposals(parts.proposals(levels))
        class_logits, deltas = parts.box_head(levels, rois)
        probability = ops.softmax(class_logits, axis=-1)
        mass = 1.0 - probability[..., 0]
        score = parts.proposals.score(mass, objectness)
        found = self.finding_selector(parts.box_head.refined(rois, deltas), score)
        malignant = probability[..., 2] / ops.maximum(mass, 1e-6)
        out = {
            "boxes": found.boxes * ops.expand_dims(found.real, -1),
            "score": bx.take_rows(score, found.index) * found.real,
            "malignant": bx.take_rows(malignant, found.index) * found.real,
            "masks": ops.sigmoid(parts.mask_head(levels, found.boxes)),
        }
        if parts.triage is not None:
            out["mil"] = ops.sigmoid(parts.triage(levels))
        return out


def detect_with_each(models: Sequence[MaskRCNN], canvas: Tensor) -> list[dict[str, Tensor]]:
    """Find masses with each of several networks, see `MaskRCNN.detect`; what their trunks share is computed once."""
    levels = levels_of_each([model.parts.trunk for model in models], canvas)
    return [model.detect_on(own) for model, own in zip(models, levels, strict=True)]
