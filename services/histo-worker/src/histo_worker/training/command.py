"""`histo-worker train`: makes a model package and a run folder from a configuration and a data source."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from histo_worker.data.breakhis import LABELS, Field
from histo_worker.data.folds import Folding, given_folds, repeated_folds
from histo_worker.data.source import DataSource
from histo_worker.evaluation.predictions import out_of_fold_rows, write_predictions
from histo_worker.training.cache import content_key
from histo_worker.training.config import HistologyConfig
from histo_worker.training.fine_tuned import FineTunedConfig, train_fine_tuned
from histo_worker.training.frozen_head import FrozenHeadConfig, train_frozen_head
from histo_worker.training.network_config import NetworkConfig
from histo_worker.training.network_training import train_reference_network
from histo_worker.training.package_writer import PackageTerms, write_package
from histo_worker.training.trained import Trained
from lobule.contracts.models import ModelManifest
from lobule.model_package import sha256_of
from lobule_ml.backbones import archive_of
from lobule_ml.training.record import write_record

Trainer = Callable[[Sequence[Field], Path, Folding | None], Trained]
"""Trains on fields, with a folder for its state, and with given folds if there are any."""


def train(
    config: HistologyConfig,
    source: DataSource,
    run: Path,
    package: Path,
    *,
    weights: Path | None = None,
    cache: Path | None = None,
    until: int | None = None,
    licence: str = "not stated",
    listing: Path | None = None,
) -> ModelManifest:
    """Train a configuration, measure it out of fold, and write the model package.

    Args:
        config: The configuration.
        source: The labelled fields.
        run: Folder of the run with its record; a stopped run is resumed from there.
        package: Folder of the model package.
        weights: Folder of pretrained backbones, for configurations that start from one.
        cache: Folder for features; by default in the run's folder.
        until: Stop the network that is being trained before this step.
        licence: Licence of the new weights.
        listing: File with the folds, see `given_folds`; None to draw them.

    Raises:
        ValueError: The data cannot be used for training, the run folder contains another run, or the configuration
            needs weights that were not given.
        TrainingStopped: The training was asked to stop.
    """
    unknown = () if config.needs_magnification else (None,)
    fields = [f for f in source.fields if f.magnification in (*unknown, *config.magnifications)]
    if not fields:
        raise ValueError(f"no field has one of the magnifications {', '.join(config.magnifications)}")
    folding = None if listing is None else given_folds(fields, listing)
    trainer = _trainer(config, weights, cache or run / "features", until)
    _check(fields, config, folding)
    splits = [] if folding is None else [tuple(map(np.ndarray.tolist, s)) for s in folding.repetitions[0]]
    content = content_key(fields, [(f.patient, f.target) for f in fields], *splits)
    examples = {"fields": len(fields), "patients": len({f.patient for f in fields})}
    starts_from = None
    if isinstance(config, FrozenHeadConfig) and weights is not None:
        archive = archive_of(config.backbone, weights)
        starts_from = f"{archive.name} {sha256_of(archive)}"
    write_record(
        run,
        config,
        seed=config.seed,
        data_sha256=content,
        examples=examples,
        starts_from=starts_from,
        always_starts=starts_from is not None,
    )
    trained = trainer(fields, run, folding)
    write_predictions(run / "out-of-fold", out_of_fold_rows(trained.oof))
    return write_package(trained, package, PackageTerms(source.name, source.terms, licence))


def _trainer(config: HistologyConfig, weights: Path | None, cache: Path, until: int | None) -> Trainer:
    if isinstance(config, NetworkConfig):
        config.build()  # refuses an unknown variant or size before anything is read
        return lambda fields, run, folding: train_reference_network(config, fields, run, until, folding)
    if isinstance(config, FrozenHeadConfig):
        if weights is None:
            raise ValueError(f"{config.name} starts from a pretrained {config.backbone}: give its folder, --weights")
        archive_of(config.backbone, weights)  # refuses missing weights before anything is read
        if isinstance(config, FineTunedConfig):
            return lambda fields, run, folding: train_fine_tuned(config, fields, run, weights, cache, until, folding)
        return lambda fields, _run, folding: train_frozen_head(config, fields, weights, cache, folding)
    raise ValueError(f"there is no training for a {type(config).__name__}")


def _check(fields: Sequence[Field], config: HistologyConfig, given: Folding | None) -> None:
    """Refuse folds that cannot be trained or measured.

    Raises:
        ValueError: There are too few folds or patients, or a fold trains or is tested without one of the classes.
    """
    if given is None:
        if config.folds < 2:
            raise ValueError(f"a cross-validation needs at least 2 folds; folds is {config.folds}")
        for label in LABELS:
            patients = len({f.patient for f in fields if f.label == label})
            if patients < 2:
                raise ValueError(f"training needs fields of at least 2 {label} patients; the data have {patients}")
            if patients < config.folds:
                raise ValueError(
                    f"{config.folds} folds need as many {label} patients; there are {patients} (fewer folds: --set "
                    f"folds={patients})"
                )
    folding = given or repeated_folds(fields, config.folds, config.seeds)
    sides = ("trains", "is tested") if given else ("trains",)  # drawn folds are measured and calibrated together
    for seed, splits in zip(folding.seeds, folding.repetitions, strict=True):
        for fold, split in enumerate(splits):
            for side, indices in zip(sides, split, strict=False):
                if {fields[i].label for i in indices} != set(LABELS):
                    of = folding.listing or f"seed {seed}"
                    raise ValueError(f"fold {fold} of {of} {side} without fields of both classes")
