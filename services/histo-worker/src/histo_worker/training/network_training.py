"""From a configuration of a network to a trained one: a network for each fold, to measure, and one for all fields."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.data.folds import Indices
from histo_worker.evaluation.cross_validation import cross_validate
from histo_worker.training.cache import cached
from histo_worker.training.network_config import NetworkConfig, train_on_fields
from histo_worker.training.trained import Trained, TrainingStopped
from histo_worker.training.trainer import LogitsOf
from lobule_ml.variables import get_variables

Float = NDArray[np.floating]


def train_reference_network(
    config: NetworkConfig, fields: Sequence[Field], folder: Path, until: int | None = None
) -> Trained:
    """Train a network for each fold, score the fields that it has not seen, and train one on all fields.

    Args:
        config: The configuration.
        fields: All fields.
        folder: Of the run: a folder for each network; what is there is gone on with.
        until: Stop the network that is being trained before this step.

    Raises:
        TrainingStopped: SIGTERM, SIGINT or `until` asked to stop; the state is saved.
    """
    numbers = count()

    def fit_and_score(train: Indices, test: Indices) -> Float:
        seed, fold = divmod(next(numbers), config.folds)
        part = folder / f"split{config.seeds[seed]}-fold{fold}"

        def compute() -> list[Float]:
            net = _train(config, [fields[i] for i in train], part, until)
            return [field_logits(config, net, [fields[i] for i in test])]

        return cached(part / "logits.npz", compute)[0]

    oof = cross_validate(fields, fit_and_score, folds=config.folds, seeds=config.seeds)
    net = _train(config, fields, folder / "all", until)
    recipe = config.recipe
    return Trained(
        config=config,
        architecture={"name": "reference_resnet", "variant": config.variant, "size": config.size},
        reader=config.reader,
        arrays=get_variables(net),
        oof=oof,
        evidence_scale=float(np.std(oof.logits)) * 2 or 1.0,
        how=(
            f"Patches of {config.window} pixels, read at {config.size} pixels and changed by `{config.operation}`, go "
            f"through the thesis' network `{config.variant}`, trained from chance for {recipe.steps} steps of "
            f"{recipe.batch} patches ({recipe.optimiser}, rate {recipe.rate}, seed {config.seed}); patch logits are "
            "averaged over the field and calibrated"
        ),
    )


def field_logits(config: NetworkConfig, net: keras.Model, fields: Sequence[Field]) -> Float:
    """Logits of fields as the service computes them: (fields,)."""
    logits_of = LogitsOf(net, batch=8)
    reader = config.reader
    logits = []
    for field in fields:
        readings = reader.read(field.pixels(), field.magnification)
        logits.append(np.mean([logits_of(reader.prepare(r.patches)).mean() for r in readings]))
    return np.array(logits)


def _train(config: NetworkConfig, fields: Sequence[Field], folder: Path, until: int | None) -> keras.Model:
    keras.backend.clear_session()
    net, done = train_on_fields(config, fields, folder, until=until)
    if done < config.recipe.steps:
        raise TrainingStopped(folder.name, done, config.recipe.steps)
    return net
