"""Measures how many clusters are found, and how many false ones per film, in five folds by patient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lobule.words import counted
from lobule_ml.calibration import Logistic
from lobule_ml.evaluation.statistics import patient_bootstrap
from lobule_ml.training.loop import AVERAGE_FILE
from lobule_ml.training.torch_speed import prepare_torch
from mammo_worker.calcifications.clusters import find_clusters
from mammo_worker.calcifications.images import SearchedImage, crops_with_pasted_groups, original_crops
from mammo_worker.calcifications.network import build_network, likely_map
from mammo_worker.calcifications.plan import SearchPlan
from mammo_worker.calcifications.reading import seen_on_masses
from mammo_worker.calcifications.search import LEAST_SCORE
from mammo_worker.calcifications.train import load_average, usable
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.splits import fold_of
from mammo_worker.films.breast import find_breast
from mammo_worker.regions.crops import Crop
from mammo_worker.regions.prepare import NATIVE_SPACING
from mammo_worker.regions.targets import NAMES

FOLDS = 5
EVERY = 4  # one film out of this number is measured for the mean area of a breast
RATES = (0.5, 1.0, 2.0, 4.0)  # false clusters a film
_TISSUES = (
    "on all crops of masses",
    "on crops of masses without a seen group or marker",
    "on crops of masses on which nothing was seen",
)
"""The tissue of each part of `by_tissue`."""
_REACH = 20.0  # pixels, 2 mm; a cluster within this distance of the target counts as a hit


@dataclass(frozen=True)
class SearchOutcome:
    """The clusters in an image by models that have not seen its patient.

    Attributes:
        crop: See `SearchedImage`.
        area: Area of tissue in cm2.
        truth: Whether it contains annotated calcifications.
        hit: Best score of a cluster on them; minus infinity if there is none.
        scores: Scores of all clusters.
    """

    crop: Crop
    area: float
    truth: bool
    hit: float
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """All images of both kinds, see `images.original_crops` and `images.crops_with_pasted_groups`."""

    cut: list[SearchOutcome]
    pasted: list[SearchOutcome]


def search_folds(crops: Sequence[Crop], plan: SearchPlan, runs: Path, echo: Callable[[str], None]) -> Measured:
    """Search every image with the network of the fold that holds its patient out.

    Args:
        crops: All crops of CBIS-DDSM.
        plan: Plan of the runs.
        runs: Folder with the runs `fold0` to `fold4`; images of a fold that is not finished are left out.
        echo: Called with progress messages.

    Raises:
        FileNotFoundError: No fold is finished.
        ValueError: A fold was trained with another plan.
    """
    groups, masses = usable(crops)
    seen = seen_on_masses()
    hosts = [c for c in masses if c.path.name not in seen]  # calcifications of the host would count as the pasted ones
    cut, pasted = list(original_crops([*groups, *masses])), list(crops_with_pasted_groups(groups, hosts))
    echo(f"fine enough: {len(cut)} of {len(groups) + len(masses)} crops; pasted: {counted(len(pasted), 'group')}")
    prepare_torch()
    network = build_network(plan.widths)
    measured = Measured([], [])
    for fold in range(FOLDS):
        if not (runs / f"fold{fold}" / AVERAGE_FILE).exists():
            echo(f"fold {fold} is not finished")
            continue
        load_average(network, runs / f"fold{fold}", plan)
        measured.cut.extend(_searched(network, i) for i in cut if fold_of(i.crop.patient, FOLDS) == fold)
        measured.pasted.extend(_searched(network, i) for i in pasted if fold_of(i.crop.patient, FOLDS) == fold)
        echo(f"fold {fold} is done")
    if not measured.cut:
        raise FileNotFoundError(f"no fold of {runs} is finished")
    return measured


def folds_of(measured: Measured) -> int:
    """The number of folds that were measured."""
    return len({fold_of(i.crop.patient, FOLDS) for i in measured.cut})


def _searched(network: keras.Model, image: SearchedImage) -> SearchOutcome:
    found = find_clusters(likely_map(network, image.grey, image.inside), image.inside, LEAST_SCORE)
    hit = -np.inf
    if image.target is not None:
        x1, y1, x2, y2 = image.target
        left, top, right, bottom = x1 - _REACH, y1 - _REACH, x2 + _REACH, y2 + _REACH
        on = [c.score for c in found if left <= c.centre[0] <= right and top <= c.centre[1] <= bottom]
        hit = max(on, default=-np.inf)
    scores = np.array([cluster.score for cluster in found])
    return SearchOutcome(image.crop, image.area, image.target is not None, hit, scores)


def fit_calibration(measured: Measured, film: float) -> Logistic:
    """Fit the probability that a cluster is a group, by its score.

    It is that of films which show one described group each, as those of CBIS-DDSM do: the most likely cluster on each
    group as cut against the clusters on tissue without seen groups or markers, as many as the films of the groups have.

    Args:
        measured: The images, see `search_folds`.
        film: Area of a breast on a film in cm2.
    """
    part = by_tissue(measured)[1].cut
    hits = np.array([i.hit for i in part if i.truth and np.isfinite(i.hit)])
    tissue = [i for i in part if not i.truth]
    false = np.concatenate([i.scores for i in tissue])
    films = sum(i.area for i in tissue) / film
    weights = np.concatenate([np.ones(len(hits)), np.full(len(false), sum(i.truth for i in part) / films)])
    truth = np.concatenate([np.ones(len(hits), bool), np.zeros(len(false), bool)])
    return Logistic.fit(np.concatenate([hits, false]), truth, weights=weights)


def at_probability(measured: Measured, calibration: Logistic, least: float, film: float) -> list[dict[str, Any]]:
    """The shares of groups that are found, and false clusters a film, of clusters that are at least this probable."""
    threshold = (float(np.log(least / (1 - least))) - calibration.bias) / calibration.weights[0]
    rows: list[dict[str, Any]] = []
    for name, part in zip(("all", "no group or marker seen", "nothing seen"), by_tissue(measured), strict=True):
        tissue = [i for i in part.cut if not i.truth]
        cut = [i for i in part.cut if i.truth]
        rows.append(
            {
                "tissue": name,
                "false clusters a film": _of_film(tissue, threshold, film),
                "as cut": _share(cut, threshold),
                "as cut, malignant": _share([i for i in cut if i.crop.malignant], threshold),
                "pasted": _share(measured.pasted, threshold),
            }
        )
    return rows


def _of_film(tissue: Sequence[SearchOutcome], threshold: float, film: float) -> float:
    return round(film * sum(int((i.scores >= threshold).sum()) for i in tissue) / sum(i.area for i in tissue), 2)


def _share(images: Sequence[SearchOutcome], threshold: float) -> float:
    return round(float(np.mean([i.hit >= threshold for i in images])), 3) if images else float("nan")


def breast_area(films: Sequence[AnnotatedFilm], native_rows: dict[str, float]) -> float:
    """Mean area of the breast on films of CBIS-DDSM in cm2.

    Args:
        films: Films to measure.
        native_rows: Native pixels per pixel of the read film, by film.
    """
    areas: list[float] = []
    for film in films:
        breast = find_breast(film.read())
        top, bottom, left, right = breast.area
        pixel = NATIVE_SPACING * native_rows[film.name] / 10
        areas.append(breast.share * (bottom - top) * (right - left) * pixel**2)
    return float(np.mean(areas))


def by_tissue(measured: Measured) -> list[Measured]:
    """The same groups beside all crops of masses, those without a seen group or marker, and those with nothing seen."""
    seen = seen_on_masses()
    grouped = {name for name, what in seen.items() if what in ("group", "marker")}
    return [
        Measured([i for i in measured.cut if i.crop.path.name not in left_out], measured.pasted)
        for left_out in (set[str](), grouped, set(seen))
    ]


def found_share(images: Sequence[SearchOutcome], tissue: Sequence[SearchOutcome], rate: float, film: float) -> float:
    """Share of the groups on `images` that are found at a rate of false clusters per film.

    Args:
        images: Images with one group each.
        tissue: Images without a group.
        rate: False clusters per film.
        film: Area of a breast on a film in cm2.
    """
    threshold = threshold_at(tissue, rate, film)
    return float(np.mean([np.isfinite(i.hit) and i.hit >= threshold for i in images])) if images else float("nan")


def threshold_at(tissue: Sequence[SearchOutcome], rate: float, film: float) -> float:
    """The lowest score with at most this rate of false clusters per film."""
    scores = np.sort(np.concatenate([i.scores for i in tissue]))[::-1]
    allowed = int(rate * sum(i.area for i in tissue) / film)
    if allowed >= len(scores):
        return -np.inf
    return float(np.nextafter(scores[allowed], np.inf))


def _kinds(measured: Measured) -> dict[str, list[SearchOutcome]]:
    """The groups that are measured, by the name of their kind."""
    cut = [i for i in measured.cut if i.truth]
    return {
        "pasted, all": measured.pasted,
        "pasted, malignant": [i for i in measured.pasted if i.crop.malignant],
        "as cut, all": cut,
        "as cut, malignant": [i for i in cut if i.crop.malignant],
        "as cut, called clustered": [i for i in cut if _is_described_as(i.crop, "calc distribution: CLUSTERED")],
    }


def measure(measured: Measured, film: float, rounds: int = 300) -> list[dict[str, Any]]:
    """Measure found shares by rate, with 95 % intervals over patients, resampling both groups and tissue."""
    tissue = [i for i in measured.cut if not i.truth]
    rows: list[dict[str, Any]] = []
    for name, images in _kinds(measured).items():
        row: dict[str, Any] = {"groups": f"{name}, {len(images)} of {len({i.crop.patient for i in images})} patients"}
        for rate in RATES:
            found, (low, high) = _found_with_interval(images, tissue, rate, film, rounds)
            row[f"at {rate:g}"] = f"{found:.3f} ({low:.3f} to {high:.3f})"
        rows.append(row)
    return rows


def metrics(measured: Measured, film: float, rounds: int = 300) -> list[dict[str, Any]]:
    """The figures of a package: the shares that are found at 1 false cluster a film, by the tissue of these."""
    rows: list[dict[str, Any]] = []
    folds = folds_of(measured)
    for tissue, part in zip(_TISSUES, by_tissue(measured), strict=True):
        others = [i for i in part.cut if not i.truth]
        for name, images in _kinds(part).items():
            found, interval = _found_with_interval(images, others, 1.0, film, rounds)
            rows.append(
                {
                    "data": f"CBIS-DDSM crops, {folds} folds by patient, out of fold; false clusters {tissue}",
                    "metric": "share of groups found at 1 false cluster a film",
                    "rule": name,
                    "value": round(found, 4),
                    "interval_95": [round(limit, 4) for limit in interval],
                }
            )
    return rows


def _found_with_interval(
    images: Sequence[SearchOutcome], tissue: Sequence[SearchOutcome], rate: float, film: float, rounds: int
) -> tuple[float, tuple[float, float]]:
    everything = [*images, *tissue]

    def share(at: NDArray[np.integer]) -> float:
        groups = [everything[i] for i in at if i < len(images)]
        return found_share(groups, [everything[i] for i in at if i >= len(images)], rate, film)

    low, high = patient_bootstrap(share, [i.crop.patient for i in everything], rounds=rounds)
    return found_share(images, tissue, rate, film), (low, high)


def _is_described_as(crop: Crop, name: str) -> bool:
    return bool(crop.targets[NAMES.index(name)])
