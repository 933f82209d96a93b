"""Prepares a network for training: builds it at the canvas of a phase, and loads its initial weights."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from lobule.model_package import open_package, sha256_of
from lobule_ml.backbones import BACKBONES, archive_of, load_pretrained
from mammo_worker.nn.mask_rcnn import MaskRCNN
from mammo_worker.packages import build_model, read_config, read_networks
from mammo_worker.training.plan import Phase, Scope, TrainingPlan

_MOMENTUM = 0.9


def build(plan: TrainingPlan, phase: Phase) -> MaskRCNN:
    """Build and compile the network at the phase's canvas."""
    network = replace(plan.network, canvas=phase.canvas or plan.network.canvas)
    model = MaskRCNN(network, plan.precision)
    set_scope(model, phase.scope)
    model.compile(_optimiser(plan))
    model.jit_compile = False
    return model


def _optimiser(plan: TrainingPlan) -> keras.optimizers.Optimizer:
    common: dict[str, Any] = {"weight_decay": plan.weight_decay, "global_clipnorm": plan.clip_norm}
    if plan.optimiser == "sgd":
        return keras.optimizers.SGD(plan.learning_rate, momentum=_MOMENTUM, **common)
    return keras.optimizers.AdamW(plan.learning_rate, **common)


def set_scope(model: MaskRCNN, scope: Scope) -> None:
    """Train only the parts of a scope of the thesis' table 15; all others are frozen, including their batch norms.

    `rpn`: pyramid and RPN. `mask`: the second stage's heads and the triage head. `backbone`: its part above the 4th
    ResNet block (C4 and C5). `heads`: `rpn` and `mask`. `4+`: `heads` and `backbone`. `all`: everything that the
    network's configuration does not freeze.
    """
    first = scope in ("rpn", "heads", "4+", "all")
    second = scope in ("mask", "heads", "4+", "all")
    parts = model.parts
    parts.trunk.fpn.trainable = parts.proposals.network.trainable = first
    parts.box_head.network.trainable = second
    parts.mask_head.network.trainable = second and parts.mask_head.is_trained
    if parts.triage is not None:
        parts.triage.network.trainable = second
    if scope == "all":
        return
    spec = BACKBONES[model.config.backbone.name]
    top = spec.layers_of(slice(spec.coarse, None)) if scope in ("backbone", "4+") else ()
    for layer in parts.trunk.backbone.layers:
        layer.trainable = bool(top) and layer.name.startswith(top)


def starting_weights(backbone: str, weights: Path | None) -> str | None:
    """Name and hash of the weights of `start_backbone`, for a run's record; None for random weights."""
    if weights is None:
        return None
    if (weights / "model.json").exists():
        manifest = open_package(weights).manifest
        return f"{manifest.name} {manifest.weights_sha256}"
    file = archive_of(backbone, weights)
    return f"{file.name} {sha256_of(file)}"


def start_backbone(model: MaskRCNN, weights: Path) -> None:
    """Load the initial weights of the backbone.

    Args:
        model: Network from `build`, which is changed.
        weights: Pretrained weights, see `lobule_ml.backbones.load_pretrained`; or a model package with the same
            backbone, which was already trained on masses. Of several networks, the first one is used.

    Raises:
        ValueError: The package has another backbone.
    """
    if not (weights / "model.json").exists():
        load_pretrained(model.config.backbone.name, model.parts.trunk.backbone, weights)
        return
    package = open_package(weights)
    config = read_config(package)
    theirs, ours = config.backbone.name, model.config.backbone.name
    if theirs != ours:
        raise ValueError(f"the package {weights.name} has the backbone {theirs}, not {ours}")
    trained = build_model(config, read_networks(package)[0]).parts.trunk.backbone
    model.parts.trunk.backbone.set_weights(trained.get_weights())
