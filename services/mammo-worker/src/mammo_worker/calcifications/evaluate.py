"""Measures how many clusters are found, and how many false ones per film, in five folds by patient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lobule.words import counted
from lobule_ml.evaluation.statistics import patient_bootstrap
from mammo_worker.calcifications.images import SearchedImage, crops_with_pasted_groups, original_crops
from mammo_worker.calcifications.reading import seen_on_masses
from mammo_worker.calcifications.searches import Search, SearchOf
from mammo_worker.calcifications.train import usable
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


def search_folds(crops: Sequence[Crop], search_of: SearchOf, echo: Callable[[str], None]) -> Measured:
    """Search every image with the search of the fold that holds its patient out.

    Args:
        crops: All crops of CBIS-DDSM.
        search_of: Gives the search of a fold; the images of a fold without one are left out.
        echo: Called with progress messages.

    Raises:
        FileNotFoundError: No fold has a search.
    """
    groups, masses = usable(crops)
    cut, pasted = list(original_crops([*groups, *masses])), list(crops_with_pasted_groups(groups, masses))
    echo(f"fine enough: {len(cut)} of {len(groups) + len(masses)} crops; pasted: {counted(len(pasted), 'group')}")
    measured = Measured([], [])
    for fold in range(FOLDS):
        search = search_of(fold, [i for i in cut if fold_of(i.crop.patient, FOLDS) != fold])
        if search is None:
            echo(f"fold {fold} is not finished")
            continue
        measured.cut.extend(_searched(search, i) for i in cut if fold_of(i.crop.patient, FOLDS) == fold)
        measured.pasted.extend(_searched(search, i) for i in pasted if fold_of(i.crop.patient, FOLDS) == fold)
        echo(f"fold {fold} is done")
    if not measured.cut:
        raise FileNotFoundError("no fold is finished")
    return measured


def _searched(search: Search, image: SearchedImage) -> SearchOutcome:
    found = search(image)
    hit = -np.inf
    if image.target is not None:
        x1, y1, x2, y2 = image.target
        on = [score for (x, y), score in found if x1 - _REACH <= x <= x2 + _REACH and y1 - _REACH <= y <= y2 + _REACH]
        hit = max(on, default=-np.inf)
    scores = np.array([score for _, score in found])
    return SearchOutcome(image.crop, image.area, image.target is not None, hit, scores)


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
