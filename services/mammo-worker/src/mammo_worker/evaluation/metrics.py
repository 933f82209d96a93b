"""Measures of detectors, each with its match rule."""

import contextlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lobule.contracts.result import Assessment
from lobule_ml.evaluation.statistics import auc, patient_bootstrap, patient_resamples

Rule = Literal["IoU >= 0.2", "IoU >= 0.5", "OR >= 0.5", "centre hit"]
RULES: tuple[Rule, ...] = ("IoU >= 0.2", "IoU >= 0.5", "OR >= 0.5", "centre hit")


@dataclass(frozen=True, eq=False)
class FilmResult:
    """Truth and findings of one film, boxes (N, 4) of x1, y1, x2, y2 in film pixels.

    Attributes:
        name: Name of the film.
        patient: Patient of the film.
        truth: True boxes.
        labels: Their classes, as in `labels`.
        malignant_film: Whether a malignant mass is on the film; None if unknown.
        boxes: Found boxes, best first.
        scores: Their scores.
        malignant: Probabilities that each is malignant.
        features: `calibration.film_features`.
        probability: Calibrated probability of the film; None before calibration.
        assessment: Its assessment in three states; None before calibration.
        laterality: Side of the breast, L or R; empty if unknown.
        view: View of the film; empty if unknown.
    """

    name: str
    patient: str
    truth: NDArray[np.float64]
    labels: NDArray[np.int64]
    malignant_film: bool | None
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    malignant: NDArray[np.float64]
    features: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    probability: float | None = None
    assessment: Assessment | None = None
    laterality: str = ""
    view: str = ""


def overlaps(boxes: NDArray[np.float64], truth: NDArray[np.float64], rule: Rule) -> NDArray[np.bool_]:
    """Whether each found box (N) matches each true box (M) under a rule, (N, M).

    IoU is the shared area over the united area, OR the shared area over the *found* box's. Centre hit means that the
    found box's centre is in the true box.
    """
    a, b = boxes[:, None], truth[None]
    if rule == "centre hit":
        centre = (a[..., :2] + a[..., 2:]) / 2
        return np.all((centre >= b[..., :2]) & (centre <= b[..., 2:]), axis=-1)
    side = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.prod(np.maximum(side, 0), axis=-1)
    area_a, area_b = np.prod(a[..., 2:] - a[..., :2], axis=-1), np.prod(b[..., 2:] - b[..., :2], axis=-1)
    if rule == "OR >= 0.5":
        return shared >= 0.5 * area_a
    return shared >= (0.2 if rule == "IoU >= 0.2" else 0.5) * (area_a + area_b - shared)


@lru_cache(maxsize=20_000)  # the bootstrap matches the same films repeatedly
def match_film(film: FilmResult, rule: Rule) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Match the findings of a film, best score first.

    Returns:
        The true box that each finding is the first to find, or -1; and whether it is a false positive. A second finding
        on the same mass is neither.
    """
    table = overlaps(film.boxes, film.truth, rule)
    finds = np.full(len(film.boxes), -1)
    false = np.zeros(len(film.boxes), bool)
    free = np.ones(len(film.truth), bool)
    for i in np.argsort(-film.scores, kind="stable"):
        hits = np.flatnonzero(table[i])
        fresh = hits[free[hits]]
        if len(fresh):
            finds[i] = fresh[0]
            free[fresh[0]] = False
        else:
            false[i] = len(hits) == 0
    return finds, false


@dataclass(frozen=True)
class Froc:
    """Sensitivity over false positives per film, with one point per threshold in descending order."""

    thresholds: NDArray[np.float64]
    fppi: NDArray[np.float64]
    sensitivity: NDArray[np.float64]

    def at(self, fppi: float) -> float:
        """The highest sensitivity with at most `fppi` false positives per film."""
        within = self.sensitivity[self.fppi <= fppi]
        return float(within.max(initial=0.0))

    def threshold_at(self, fppi: float) -> float:
        """The lowest threshold with at most `fppi` false positives per film."""
        within = self.thresholds[self.fppi <= fppi]
        return float(within.min(initial=1.0))


def froc(films: Sequence[FilmResult], rule: Rule) -> Froc:
    """Compute the free-response ROC over all films."""
    scores: list[NDArray[np.float64]] = []
    hits: list[NDArray[np.bool_]] = []
    misses: list[NDArray[np.bool_]] = []
    for film in films:
        finds, false = match_film(film, rule)
        scores.append(film.scores)
        hits.append(finds >= 0)
        misses.append(false)
    score = np.concatenate(scores) if scores else np.zeros(0)
    order = np.argsort(-score, kind="stable")
    hit, miss = np.concatenate(hits)[order], np.concatenate(misses)[order]
    masses = max(1, sum(len(f.truth) for f in films))
    return Froc(score[order], np.cumsum(miss) / max(1, len(films)), np.cumsum(hit) / masses)


def bootstrap(
    films: Sequence[FilmResult],
    measure: Callable[[Sequence[FilmResult]], float],
    rounds: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of a measure, by resampling patients with replacement.

    Rounds in which the measure is undefined (one class only) are NaN and left out.
    """
    patients = [film.patient for film in films]
    return patient_bootstrap(lambda at: measure([films[i] for i in at]), patients, rounds=rounds, seed=seed)


