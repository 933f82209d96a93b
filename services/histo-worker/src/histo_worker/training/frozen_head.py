"""The recipe behind the shipped model: frozen pretrained features, a small head, measured out of fold."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field, find_fields
from histo_worker.data.folds import Indices
from histo_worker.evaluation.cross_validation import OutOfFold, cross_validate
from histo_worker.field_reader import FieldReader
from histo_worker.models.heads import Statistic
from histo_worker.models.patch_classifier import patch_classifier
from histo_worker.models.taps import pretrained_trunk
from histo_worker.training.features import field_features
from histo_worker.training.linear_head import LinearHead, fit_linear_head
from lobule_ml.variables import get_variables, set_variables


@dataclass(frozen=True)
class FrozenHeadConfig:
    """What `histo-worker train` needs to know.

    Attributes:
        name: Name of the model package.
        version: Version of the model package.
        backbone: A key of `BACKBONES`.
        taps: Feature maps that the head reads, finest first.
        reader: How a field becomes patches.
        c: Inverse strength of the head's L2 regularisation.
        shrinkage: How strongly differences between patients are taken out of the features.
        statistic: What the head reads of each feature map.
        magnifications: What it is trained on.
        folds: Folds of the cross-validation.
        seeds: Repetitions of the cross-validation.
    """

    name: str
    version: str
    backbone: str
    taps: tuple[str, ...]
    reader: FieldReader
    c: float
    shrinkage: float = 0.0
    statistic: Statistic = "mean"
    magnifications: tuple[str, ...] = ("40X", "100X", "200X", "400X")
    folds: int = 5
    seeds: tuple[int, ...] = field(default=(0, 1, 2, 3, 4))


@dataclass(frozen=True)
class TrainedHead:
    """What training leaves behind."""

    config: FrozenHeadConfig
    oof: OutOfFold
    arrays: dict[str, NDArray[np.generic]]
    evidence_scale: float


def train_frozen_head(config: FrozenHeadConfig, data: Path, weights: Path, cache: Path | None) -> TrainedHead:
    """Extract features, measure the head out of fold, fit it on everything, and put it on the backbone.

    Args:
        config: The configuration.
        data: Folder of BreakHis.
        weights: Folder of pretrained weights.
        cache: Folder for features, or None.
    """
    fields = [f for f in find_fields(data) if f.magnification in config.magnifications]
    features = field_features(fields, config.reader, config.backbone, config.taps, weights, cache)[config.statistic]
    oof = measure_linear_head(fields, features, config)
    target, patients = oof.target, oof.patients.tolist()
    head = fit_linear_head(features, target, patients, config.c, config.shrinkage)
    return TrainedHead(config, oof, _assemble(config, head, weights), float(np.std(head(features))) * 2)


def measure_linear_head(
    fields: Sequence[Field],
    features: NDArray[np.floating],
    config: FrozenHeadConfig,
    tested: NDArray[np.floating] | None = None,
) -> OutOfFold:
    """Repeated grouped cross-validation of the linear head on given features.

    Args:
        fields: The fields.
        features: Of them; heads are fitted on these.
        config: Regularisation, folds and seeds.
        tested: What the heads read of the fields they are tested on, where that is something else.
    """
    target, patients = np.array([f.target for f in fields]), np.array([f.patient for f in fields])
    read = features if tested is None else tested

    def fit_and_score(train: Indices, test: Indices) -> NDArray[np.floating]:
        head = fit_linear_head(features[train], target[train], patients[train].tolist(), config.c, config.shrinkage)
        return head(read[test])

    return cross_validate(fields, fit_and_score, folds=config.folds, seeds=config.seeds)


def _assemble(config: FrozenHeadConfig, head: LinearHead, weights: Path) -> dict[str, NDArray[np.generic]]:
    """All variables of the patch classifier: the pretrained backbone's and the head's, cut at the taps' borders."""
    net = patch_classifier(config.backbone, config.taps, config.reader.size, statistic=config.statistic)
    backbone = pretrained_trunk(config.backbone, config.taps, weights)
    arrays = get_variables(backbone)
    start = 0
    for place, tap in enumerate(config.taps):
        channels = int(net.get_layer(f"evidence_{tap}").weights[0].shape[2])
        part = head.weights[start : start + channels].astype(np.float32)
        arrays[f"evidence_{tap}/kernel"] = part.reshape(1, 1, channels, 1)
        if place == 0:
            arrays[f"evidence_{tap}/bias"] = np.array([head.bias], np.float32)
        start += channels
    set_variables(net, arrays)
    return get_variables(net)
