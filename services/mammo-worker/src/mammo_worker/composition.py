"""Composes the networks of a package from a run and another package."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.model_package import ModelPackage, open_package
from mammo_worker.nn.config import MaskRCNNConfig, TestTimeVariant
from mammo_worker.packages import read_config, read_networks, read_variants
from mammo_worker.training.plan import TrainingPlan

CBIS_DDSM = "CBIS-DDSM mass training films (seven tenths of the patients, by hash)"
TRAINED_ON = f"{CBIS_DDSM} and CDD-CESM low-energy images with a mass."
TRAINED_ON_CBIS_DDSM = f"{CBIS_DDSM}."
ALL_CBIS_DDSM = "All CBIS-DDSM mass training films"
TRAINED_ON_ALL = f"{ALL_CBIS_DDSM} and CDD-CESM low-energy images with a mass."
TRAINED_ON_ALL_CBIS_DDSM = f"{ALL_CBIS_DDSM}."


@dataclass(frozen=True)
class Composition:
    """The networks of a package.

    Attributes:
        config: Configuration of every network.
        weights: Arrays of all networks, one network after another.
        variants: Test-time variants.
        trained_on: The training data, in words.
    """

    config: MaskRCNNConfig
    weights: list[NDArray[Any]]
    variants: Sequence[TestTimeVariant]
    trained_on: str


def composed(
    own: list[NDArray[Any]], plan: TrainingPlan, trained_on: str, *, fuse: Path | None, findings_of: Path | None
) -> Composition:
    """Put a run's network beside those of a package, if one is given.

    Args:
        own: Arrays of the run's network.
        plan: Plan of the run.
        trained_on: The run's training data, in words.
        fuse: Package whose findings are fused with those of the run.
        findings_of: Package that finds the masses; the run's network then only gives the numbers of films.

    Raises:
        ValueError: The package has another network or has learned from other patients.
    """
    config, variants = plan.network, plan.test_time_variants
    if fuse is not None:
        other = _of_same_patients(open_package(fuse), config)
        weights = [*own, *_arrays(other.networks)]
        said = f"First network: {trained_on} Second network: {other.trained_on}"
        return Composition(config, weights, (*variants, *_renumbered(other.variants, 1)), said)
    if findings_of is None:
        return Composition(config, own, variants, trained_on)
    other = _of_same_patients(open_package(findings_of), config)
    finding = [v for v in other.variants if v.purpose == "findings"]
    kept = sorted({v.network for v in finding})  # another network for films is replaced
    finders = [replace(v, network=kept.index(v.network)) for v in finding]
    numbering = [replace(v, purpose="film") for v in _renumbered(variants, len(kept))]
    if trained_on != other.trained_on:
        trained_on = f"Findings: {other.trained_on} Numbers of films: {trained_on}"
    weights = [*_arrays(other.networks[n] for n in kept), *own]
    return Composition(other.config, weights, (*finders, *numbering), trained_on)


@dataclass(frozen=True)
class _Other:
    """The networks of a package that has learned from the same patients."""

    config: MaskRCNNConfig
    networks: list[list[NDArray[Any]]]
    variants: list[TestTimeVariant]
    trained_on: str


def _of_same_patients(package: ModelPackage, config: MaskRCNNConfig) -> _Other:
    """Read the networks of a package to use beside a run's.

    Raises:
        ValueError: The package has another network or has learned from other patients.
    """
    name, theirs, trained_on = package.manifest.name, read_config(package), package.manifest.trained_on
    if _as_built(theirs) != _as_built(config):
        raise ValueError(f"the package {name} has another network and cannot be used with this run")
    learned = trained_on.removeprefix("Findings: ").split(" Numbers of films: ")[0]
    if learned not in (TRAINED_ON, TRAINED_ON_CBIS_DDSM):
        raise ValueError(f"the package {name} has learned from other patients, so the untouched fifth would be none")
    return _Other(theirs, read_networks(package), read_variants(package.manifest), learned)


def _arrays(networks: Iterable[list[NDArray[Any]]]) -> list[NDArray[Any]]:
    """The arrays of networks, one network after another."""
    return [w.astype(np.float32) for network in networks for w in network]


def _as_built(config: MaskRCNNConfig) -> MaskRCNNConfig:
    """A configuration without what changes neither weights nor outputs: the canvas, and how masks were learned."""
    return replace(config, canvas=(64, 64), mask=replace(config.mask, supervision="none"))


def _renumbered(variants: Sequence[TestTimeVariant], first: int) -> list[TestTimeVariant]:
    """The variants with the networks numbered from `first` on."""
    return [replace(v, network=v.network + first) for v in variants]