def froc_intervals(
    films: Sequence[FilmResult], rule: Rule, points: Sequence[float], rounds: int = 1000
) -> list[tuple[float, float]]:
    """95 % intervals of the sensitivities at several numbers of false positives per film; see `bootstrap`."""
    drawn = patient_resamples([film.patient for film in films], rounds=rounds)
    curves = (froc([films[i] for i in at], rule) for at in drawn)
    values = [[curve.at(point) for point in points] for curve in curves]
    low, high = np.percentile(values, [2.5, 97.5], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def triage_auc(films: Sequence[FilmResult]) -> float:
    """AUC of the film's probability, benign against malignant; NaN if one class is missing."""
    known = [
        (f.malignant_film, f.probability) for f in films if f.malignant_film is not None and f.probability is not None
    ]
    return auc([truth for truth, _ in known], [probability for _, probability in known])


@dataclass(frozen=True)
class ReferenceMeasures:
    """The thesis' measures at one threshold (its section 4.2.5).

    Attributes:
        mean_ap: Its eq. 8: mean over the classes of TP / (TP + FP).
        mean_sensitivity: Its eq. 9, mean over films of found over true boxes.
        fppi: False findings per film.
    """

    mean_ap: float
    mean_sensitivity: float
    fppi: float


def reference_measures(films: Sequence[FilmResult], rule: Rule, threshold: float) -> ReferenceMeasures:
    """Compute the thesis' measures of findings from a threshold on.

    A finding is malignant from 0.5 on; for eq. 8 it must also have the true box's class, if that is known.
    """
    right, wrong = np.zeros(2), np.zeros(2)
    shares: list[float] = []
    false_total = 0
    for film in films:
        kept = film.scores >= threshold
        shown = FilmResult(
            film.name,
            film.patient,
            film.truth,
            film.labels,
            film.malignant_film,
            film.boxes[kept],
            film.scores[kept],
            film.malignant[kept],
        )
        finds, false = match_film(shown, rule)
        false_total += int(false.sum())
        if len(film.truth):
            shares.append(len(set(finds[finds >= 0])) / len(film.truth))
        for i, found in enumerate(finds):
            kind = int(shown.malignant[i] >= 0.5)
            same = found >= 0 and int(film.labels[found]) in (kind + 1, 3)
            right[kind] += same
            wrong[kind] += not same
    precision = right / np.maximum(right + wrong, 1)
    return ReferenceMeasures(float(precision.mean()), float(np.mean(shares or [0.0])), false_total / max(1, len(films)))


def coco_ap(films: Sequence[FilmResult]) -> tuple[float, float]:
    """COCO's AP50 and AP (IoU 0.50 to 0.95), class-agnostic, by faster-coco-eval."""
    from faster_coco_eval import COCO, COCOeval_faster

    images = [{"id": i + 1, "width": 10000, "height": 10000} for i in range(len(films))]
    truth: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for i, film in enumerate(films, start=1):
        for box in film.truth:
            x, y, w, h = float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])
            record = {"id": len(truth) + 1, "image_id": i, "category_id": 1, "bbox": [x, y, w, h]}
            truth.append({**record, "area": w * h, "iscrowd": 0})
        for box, score in zip(film.boxes, film.scores, strict=True):
            x, y, w, h = float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])
            found.append({"image_id": i, "category_id": 1, "bbox": [x, y, w, h], "score": float(score)})
    if not truth or not found:
        return 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        reference = COCO({"images": images, "annotations": truth, "categories": [{"id": 1, "name": "mass"}]})
        run = COCOeval_faster(reference, reference.loadRes(found), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[1]), float(run.stats[0])


def average_precision_50(films: Sequence[FilmResult]) -> float:
    """AP at IoU 0.5, interpolated at 101 recalls as in COCO, and fast enough for a bootstrap.

    Unlike in FROC, a second finding on a mass counts as false, as in COCO.
    """
    scores: list[float] = []
    hits: list[bool] = []
    for film in films:
        finds, _ = match_film(film, "IoU >= 0.5")
        scores.extend(film.scores.tolist())
        hits.extend((finds >= 0).tolist())
    masses = sum(len(f.truth) for f in films)
    if not scores or not masses:
        return 0.0
    hit = np.array(hits)[np.argsort(-np.array(scores), kind="stable")]
    recall, precision = np.cumsum(hit) / masses, np.cumsum(hit) / np.arange(1, len(hit) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.mean(np.append(precision, 0.0)[at]))
