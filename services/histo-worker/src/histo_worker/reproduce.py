"""Runs the comparisons and writes them as Markdown: heads, baselines of chapter 2, and the report's networks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from histo_worker.baselines.classifiers import kernel_bayes_logits, svm_logits
from histo_worker.baselines.features import nuclei_features
from histo_worker.baselines.nuclei import clustered_nuclei, watershed_nuclei
from histo_worker.configs import densenet121_block2, report_small
from histo_worker.data.breakhis import Field, find_fields
from histo_worker.data.folds import Indices
from histo_worker.evaluation.aggregation import RULES
from histo_worker.evaluation.cross_validation import OutOfFold, cross_validate
from histo_worker.evaluation.metrics import Counts, auc, patient_score
from histo_worker.evaluation.plots import write_plots
from histo_worker.preprocessing.windows import resize_area
from histo_worker.training.features import field_features
from histo_worker.training.frozen_head import measure_linear_head
from histo_worker.training.network_config import NetworkConfig, patch_logits, train_on_fields
from lobule.imaging.decode import decode_rgb

Floats = NDArray[np.floating]
HEADS = ((0.01, 0.0), (0.1, 0.0), (0.05, 1.0), (0.1, 3.0))
"""(c, shrinkage) of the linear heads that are compared."""
_HEADER = (
    "| method | 100X image AUC | 100X image accuracy | 100X patient accuracy | 100X ECE | 40X image AUC |\n"
    "| --- | --- | --- | --- | --- | --- |"
)


def reproduce(data: Path, weights: Path, output: Path, sections: Sequence[str], cache: Path | None) -> None:
    """Run the sections asked for and write `output`, with plots in a folder beside it.

    Args:
        data: Folder of BreakHis.
        weights: Folder of pretrained weights.
        output: The Markdown file.
        sections: Any of `heads`, `baselines`, `networks`.
        cache: Folder for features, or None.
    """
    fields = find_fields(data)
    writers: dict[str, Callable[[], Iterator[str]]] = {
        "heads": lambda: _heads(fields, weights, cache, output.parent / f"{output.stem}-plots"),
        "baselines": lambda: _baselines([f for f in fields if f.magnification == "100X"]),
        "networks": lambda: _networks([f for f in fields if f.magnification == "100X"]),
    }
    patients = len({f.patient for f in fields})
    lines = [
        "# Histopathology: measured results",
        "",
        f"Written by `histo-worker reproduce --data BREAKHIS --weights WEIGHTS "
        f"{' '.join('--section ' + s for s in sections)}`.",
        f"Data: BreakHis (Spanhol et al. 2016), {len(fields)} fields of {patients} patients. Splits are by "
        f"patient; intervals "
        "are 95 % bootstrap intervals over patients. The full data set gives its figures by the same command.",
        "",
        "Precision and recall are the standard ones; the report's printed equations (4.1.4) define them otherwise.",
        "The report, with all 82 patients: 85.46 % image and 88.17 % patient accuracy at 100X (its table 13).",
        "",
    ]
    for section in sections:
        lines += [*writers[section](), ""]
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("\n".join(lines), "utf-8")


def _heads(fields: Sequence[Field], weights: Path, cache: Path | None, plots: Path) -> Iterator[str]:
    base = densenet121_block2.CONFIG
    yield "## Linear heads on frozen features"
    yield ""
    yield f"{base.backbone} up to {', '.join(base.taps)}, {base.folds} folds, seeds {', '.join(map(str, base.seeds))}."
    yield "All rows were seen before one was shipped, so the best is a little kind to itself."
    yield ""
    yield _HEADER
    features = field_features(fields, base.reader, base.backbone, base.taps, weights, cache)
    for c, shrinkage in HEADS:
        config = replace(base, c=c, shrinkage=shrinkage)
        oof = measure_linear_head(fields, features, config)
        shipped = " (shipped)" if (c, shrinkage) == (base.c, base.shrinkage) else ""
        yield _row(f"C {c}, patients taken out {shrinkage}{shipped}", oof)
        if shipped:
            write_plots(oof.target, oof.probabilities[0], plots, "shipped")


def _baselines(fields: Sequence[Field]) -> Iterator[str]:
    yield "## Baselines of chapter 2, at 100X"
    yield ""
    yield "Fields at half size; three seeds of five folds."
    yield ""
    yield _HEADER
    finders: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.int32]]] = {
        "watershed": watershed_nuclei,
        "kmeans": lambda field: clustered_nuclei(field, "kmeans"),
        "fuzzy_cmeans": lambda field: clustered_nuclei(field, "fuzzy_cmeans"),
        "gaussian_mixture": lambda field: clustered_nuclei(field, "gaussian_mixture"),
    }
    pictures = [decode_rgb(f.path.read_bytes()) for f in fields]
    small = [resize_area(p, p.shape[0] // 2, p.shape[1] // 2) for p in pictures]
    target = np.array([f.target for f in fields])
    for name, find in finders.items():
        table = np.stack([nuclei_features(p, find(p)) for p in track(small, description=name)])
        classify = svm_logits if name == "watershed" else kernel_bayes_logits

        def fit_and_score(
            train: Indices, test: Indices, x: Floats = table, call: Callable[..., Floats] = classify
        ) -> Floats:
            return call(x[train], target[train], x[test])

        words = "George: watershed, 12 features, SVM" if name == "watershed" else f"Kowal: {name}, kernel naive Bayes"
        yield _row(words, cross_validate(fields, fit_and_score, folds=5, seeds=(0, 1, 2)))


def _networks(fields: Sequence[Field]) -> Iterator[str]:
    base = report_small.CONFIG
    yield "## The report's networks, at 100X, at a size that two cores can do"
    yield ""
    yield (
        f"{base.size}-pixel input, {base.recipe.steps} steps of {base.recipe.batch}; one seed of five "
        f"folds; no tuning. "
    )
    yield "The report: 256 pixels, 3000 steps of 64, all 82 patients."
    yield ""
    yield (
        "| network | preprocessing | cropping | rule | image accuracy | precision | recall | F1 | patient "
        "accuracy | patch AUC |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    cells = [replace(base, operation=o) for o in ("raw", "clahe", "whiten")]
    cells += [replace(base, variant=v) for v in ("normal", "stride2")]
    cells += [replace(base, cropping="sliding")]
    for cell in cells:
        yield from _network_rows(cell, fields)


def _network_rows(config: NetworkConfig, fields: Sequence[Field]) -> Iterator[str]:
    scores: dict[str, Floats] = {}

    def fit_and_score(train: Indices, test: Indices) -> Floats:
        with TemporaryDirectory() as folder:
            net = train_on_fields(config, [fields[i] for i in train], Path(folder), verbose=0)
        for index, logits in zip(test, patch_logits(config, net, [fields[i] for i in test]), strict=True):
            scores[fields[index].name] = logits
        return np.array([scores[fields[i].name].mean() for i in test])

    oof = cross_validate(fields, fit_and_score, folds=5, seeds=(0,))
    target, patients = oof.target, oof.patients.tolist()
    patches = np.concatenate([scores[f.name] for f in fields])
    patch_target = np.concatenate([np.full(len(scores[f.name]), f.target) for f in fields])
    for rule, aggregate in RULES.items():
        called = np.array([aggregate(scores[f.name]) >= 0.5 for f in fields])
        counts = Counts.of(target, called)
        yield (
            f"| {config.variant} | {config.operation} | {config.cropping} | {rule} | {counts.accuracy:.3f} | "
            f"{counts.precision:.3f} | {counts.recall:.3f} | {counts.f1:.3f} | "
            f"{patient_score(target, called, patients):.3f} | {auc(patch_target, patches):.3f} |"
        )


def _row(name: str, oof: OutOfFold) -> str:
    at100 = oof.measure("100X")
    names = ("image_auc", "image_accuracy", "patient_accuracy", "image_ece")
    cells = [_cell(at100[n]) for n in names]
    has40 = len({f.label for f in oof.fields if f.magnification == "40X"}) == 2
    cells.append(_cell(oof.measure("40X")["image_auc"]) if has40 else "not measured")
    return f"| {name} | {' | '.join(cells)} |"


def _cell(measured: dict[str, object]) -> str:
    low, high = measured["interval"]  # pyright: ignore[reportGeneralTypeIssues] - a pair of numbers
    return f"{measured['value']:.3f} ({low:.3f} to {high:.3f})"
