"""The recipe of the shipped model: frozen pretrained features and a small head, measured out of fold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.data.folds import Folding, Indices, repeated_folds
from histo_worker.evaluation.cross_validation import OutOfFold, cross_validate
from histo_worker.field_reader import SUPPOSED, FieldReader
from histo_worker.models.patch_classifier import patch_classifier
from histo_worker.models.statistics import STATISTICS
from histo_worker.models.taps import pretrained_trunk
from histo_worker.training.balance import balanced_weights
from histo_worker.training.config import HistologyConfig
from histo_worker.training.features import field_features
from histo_worker.training.linear_head import LinearHead, fit_linear_head, mean_head
from histo_worker.training.trained import Trained
from lobule_ml.backbones import BACKBONES
from lobule_ml.variables import get_variables, set_variables


@dataclass(frozen=True, kw_only=True)
class FrozenHeadConfig(HistologyConfig):
    """A frozen backbone with a linear head.

    Attributes:
        backbone: A key of `BACKBONES`.
        taps: Feature maps that the head reads, finest first.
        reader: Cuts a field into patches.
        c: Inverse strength of the head's L2 regularisation.
        shrinkage: How strongly differences between patients are removed from the features.
        statistic: A key of `STATISTICS`, computed from each feature map.
        by_magnification: Whether both classes count alike at each magnification, rather than on the whole. Fields of
            unknown magnification are left out then.
    """

    backbone: str
    taps: tuple[str, ...]
    reader: FieldReader
    c: float
    shrinkage: float = 0.0
    statistic: str = "mean"
    by_magnification: bool = False

    def __post_init__(self) -> None:
        """Refuse unknown names."""
        super().__post_init__()
        for registry, name in ((BACKBONES, self.backbone), (STATISTICS, self.statistic)):
            registry[name]

    @property
    def needs_magnification(self) -> bool:
        """A field of unknown magnification is in no group of the weights."""
        return self.by_magnification

    @property
    def architecture(self) -> dict[str, Any]:
        """The network of the package, as in a manifest."""
        return {
            "name": "patch_classifier",
            "backbone": self.backbone,
            "taps": list(self.taps),
            "size": self.reader.size,
            "statistic": self.statistic,
        }


def train_frozen_head(
    config: FrozenHeadConfig, fields: Sequence[Field], weights: Path, cache: Path | None, folding: Folding | None = None
) -> Trained:
    """Extract features, measure the head out of fold, and attach the final head to the backbone.

    An ensemble of linear heads is one linear head, their mean. A head that reads turned windows learns from windows as
    they were stored: learning from turned ones costs accuracy (docs/results/tissue-tried.md, "A field that is turned").

    Args:
        config: The configuration.
        fields: All fields.
        weights: Folder of pretrained weights.
        cache: Folder for features, or None.
        folding: The splits; by default those of the configuration.
    """
    features, read = features_of_head(config, fields, weights, cache)
    learned, heads = list(fields), list[LinearHead]()
    oof = measure_linear_head(fields, features, config, read, folding=folding, heads=heads)
    if config.final == "ensemble":
        head = mean_head(heads)
        if folding is not None:
            seen = {i for repetition in folding.repetitions for train, _ in repetition for i in train.tolist()}
            learned = [field for i, field in enumerate(fields) if i in seen]
    else:
        head = fit_head(config, fields, features)
    licence = BACKBONES[config.backbone].licence
    return Trained(
        config=config,
        architecture=config.architecture,
        reader=config.reader,
        arrays=get_variables(assemble(config, head, weights)),
        oof=oof,
        learned=learned,
        evidence_scale=float(np.std(head(read))) * 2,
        how=(
            f"Patches of {_patches(config.reader)}, read at {config.reader.size} pixels, go through {config.backbone} "
            f"(ImageNet weights, frozen; {licence}) up to {', '.join(config.taps)}. A logistic regression (C "
            f"{config.c}) reads the {config.statistic} of each feature map over the patch, from which differences "
            f"between patients of one class were taken out (strength {config.shrinkage}); both classes count alike "
            f"{'at each magnification' if config.by_magnification else 'on the whole'}"
            f"{f', {len(heads)} times, once for each fold, and averaged' * (config.final == 'ensemble')}; "
            f"{_TURNED * config.reader.turned}patch logits are averaged over the field and calibrated"
        ),
        pretrained=licence,
    )


_TURNED = "patches are read turned by 0, 90, 180 and 270 degrees in turn; "


def features_of_head(
    config: FrozenHeadConfig, fields: Sequence[Field], weights: Path, cache: Path | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features (fields, features) from which a head learns, and those of the same fields that it reads.

    The two are the same unless the head reads turned windows.
    """
    learned = learned_features(config, fields, weights, cache)
    return learned, _features(config, config.reader, fields, weights, cache) if config.reader.turned else learned


def learned_features(
    config: FrozenHeadConfig, fields: Sequence[Field], weights: Path, cache: Path | None
) -> NDArray[np.float32]:
    """Features (fields, features) from which a head learns."""
    return _features(config, replace(config.reader, turned=False), fields, weights, cache)


def _features(
    config: FrozenHeadConfig, reader: FieldReader, fields: Sequence[Field], weights: Path, cache: Path | None
) -> NDArray[np.float32]:
    return field_features(fields, reader, config.backbone, config.taps, weights, cache)[config.statistic]


def _patches(reader: FieldReader) -> str:
    if reader.window_at is None:
        return f"{reader.window} pixels"
    sides = ", ".join(f"{reader.sides(m)[0]} pixels at {m}" for m in SUPPOSED)
    return f"equal tissue ({sides}; both where the magnification is unknown)"


def fit_head(config: FrozenHeadConfig, fields: Sequence[Field], features: NDArray[np.floating]) -> LinearHead:
    """Fit the head of a configuration on fields and their features (fields, features)."""
    target, patients = np.array([f.target for f in fields]), [f.patient for f in fields]
    weights = balanced_weights(fields) if config.by_magnification else None
    return fit_linear_head(features, target, patients, config.c, config.shrinkage, weights)


def measure_linear_head(
    fields: Sequence[Field],
    features: NDArray[np.floating],
    config: FrozenHeadConfig,
    tested: NDArray[np.floating] | None = None,
    *,
    folding: Folding | None = None,
    heads: list[LinearHead] | None = None,
) -> OutOfFold:
    """Repeated grouped cross-validation of the linear head on given features.

    Args:
        fields: The fields.
        features: Features of the fields, on which heads are fitted.
        config: Regularisation, folds and seeds.
        tested: Features of the tested fields, if they differ from `features`.
        folding: The splits; by default those of the configuration.
        heads: Receives the head of each split.
    """
    read = features if tested is None else tested

    def fit_and_score(train: Indices, test: Indices) -> NDArray[np.floating]:
        head = fit_head(config, [fields[i] for i in train], features[train])
        if heads is not None:
            heads.append(head)
        return head(read[test])

    return cross_validate(fields, fit_and_score, folding or repeated_folds(fields, config.folds, config.seeds))


def assemble(config: FrozenHeadConfig, head: LinearHead, weights: Path) -> keras.Model:
    """Build the patch classifier of the pretrained backbone and a head, which is split by tap."""
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
    return net
