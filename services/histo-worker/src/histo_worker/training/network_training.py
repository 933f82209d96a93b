"""Trains the networks of a configuration: one for each fold, and one for all fields."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.data.folds import Folding, Indices, repeated_folds
from histo_worker.evaluation.cross_validation import OutOfFold, cross_validate
from histo_worker.field_reader import FieldReader
from histo_worker.models.ensemble import ensemble_of, join_members
from histo_worker.training.cache import cached_rows
from histo_worker.training.config import HistologyConfig
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

    def fit(learned: Indices, part: Path) -> keras.Model:
        net, finished = train_on_fields(config, [fields[i] for i in learned], part, until=until)
        return finished_or_stopped(net, finished, part, config.recipe.steps)

    networks = train_networks(config, config.reader, fields, folder, fit, folding)
    architecture: dict[str, Any] = {"name": "reference_resnet", "variant": config.variant, "size": config.size}
    recipe, count = config.recipe, len(networks.arrays)
    many = f", an ensemble of {count}, one for each fold" if count > 1 else ""
    return Trained(
        config=config,
        architecture=ensemble_of(architecture, count),
        reader=config.reader,
        arrays=join_members(networks.arrays),
        oof=networks.oof,
        learned=networks.learned,
        evidence_scale=float(np.std(networks.oof.logits)) * 2 or 1.0,
        how=(
            f"Patches of {config.window} pixels, read at {config.size} pixels and changed by `{config.operation}`, go "
            f"through the thesis' network `{config.variant}`, trained from chance for {recipe.steps} steps of "
            f"{recipe.batch} patches ({recipe.optimiser}, rate {recipe.rate}, seed {config.seed}){many}; patch "
            "logits are averaged over the field and calibrated"
        ),
    )


class Networks(NamedTuple):
    """Networks of a cross-validation.

    Attributes:
        oof: Scores of the fields by networks that have not learned from their patients.
        arrays: Variables of the networks of the package: one trained on all fields, or that of each fold.
        learned: The fields from which these learned.
    """

    oof: OutOfFold
    arrays: list[dict[str, NDArray[np.generic]]]
    learned: list[Field]


def train_networks(
    config: HistologyConfig,
    reader: FieldReader,
    fields: Sequence[Field],
    folder: Path,
    fit: Callable[[Indices, Path], keras.Model],
    folding: Folding | None = None,
) -> Networks:
    """Train and test a network for each fold, and train the final one.

    Args:
        config: Folds, seeds, and the final network.
        reader: Cuts fields into patches.
        fields: All fields.
        folder: Folder of the run, with a folder for each network.
        fit: Trains a network on the fields at some indices, with a folder for its state, from which it resumes.
        folding: The splits; by default those of the configuration.
    """
    folding = folding or repeated_folds(fields, config.folds, config.seeds)
    parts: list[tuple[Path, Indices]] = []

    def trained(learned: Indices, part: Path) -> keras.Model:
        keras.backend.clear_session()
        return fit(learned, part)

    def fit_and_score(train: Indices, test: Indices) -> Float:
        repetition, fold = divmod(len(parts), folding.folds)
        part = folder / f"split{folding.seeds[repetition]}-fold{fold}"
        parts.append((part, train))

        score = lru_cache(1)(lambda: field_scorer(reader, trained(train, part)))
        tested = [fields[i] for i in test]
        return cached_rows(part / "logits.npz", tested, lambda field: [score()(field)], f"testing {part.name}")[0]

    oof = cross_validate(fields, fit_and_score, folding)
    members = parts if config.final == "ensemble" else [(folder / "all", np.arange(len(fields)))]
    arrays = [get_variables(trained(learned, part)) for part, learned in members]
    seen = {int(i) for _, learned in members for i in learned}
    return Networks(oof, arrays, [field for i, field in enumerate(fields) if i in seen])


def field_scorer(reader: FieldReader, net: keras.Model) -> Callable[[Field], Float]:
    """Return a function that computes the logit of a field, shape (), as the service does."""
    logits_of = LogitsOf(net, batch=8)

    def score(field: Field) -> Float:
        readings = reader.read(field.pixels(), field.magnification)
        return np.asarray(np.mean([logits_of(reader.prepare(r.patches)).mean() for r in readings]))

    return score


def finished_or_stopped(net: keras.Model, finished: bool, folder: Path, steps: int) -> keras.Model:
    """The network, if its training is finished.

    Raises:
        TrainingStopped: It was asked to stop before.
    """
    if not finished:
        raise TrainingStopped(folder.name, saved_step(folder), steps)
    return net
