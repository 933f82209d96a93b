"""The thesis' ablations (tables 7, 10, 11 and 12) at a size that is feasible on two cores, beside its figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from numpy.typing import NDArray

from histo_worker.configs import reference_small
from histo_worker.data.breakhis import Field
from histo_worker.data.folds import reference_trials
from histo_worker.evaluation.aggregation import RULES
from histo_worker.training.cache import cached, content_key
from histo_worker.training.network_config import NetworkConfig, patch_logits, train_on_fields
from lobule_ml.batch import tracked
from lobule_ml.evaluation.statistics import Counts, auc, patient_bootstrap, patient_score

Floats = NDArray[np.floating]

TRIALS = 1
BASE = replace(reference_small.plan(), variant="normal")

# Each cell with the thesis' figures at 100X: best rule, image accuracy, image F1, patch accuracy, patch AUC (%).
PREPROCESSING = {
    "raw": "exist3, 78.64, 85.58, 79.09, 79.42",
    "gaussian_clahe": "vote, 69.12, 80.41, 69.28, 70.39",
    "clahe_whiten": "exist3, 81.69, 87.50, 81.44, 79.42",
    "clahe": "exist3, 84.74, 89.39, 83.37, 76.98",
    "whiten_clahe": "vote, 82.23, 87.76, 81.42, 82.23",
    "whiten": "vote, 83.12, 88.25, 82.32, 82.19",
    "demean": "exist3, 79.89, 86.10, 79.01, 81.54",
}
STRUCTURES = {
    "normal": "exist3, 84.74, 89.39, 83.37, 76.98",
    "conv3x3": "exist, 84.02, 89.00, 83.57, 84.91",
    "stride2": "average, 86.00, 90.10, 84.66, 79.13",
    "blocks_changed": "not printed",
    "maps_doubled": "vote, 83.30, 88.15, 81.93, 82.91",
    "two_pools": "exist3, 84.56, 89.41, 83.40, 79.99",
    "dropout": "vote, 84.92, 89.45, 83.99, 82.38",
}
SEGMENTATIONS = {
    ("random", 256): "exist3, 84.74, 89.39, 83.37, 76.98",
    ("random", 64): "vote/average, 87.61, 91.34, 84.80, 81.61",
    ("sliding", 128): "vote/average, 86.36, 90.45, 83.66, 86.65",
    ("sliding", 64): "vote, 86.89, 90.86, 84.40, 83.86",
}
BEST_RULES = {
    "sum": "84.92, 94.78, 84.15, 89.15",
    "vote": "85.46, 97.90, 82.38, 89.89",
    "average": "85.46, 97.90, 82.38, 89.89",
    "exist": "82.94, 100.0, 79.30, 88.46",
    "exist3": "84.38, 100.0, 80.71, 89.33",
}


def networks_section(fields: Sequence[Field], cache: Path | None) -> Iterator[str]:
    """Train every cell and yield the tables.

    Args:
        fields: Fields of one magnification.
        cache: Folder for the scores of trained cells, to resume an interrupted run; None to store nothing.
    """
    cells = {
        *(replace(BASE, operation=o) for o in PREPROCESSING),
        *(replace(BASE, variant=v) for v in STRUCTURES),
        *(replace(BASE, cropping=c, window=w) for c, w in SEGMENTATIONS),
        replace(BASE, variant="best"),
    }
    ordered = tracked(sorted(cells, key=repr), "networks", len(cells))
    scored = {cell: _score(cell, fields, cache) for cell in ordered}
    yield "## The thesis' networks, at 100X, at a size that two cores can do"
    yield ""
    yield (
        f"Input {BASE.size} pixels, {BASE.recipe.steps} steps of {BASE.recipe.batch}; {TRIALS} of the thesis' four "
        f"trials (every fourth patient tests); windows of {BASE.window} pixels by random crops and CLAHE where nothing "
        "else is said; no tuning, one seed. The thesis: 256 pixels, 3000 steps of 64, four trials, all 82 patients. "
        "As in the thesis, the best rule is chosen on the test fields, so it flatters. So short a training "
        "cannot rank the cells; it shows that each of them runs and learns."
    )
    yield ""
    yield "### Preprocessing (layout of table 7)"
    yield from _overall(
        "preprocess method", {o: (replace(BASE, operation=o), r) for o, r in PREPROCESSING.items()}, scored
    )
    yield "### Structure (layout of table 10)"
    yield from _overall("structure", {v: (replace(BASE, variant=v), r) for v, r in STRUCTURES.items()}, scored)
    yield "### Segmentation (layout of table 11)"
    yield from _overall(
        "segmentation",
        {f"{c} {w}x{w}": (replace(BASE, cropping=c, window=w), r) for (c, w), r in SEGMENTATIONS.items()},
        scored,
    )
    yield from _best(scored[replace(BASE, variant="best")])


@dataclass(frozen=True)
class _Scored:
    """Patch logits of the tested fields of all trials."""

    fields: list[Field]
    logits: list[Floats]

    @property
    def target(self) -> NDArray[np.intp]:
        return np.array([f.target for f in self.fields])

    @property
    def patients(self) -> list[str]:
        return [f.patient for f in self.fields]

    def called(self, rule: str) -> NDArray[np.bool_]:
        return np.array([RULES[rule](logits) >= 0.5 for logits in self.logits])

    def patches(self) -> tuple[NDArray[np.intp], Floats]:
        target = np.concatenate([np.full(len(x), f.target) for f, x in zip(self.fields, self.logits, strict=True)])
        return target, np.concatenate(self.logits)


def _score(config: NetworkConfig, fields: Sequence[Field], cache: Path | None) -> _Scored:
    tested: list[Field] = []
    logits: list[Floats] = []
    for train, test in reference_trials(fields)[:TRIALS]:
        training, testing = [fields[i] for i in train], [fields[i] for i in test]
        key = content_key(training, config, content_key(testing)) if cache else ""
        kept = cache / f"network-{key}.npz" if cache else None

        def train_and_score(training: list[Field] = training, testing: list[Field] = testing) -> list[Floats]:
            keras.backend.clear_session()
            with TemporaryDirectory() as folder:
                net, finished = train_on_fields(config, training, Path(folder))
            if not finished:  # scores of an unfinished network are not stored
                raise ValueError("stopped while a network was trained; the networks before it are kept in the cache")
            return patch_logits(config, net, testing)

        scores = cached(kept, train_and_score)
        tested += testing
        logits += scores
    return _Scored(tested, logits)


def _overall(
    name: str, rows: dict[str, tuple[NetworkConfig, str]], scored: dict[NetworkConfig, _Scored]
) -> Iterator[str]:
    yield ""
    yield (
        f"| {name} | best rule | image accuracy (95 %) | image F1 | patient accuracy | patch accuracy | patch AUC | "
        "the thesis: rule, image accuracy, F1, patch accuracy, AUC (%) |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for label, (config, thesis) in rows.items():
        one = scored[config]
        target, patients = one.target, one.patients
        rule = max(RULES, key=lambda r, s=one, t=target: Counts.of(t, s.called(r)).accuracy)
        called = one.called(rule)
        right = called == target
        low, high = patient_bootstrap(lambda at, r=right: float(r[at].mean()), patients, strata=target)
        counts = Counts.of(target, called)
        patch_target, patch_logit = one.patches()
        yield (
            f"| {label} | {rule} | {counts.accuracy:.3f} ({low:.3f} to {high:.3f}) | {counts.f1:.3f} | "
            f"{patient_score(target, called, patients):.3f} | "
            f"{Counts.of(patch_target, patch_logit >= 0).accuracy:.3f} | {auc(patch_target, patch_logit):.3f} | "
            f"{thesis} |"
        )
    yield ""


def _best(one: _Scored) -> Iterator[str]:
    yield '### The "best" network by rule (layout of table 12), and its row of table 13'
    yield ""
    yield (
        "| rule | image accuracy | precision | recall | F1 | patient accuracy | "
        "the thesis: image accuracy, precision, recall, F1 (%) |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    target, patients = one.target, one.patients
    for rule, thesis in BEST_RULES.items():
        called = one.called(rule)
        counts = Counts.of(target, called)
        yield (
            f"| {rule} | {counts.accuracy:.3f} | {counts.precision:.3f} | {counts.recall:.3f} | {counts.f1:.3f} | "
            f"{patient_score(target, called, patients):.3f} | {thesis} |"
        )
    patch_target, patch_logit = one.patches()
    c = Counts.of(patch_target, patch_logit >= 0)
    yield ""
    yield (
        f"Patches: accuracy {c.accuracy:.3f}, AUC {auc(patch_target, patch_logit):.3f}; malignant "
        f"{c.true_positive} right and {c.false_negative} wrong, benign {c.true_negative} right and "
        f"{c.false_positive} wrong (the thesis: 85.22 %, 82.35 %). The thesis' row of table 13 at 100X: patient "
        "88.17 %, image 85.46 %, F1 89.89 %."
    )
