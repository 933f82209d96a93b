"""Trains and measures the baseline on the films on which the network is measured."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo_worker.baselines import candidates, features, sifting
from mammo_worker.baselines.candidates import find_candidates
from mammo_worker.baselines.cascade import Cascade, suppress
from mammo_worker.baselines.features import describe
from mammo_worker.baselines.sifting import sift_scales
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.readers.mini_mias import mini_mias
from mammo_worker.data.splits import Split, split_of
from mammo_worker.evaluation.metrics import FilmResult, Rule, froc, overlaps
from mammo_worker.films import breast, frames, prepare, resampling
from mammo_worker.films.prepare import prepare_film

CANVAS = (512, 256)  # the canvas for which `sifting.SCALES` is chosen
MARKS = 20  # largest number per film
POSITIVE_RULES: tuple[Rule, ...] = ("OR >= 0.5", "IoU >= 0.2", "IoU >= 0.5")
# Factors for a candidate's box, because radiologists' boxes are wider than the bright region.
GROWTHS = (1.0, 1.15, 1.3)
_CHOICE_FPPI = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class DescribedFilm:
    """The candidates of a film.

    Attributes:
        annotated: The film.
        size: Its height and width.
        boxes: (N, 4) of x1, y1, x2, y2 in film pixels.
        features: (N, F), see `features.NAMES`.
        seconds: Seconds from reading the file to the features.
    """

    annotated: AnnotatedFilm
    size: tuple[int, int]
    boxes: NDArray[np.float64]
    features: NDArray[np.float32]
    seconds: float

    @property
    def truth(self) -> NDArray[np.float64]:
        """True boxes (M, 4) in film pixels."""
        return self.annotated.boxes.astype(np.float64)


def describe_film(case: AnnotatedFilm) -> DescribedFilm:
    """Read a film and find and describe its candidates."""
    started = time.perf_counter()
    film = case.read()
    prepared = prepare_film(film, CANVAS)
    sifted = sift_scales(np.ascontiguousarray(prepared.canvas[..., 0]))
    found = find_candidates(sifted, prepared.canvas[..., 0] > 0)
    boxes = prepared.transform.boxes_to_film(np.array([c.box for c in found], np.float64).reshape(-1, 4))
    table = describe(found, prepared.canvas, sifted)
    return DescribedFilm(case, (film.shape[0], film.shape[1]), boxes, table, time.perf_counter() - started)


def describe_films(
    cases: Sequence[AnnotatedFilm], cache: Path | None, echo: Callable[[str], None]
) -> list[DescribedFilm]:
    """Describe the candidates of all films.

    Args:
        cases: The films.
        cache: Folder that caches the candidates; the cache is invalid once the code that prepares films and finds them
            changes.
        echo: Called with progress messages.
    """
    if cache is not None:
        cache = cache / _code_version()
        cache.mkdir(parents=True, exist_ok=True)
    films: list[DescribedFilm] = []
    for number, case in enumerate(cases, start=1):
        kept = None if cache is None else cache / f"{case.name}.npz"
        if kept is not None and kept.exists():
            with np.load(kept) as saved:
                size = (int(saved["size"][0]), int(saved["size"][1]))
                films.append(DescribedFilm(case, size, saved["boxes"], saved["features"], float(saved["seconds"])))
        else:
            film = describe_film(case)
            films.append(film)
            if kept is not None:
                np.savez(kept, size=film.size, boxes=film.boxes, features=film.features, seconds=film.seconds)
        if number % 100 == 0 or number == len(cases):
            echo(f"{number} of {len(cases)} films")
    return films


def _code_version() -> str:
    modules = (sifting, candidates, features, breast, frames, prepare, resampling)
    sources = [module.__file__ or "" for module in modules]
    return hashlib.sha256(b"".join(Path(source).read_bytes() for source in sources)).hexdigest()[:12]


@dataclass(frozen=True)
class Baseline:
    """A trained cascade, and the growth factor of its boxes."""

    cascade: Cascade
    growth: float

    def __call__(self, film: DescribedFilm) -> FilmResult:
        """Find the masses of a film, without their class."""
        boxes = grow(film.boxes, self.growth, film.size)
        scores = self.cascade.score(film.features)
        kept = suppress(boxes, scores, MARKS)
        case = film.annotated
        return FilmResult(
            case.name,
            case.patient,
            film.truth,
            case.labels.astype(np.int64),
            case.malignant,
            boxes[kept],
            scores[kept],
            np.full(len(kept), 0.5),
        )


def grow(boxes: NDArray[np.float64], factor: float, size: tuple[int, int]) -> NDArray[np.float64]:
    """Grow boxes (N, 4) about their centres, within a film of `size` (height, width)."""
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2 * factor
    grown = np.concatenate([middle - half, middle + half], axis=1)
    return np.clip(grown, 0, np.array([size[1], size[0], size[1], size[0]], np.float64))


def train_cascade(train: Sequence[DescribedFilm], held: Sequence[DescribedFilm], rule: Rule, seed: int = 0) -> Cascade:
    """Train on some patients and set the stages' thresholds on others; candidates that match by `rule` are masses."""
    table = np.concatenate([f.features for f in train])
    positive = np.concatenate([overlaps(f.boxes, f.truth, rule).any(axis=1) for f in train])
    lesion: list[NDArray[np.int64]] = []
    masses = 0
    for film in held:
        on = overlaps(film.boxes, film.truth, rule)
        lesion.append(np.where(on.any(axis=1), masses + on.argmax(axis=1), -1))
        masses += len(film.annotated.boxes)
    return Cascade(seed=seed).fit(table, positive, np.concatenate([f.features for f in held]), np.concatenate(lesion))


def choose(
    train: Sequence[DescribedFilm], held: Sequence[DescribedFilm], echo: Callable[[str], None]
) -> tuple[Baseline, list[dict[str, Any]]]:
    """Train with every rule, choose rule and growth on the held-out patients, and return the comparison as a table."""
    tried: list[dict[str, Any]] = []
    best: Baseline | None = None
    best_value = -1.0
    for rule in POSITIVE_RULES:
        cascade = train_cascade(train, held, rule)
        echo(f"{rule}: {len(cascade.stages)} stages")
        for growth in GROWTHS:
            baseline = Baseline(cascade, growth)
            curve = froc([baseline(f) for f in held], "IoU >= 0.2")
            value = float(np.mean([curve.at(fppi) for fppi in _CHOICE_FPPI]))
            tried.append(
                {
                    "a candidate is a mass by": rule,
                    "stages": len(cascade.stages),
                    "box grown by": f"{growth:g}",
                    "mean sensitivity, validation": value,
                }
            )
            if value > best_value:
                best, best_value = baseline, value
    assert best is not None
    return best, tried


def cases_of(data: Path, split: Split) -> list[AnnotatedFilm]:
    """CBIS-DDSM's films of the patients of one split."""
    return [c for c in cbis_ddsm(data / "cbis_ddsm_mass") if split_of(c.patient) == split]


def normal_films(data: Path) -> list[AnnotatedFilm]:
    """The normal films of mini-MIAS; none if the data set does not exist."""
    folder = data / "mias"
    return [c for c in mini_mias(folder) if c.attributes["class"] == "normal"] if folder.is_dir() else []


def fixed_sample(cases: Sequence[AnnotatedFilm], most: int) -> list[AnnotatedFilm]:
    """A fixed number of the films, always the same: those whose names have the lowest hashes."""
    return sorted(cases, key=lambda case: hashlib.sha256(case.name.encode()).digest())[:most]
