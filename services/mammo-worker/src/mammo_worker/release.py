"""Turns a training run into a measured model package with its results document."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.manifest import CalibrationSection, NetworkInput
from lobule.contracts.models import ModelManifest
from lobule.model_package import ModelPackage, open_package
from lobule_ml.packages import half_precision, read_weights, write_description
from lobule_ml.training.loop import AVERAGE_FILE
from lobule_ml.training.record import RECORD_FILE
from lobule_ml.training.state import saved_step
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.splits import split_of
from mammo_worker.data.training_set import public_films
from mammo_worker.evaluation.document import model_card
from mammo_worker.evaluation.package import counts_of, evaluate_package, experiments_of, write_results
from mammo_worker.evaluation.run import fit_calibration, run_detector
from mammo_worker.films.prepare import PREPROCESSING_VERSION
from mammo_worker.nn.config import MaskRCNNConfig, TestTimeVariant
from mammo_worker.packages import (
    build_detector,
    load_detector,
    read_config,
    read_networks,
    read_variants,
    write_package,
)
from mammo_worker.training.learned import hash_films
from mammo_worker.training.plan import TrainingPlan

LICENCE = "Apache-2.0; trained on CC BY 3.0 and CC BY 4.0 data, see the attribution."
CBIS_DDSM = "CBIS-DDSM mass training films (seven tenths of the patients, by hash)"
TRAINED_ON = f"{CBIS_DDSM} and CDD-CESM low-energy images with a mass."
TRAINED_ON_CBIS_DDSM = f"{CBIS_DDSM}."

Echo = Callable[[str], None]


def release(
    run: Path,
    plan: TrainingPlan,
    data: Path,
    package: Path,
    docs: Path,
    *,
    version: str,
    fppi: float,
    echo: Echo,
    fuse: Path | None = None,
) -> ModelManifest:
    """Calibrate on the validation patients, measure on the untouched fifth, write package and document.

    Args:
        run: Folder of a finished training.
        plan: Plan of the training.
        data: Folder of the data sets.
        package: Folder of the package to write.
        docs: Folder of the results document and of `mammography-tried.md`, the handwritten record of experiments.
        version: Version of the package.
        fppi: False positives per validation film at the working threshold.
        echo: Called with a message at each stage.
        fuse: Folder of a package of the same network and training patients, whose findings are fused with the run's.

    Raises:
        ValueError: The run has seen other films than the public sets' training patients, or the package to fuse has
            another network or other patients.
    """
    trained_on = _trained_on(run, data)
    weights = [w.astype(np.float32) for w in half_precision(read_weights(run / AVERAGE_FILE))]
    config, variants = plan.network, plan.test_time_variants
    if fuse is not None:
        weights, variants, others = _fused(config, weights, variants, open_package(fuse))
        trained_on = f"First network: {trained_on} Second network: {others}"
    detector = build_detector(config, weights, variants)
    films = cbis_ddsm(data / "cbis_ddsm_mass")
    echo("calibrating on the validation patients")
    validation = run_detector(detector, [c for c in films if split_of(c.patient) == "validation"])
    calibration, thresholds = fit_calibration(validation, fppi)

    def write(metrics: list[dict[str, Any]], card: str) -> ModelManifest:
        return write_package(
            package,
            version=version,
            config=config,
            variants=variants,
            weights=weights,
            calibration=calibration,
            thresholds=thresholds,
            trained_on=trained_on,
            licence=LICENCE,
            metrics=metrics,
            card=card,
        )

    manifest = write([], "# not yet measured\n")
    echo("measuring on the untouched fifth and on mini-MIAS")
    test, metrics = evaluate_package(ModelPackage(package, manifest, ""), data, detector)
    manifest = manifest.with_metrics(metrics)
    counts = f"{counts_of(test)}; {saved_step(run)} training steps."
    manifest = write(metrics, model_card(manifest, experiments_of(docs), counts))
    write_results(manifest, test, docs)
    return manifest


def recalibrate(folder: Path, data: Path, docs: Path, *, version: str, fppi: float, echo: Echo) -> ModelManifest:
    """Calibrate the network of a package again after a change of the films' preparation; weights do not change.

    Args:
        folder: Folder of the package, which is changed.
        data: Folder of the data sets.
        docs: Folder of the results document.
        version: New version of the package.
        fppi: False positives per validation film at the working threshold.
        echo: Called with progress messages.
    """
    package = open_package(folder)
    detector = load_detector(package)
    echo("calibrating on the validation patients")
    films = cbis_ddsm(data / "cbis_ddsm_mass")
    validation = run_detector(detector, [c for c in films if split_of(c.patient) == "validation"])
    calibration, thresholds = fit_calibration(validation, fppi)
    before = package.manifest
    manifest = before.model_copy(
        update={
            "version": version,
            "input": NetworkInput.model_validate(
                {**before.input.values(), "preprocessing_version": PREPROCESSING_VERSION}
            ),
            "calibration": CalibrationSection.model_validate({**before.calibration.values(), **calibration.to_dict()}),
            "thresholds": thresholds,
        }
    )
    echo("measuring on the untouched fifth and on mini-MIAS")
    test, metrics = evaluate_package(replace(package, manifest=manifest), data, detector)
    manifest = manifest.with_metrics(metrics)
    counts = f"{counts_of(test)}; the weights are those of {before.version}, calibrated anew."
    write_description(folder, manifest, model_card(manifest, experiments_of(docs), counts))
    write_results(manifest, test, docs)
    return manifest


def _trained_on(run: Path, data: Path) -> str:
    """The training data of a run, identified by the hash of the films in its record.

    Raises:
        ValueError: The record contains other films.
    """
    record = run / RECORD_FILE
    if not record.exists():
        return TRAINED_ON
    of_cbis = [c for c in cbis_ddsm(data / "cbis_ddsm_mass") if split_of(c.patient) == "train"]
    known = {hash_films(public_films(data)): TRAINED_ON, hash_films(of_cbis): TRAINED_ON_CBIS_DDSM}
    learned = known.get(json.loads(record.read_text("utf-8")).get("data_sha256"))
    if learned is None:
        raise ValueError(f"{run} was trained on other films than the training patients of CBIS-DDSM and CDD-CESM")
    return learned


def _fused(
    config: MaskRCNNConfig, weights: list[NDArray[Any]], variants: Sequence[TestTimeVariant], package: ModelPackage
) -> tuple[list[NDArray[Any]], tuple[TestTimeVariant, ...], str]:
    """Weights and variants of a network and of a package to fuse, and the training data of the package.

    Raises:
        ValueError: The package has another network or has learned from other patients.
    """
    name, theirs = package.manifest.name, package.manifest.trained_on
    if replace(read_config(package), canvas=config.canvas) != config:
        raise ValueError(f"the package {name} has another network and cannot be fused with this run")
    if theirs not in (TRAINED_ON, TRAINED_ON_CBIS_DDSM):
        raise ValueError(f"the package {name} has learned from other patients, so the untouched fifth would be none")
    added = tuple(replace(v, network=v.network + 1) for v in read_variants(package.manifest))
    arrays = [w.astype(np.float32) for network in read_networks(package) for w in network]
    return [*weights, *arrays], (*variants, *added), theirs
