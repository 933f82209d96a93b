"""A frozen head whose network is trained further, on patches that look as if other laboratories had made them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from histo_worker.data.breakhis import Field
from histo_worker.data.folds import Folding, Indices
from histo_worker.preprocessing.laboratories import Laboratory
from histo_worker.training.changed_patches import ChangedPatches, Changes
from histo_worker.training.frozen_head import FrozenHeadConfig, assemble, fit_head, learned_features
from histo_worker.training.network_training import finished_or_stopped, train_networks
from histo_worker.training.trained import Trained
from histo_worker.training.trainer import Recipe, train_network
from lobule_ml.backbones import BACKBONES


@dataclass(frozen=True, kw_only=True)
class FineTunedConfig(FrozenHeadConfig):
    """A frozen head, and how its network is trained from there.

    Attributes:
        frozen_stages: How many of the backbone's stages, from the first, keep their pretrained weights. Batch norm
            keeps them in all stages.
        recipe: Training recipe.
        changes: Random changes of the patches.
    """

    frozen_stages: int
    recipe: Recipe
    changes: Changes = field(default_factory=lambda: Changes(Laboratory()))

    @property
    def needs_magnification(self) -> bool:
        """Fields are cut at their scale."""
        return True

    def __post_init__(self) -> None:
        """Refuse an ensemble, and stages that the backbone does not have."""
        super().__post_init__()
        if self.final != "all":
            raise ValueError(f"{self.name} makes one network; set final=all")
        stages = len(BACKBONES[self.backbone].stages)
        if not 0 <= self.frozen_stages <= stages:
            raise ValueError(f"{self.backbone} has {stages} stages; frozen_stages is {self.frozen_stages}")


def train_fine_tuned(
    config: FineTunedConfig,
    fields: Sequence[Field],
    folder: Path,
    weights: Path,
    cache: Path | None,
    until: int | None = None,
    folding: Folding | None = None,
) -> Trained:
    """Fit the head on frozen features, train from there, and measure out of fold.

    Args:
        config: The configuration.
        fields: All fields, of known magnification.
        folder: Folder of the run, with a folder for each network; existing runs are resumed.
        weights: Folder of pretrained weights.
        cache: Folder for features, or None.
        until: Stop the network that is being trained before this step.
        folding: The splits; by default those of the configuration.

    Raises:
        TrainingStopped: SIGTERM, SIGINT or `until` asked to stop; the state is saved.
    """
    features = learned_features(config, fields, weights, cache)

    def fit(learned: Indices, part: Path) -> keras.Model:
        chosen = [fields[i] for i in learned]
        net = assemble(config, fit_head(config, chosen, features[learned]), weights)
        _freeze(net.get_layer(config.backbone), config)
        patches = ChangedPatches(chosen, config.reader, config.changes, config.recipe.batch, config.seed)
        finished = train_network(net, patches, config.recipe, part, until=until)
        return finished_or_stopped(net, finished, part, config.recipe.steps)

    networks = train_networks(config, config.reader, fields, folder, fit, folding)
    licence, recipe = BACKBONES[config.backbone].licence, config.recipe
    return Trained(
        config=config,
        architecture=config.architecture,
        reader=config.reader,
        arrays=networks.arrays[0],
        oof=networks.oof,
        learned=networks.learned,
        evidence_scale=float(np.std(networks.oof.logits)) * 2 or 1.0,
        how=(
            f"{config.backbone} (ImageNet weights; {licence}) up to {', '.join(config.taps)}, with a logistic "
            f"regression on the {config.statistic} of each feature map, was trained further from stage "
            f"{config.frozen_stages + 1} on, for {recipe.steps} steps of {recipe.batch} patches with changed geometry, "
            f"dyes and light ({recipe.optimiser}, rate {recipe.rate}, seed {config.seed}); patch logits are averaged "
            "over the field and calibrated"
        ),
        pretrained=licence,
    )


def _freeze(trunk: Any, config: FineTunedConfig) -> None:
    """Freeze the first stages, and batch norm in all, whose statistics are those of the pretraining."""
    frozen = BACKBONES[config.backbone].layers_of(slice(config.frozen_stages))
    for layer in trunk.layers:
        kept = isinstance(layer, keras.layers.BatchNormalization) or layer.name.startswith(frozen or ("\0",))
        layer.trainable = layer.trainable and not kept
