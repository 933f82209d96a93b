"""Measures how many clusters are found, and how many false ones per film, in five folds by patient."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule_ml.evaluation.statistics import patient_bootstrap
from mammo_worker.calcifications.images import SearchedImage, crops_with_pasted_groups, original_crops
from mammo_worker.calcifications.model import TREES, ClusterSearch
from mammo_worker.calcifications.spots import Spots, find_spots
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.splits import fold_of
from mammo_worker.films.breast import find_breast
from mammo_worker.regions.crops import Crop
from mammo_worker.regions.prepare import NATIVE_SPACING
from mammo_worker.regions.targets import NAMES

FOLDS = 5
EVERY = 4  # one film out of this number is measured for the mean area of a breast
RATES = (0.5, 1.0, 2.0, 4.0)  # false clusters a film
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


def usable(crops: Sequence[Crop]) -> tuple[list[Crop], list[Crop]]:
    """Groups of calcifications, and masses of patients without calcifications."""
    groups = [c for c in crops if c.kind == "calcification"]
    patients = {c.patient for c in groups}
    return groups, [c for c in crops if c.kind == "mass" and c.patient not in patients]


def search_folds(crops: Sequence[Crop], echo: Callable[[str], None], trees: int = TREES) -> Measured:
    """Fit and search in five folds.

    Args:
        crops: All crops of CBIS-DDSM.
        echo: Called with progress messages.
        trees: Number of trees of each model of spots.
    """
    groups, masses = usable(crops)
    cut = _with_spots(original_crops([*groups, *masses]))
    echo(f"{len(cut)} crops of {len(groups) + len(masses)} are fine enough")
    put = _with_spots(crops_with_pasted_groups(groups, masses))
    echo(f"{len(put)} groups pasted")
    of_cut, of_pasted = (np.array([fold_of(i.crop.patient, FOLDS) for i, _ in part]) for part in (cut, put))
    calcified = np.array([i.target is not None for i, _ in cut])
    measured = Measured([], [])
    for fold in range(FOLDS):
        own = np.flatnonzero(of_cut != fold)
        search = ClusterSearch([cut[i][1] for i in own], calcified[own], trees)
        measured.cut.extend(_searched(search, cut[i]) for i in np.flatnonzero(of_cut == fold))
        measured.pasted.extend(_searched(search, put[i]) for i in np.flatnonzero(of_pasted == fold))
        echo(f"fold {fold} is done")
    return measured


def _with_spots(images: Iterable[SearchedImage]) -> list[tuple[SearchedImage, Spots]]:
    return [(image, find_spots(image.grey, image.inside)) for image in images]


def _searched(search: ClusterSearch, item: tuple[SearchedImage, Spots]) -> SearchOutcome:
    image, spots = item
    found = search(spots)
    hit = -np.inf
    if image.target is not None:
        x1, y1, x2, y2 = image.target
        on = [
            s.score
            for s in found
            if x1 - _REACH <= s.cluster.centre[0] <= x2 + _REACH and y1 - _REACH <= s.cluster.centre[1] <= y2 + _REACH
        ]
        hit = max(on, default=-np.inf)
    return SearchOutcome(image.crop, image.area, image.target is not None, hit, np.array([s.score for s in found]))


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


def calcified_tissue() -> frozenset[str]:
    """Names of crops of masses with visible calcifications that CBIS-DDSM does not annotate.

    They were identified by eye, not blinded, among the 148 crops with the highest false clusters; doubtful ones are
    excluded.
    """
    text = files("mammo_worker.calcifications").joinpath("calcified_tissue.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def without(measured: Measured, names: frozenset[str]) -> Measured:
    """The same images without some crops."""
    return Measured([i for i in measured.cut if i.crop.path.name not in names], measured.pasted)


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


def measure(measured: Measured, film: float, rounds: int = 300) -> list[dict[str, Any]]:
    """Measure found shares by rate, with 95 % intervals over patients, resampling both groups and tissue."""
    tissue = [i for i in measured.cut if not i.truth]
    cut = [i for i in measured.cut if i.truth]
    rows: list[dict[str, Any]] = []
    for name, images in (
        ("pasted, all", measured.pasted),
        ("pasted, malignant", [i for i in measured.pasted if i.crop.malignant]),
        ("as cut, all", cut),
        ("as cut, malignant", [i for i in cut if i.crop.malignant]),
        ("as cut, called clustered", [i for i in cut if _is_described_as(i.crop, "calc distribution: CLUSTERED")]),
    ):
        row: dict[str, Any] = {"groups": f"{name}, {len(images)} of {len({i.crop.patient for i in images})} patients"}
        for rate in RATES:
            everything = [*images, *tissue]

            def share(at: NDArray[np.integer], rate: float = rate, n: int = len(images), of: Any = everything) -> float:
                return found_share([of[i] for i in at if i < n], [of[i] for i in at if i >= n], rate, film)

            low, high = patient_bootstrap(share, [i.crop.patient for i in everything], rounds=rounds)
            row[f"at {rate:g}"] = f"{found_share(images, tissue, rate, film):.3f} ({low:.3f} to {high:.3f})"
        rows.append(row)
    return rows


def _is_described_as(crop: Crop, name: str) -> bool:
    return bool(crop.targets[NAMES.index(name)])
