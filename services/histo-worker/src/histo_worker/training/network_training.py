"""Trains the networks of a configuration: one for each fold, and one for all fields."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.data.folds import Folding, Indices, repeated_folds
from histo_worker.evaluation.cross_validation import cross_validate
from histo_worker.models.ensemble import ensemble_of, join_members
from histo_worker.training.cache import cached_rows
from histo_worker.training.network_config import NetworkConfig, train_on_fields
from histo_worker.training.trained import Trained, TrainingStopped
from histo_worker.training.trainer import LogitsOf
from lobule_ml.training.state import saved_step
from lobule_ml.variables import get_variables

Float = NDArray[np.floating]


def train_reference_network(
    config: NetworkConfig,
    fields: Sequence[Field],
    folder: Path,
    until: int | None = None,
    folding: Folding | None = None,
) -> Trained:
    """Train a network for each fold and score its unseen fields; then train the final one.

    The final one is trained on all fields, or is the ensemble of the folds' networks.

    Args:
        config: The configuration.
        fields: All fields.
        folder: Folder of the run, with a folder for each network; existing runs are resumed.
        until: Stop the network that is being trained before this step.
        folding: The splits; by default those of the configuration.

    Raises:
        TrainingStopped: SIGTERM, SIGINT or `until` asked to stop; the state is saved.
    """
    folding = folding or repeated_folds(fields, config.folds, config.seeds)
    parts: list[tuple[Path, list[Field]]] = []

    def fit_and_score(train: Indices, test: Indices) -> Float:
        repetition, fold = divmod(len(parts), folding.folds)
        part, learned = folder / f"split{folding.seeds[repetition]}-fold{fold}", [fields[i] for i in train]
        parts.append((part, learned))

        score = lru_cache(1)(lambda: field_scorer(config, _train(config, learned, part, until)))
        tested = [fields[i] for i in test]
        return cached_rows(part / "logits.npz", tested, lambda field: [score()(field)], f"testing {part.name}")[0]

    oof = cross_validate(fields, fit_and_score, folding)
    architecture: dict[str, Any] = {"name": "reference_resnet", "variant": config.variant, "size": config.size}
    members = parts if config.final == "ensemble" else [(folder / "all", list(fields))]
    arrays = [get_variables(_train(config, learned, part, until)) for part, learned in members]
    seen = {field for _, learned in members for field in learned}
    recipe = config.recipe
    many = f", an ensemble of {len(arrays)}, one for each fold" if len(arrays) > 1 else ""
    return Trained(
        config=config,
        architecture=ensemble_of(architecture, len(arrays)),
        reader=config.reader,
        arrays=join_members(arrays),
        oof=oof,
        learned=[field for field in fields if field in seen],
        evidence_scale=float(np.std(oof.logits)) * 2 or 1.0,
        how=(
            f"Patches of {config.window} pixels, read at {config.size} pixels and changed by `{config.operation}`, go "
            f"through the thesis' network `{config.variant}`, trained from chance for {recipe.steps} steps of "
            f"{recipe.batch} patches ({recipe.optimiser}, rate {recipe.rate}, seed {config.seed}){many}; patch "
            "logits are averaged over the field and calibrated"
        ),
    )


def field_scorer(config: NetworkConfig, net: keras.Model) -> Callable[[Field], Float]:
    """Return a function that computes the logit of a field, shape (), as the service does."""
    logits_of = LogitsOf(net, batch=8)
    reader = config.reader

    def score(field: Field) -> Float:
        readings = reader.read(field.pixels(), field.magnification)
        return np.asarray(np.mean([logits_of(reader.prepare(r.patches)).mean() for r in readings]))

    return score


def _train(config: NetworkConfig, fields: Sequence[Field], folder: Path, until: int | None) -> keras.Model:
    keras.backend.clear_session()
    net, finished = train_on_fields(config, fields, folder, until=until)
    if not finished:
        raise TrainingStopped(folder.name, saved_step(folder), config.recipe.steps)
    return net
