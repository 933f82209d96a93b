"""The command of the baseline, which trains, measures, and writes the results."""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mammo_worker.baselines.features import NAMES
from mammo_worker.baselines.run import (
    Baseline,
    DescribedFilm,
    cases_of,
    choose,
    describe_film,
    describe_films,
    fixed_sample,
    normal_films,
)
from mammo_worker.baselines.sifting import ORIENTATIONS, SCALES
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.evaluation.metrics import (
    RULES,
    FilmResult,
    Rule,
    average_precision_50,
    bootstrap,
    coco_ap,
    froc,
    overlaps,
)
from mammo_worker.evaluation.summary import FPPI_POINTS, markdown_table

DOCUMENT = "mammography-baseline.md"
REPORT_FPPI = 3.93
_TIMED_FILMS = 20


def run_baseline(data: Path, out: Path, films: int, cache: Path | None, echo: Callable[[str], None]) -> str:
    """Train on training patients, choose on validation patients, measure on the untouched fifth.

    Args:
        data: Folder of the data sets.
        out: Folder for `mammography-baseline.md`.
        films: Number of the training patients' films to use.
        cache: Folder for the films' candidates, or None.
        echo: Called with progress messages.

    Returns:
        The document as Markdown.
    """
    train = describe_films(fixed_sample(cases_of(data, "train"), films), cache, echo)
    held = describe_films(cases_of(data, "validation"), cache, echo)
    baseline, tried = choose(train, held, echo)
    cases = cases_of(data, "test")
    described = describe_films(cases, cache, echo)
    test = [baseline(film) for film in described]
    marks = froc([baseline(f) for f in held], "IoU >= 0.2").threshold_at(1.0)
    normal = [baseline(film) for film in describe_films(normal_films(data), cache, echo)]
    wall, processor = seconds_a_film(baseline, cases[:: max(1, len(cases) // _TIMED_FILMS)])
    text = "\n".join(
        [
            _HEAD.format(
                low=min(SCALES[0]),
                high=max(SCALES[-1]),
                scales=len(SCALES),
                orientations=ORIENTATIONS,
                features=len(NAMES),
                train=len(train),
                validation=len(held),
                test=len(test),
                patients=len({f.patient for f in test}),
            ),
            markdown_table(sensitivity_rows(test)),
            _further_figures(test, described, normal, marks, wall, processor),
            "## What was tried, on the validation patients\n",
            "Chosen: the highest mean of the sensitivities at 0.5, 1, 2 and 4 FPPI, IoU >= 0.2.\n",
            markdown_table(tried),
        ]
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / DOCUMENT).write_text(text, "utf-8")
    return text


_HEAD = """# Mammography: the baseline before deep learning

Made by `mammo-worker baseline --data ../shared/data --out docs/results`. Multi-scale morphological sifting and a
cascade of random forests, after the thesis' section 2.5: films at 512 x 256 as the network gets them, {scales}
scales of linear structuring elements ({low} to {high} pixels, {orientations} orientations), SLIC superpixels grown
together around each peak, {features} features, forests in a row. Trained on {train} films of the training patients,
the stages' thresholds and the choices below on {validation} films of the validation patients, measured on the
{test} CBIS-DDSM films of the {patients} patients of the untouched fifth, as the network is. In brackets: 95 %
interval, bootstrap over patients. It finds masses and does not tell benign from malignant.
"""


def sensitivity_rows(films: Sequence[FilmResult]) -> list[dict[str, Any]]:
    """Sensitivity at each number of false positives per film, one column per match rule."""
    rows: list[dict[str, Any]] = []
    for fppi in (*FPPI_POINTS, REPORT_FPPI):
        row: dict[str, Any] = {"sensitivity at": f"{fppi:g} FPPI"}
        for rule in RULES:
            low, high = bootstrap(films, lambda f, r=rule, x=fppi: froc(f, r).at(x))
            row[rule] = f"{froc(films, rule).at(fppi):.3f} ({low:.3f} to {high:.3f})"
        rows.append(row)
    return rows


def candidate_recall(films: Sequence[DescribedFilm], rule: Rule) -> float:
    """Share of the masses that any candidate matches: the cascade's upper bound, unless boxes are enlarged."""
    found = [overlaps(f.boxes, f.truth, rule).any(axis=0) for f in films]
    return float(np.concatenate(found).mean())


def seconds_a_film(baseline: Baseline, cases: Sequence[AnnotatedFilm]) -> tuple[float, float]:
    """Median seconds from a film's file to its findings, sequentially: elapsed time and processor time."""
    wall: list[float] = []
    processor: list[float] = []
    for case in cases:
        started, used = time.perf_counter(), time.process_time()
        baseline(describe_film(case))
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    return statistics.median(wall), statistics.median(processor)


def _further_figures(
    test: Sequence[FilmResult],
    described: Sequence[DescribedFilm],
    normal: Sequence[FilmResult],
    marks: float,
    wall: float,
    processor: float,
) -> str:
    low, high = bootstrap(test, average_precision_50)
    recall = ", ".join(f"{candidate_recall(described, rule):.3f} by {rule}" for rule in RULES)
    lines = [
        f"- AP50, class-agnostic (IoU >= 0.5, COCO): {coco_ap(test)[0]:.3f} ({low:.3f} to {high:.3f}).",
        f"- Seconds a film, reading included: median {wall:.2f} by the clock, {processor:.2f} of the processor, one "
        "core shared with other work. The thesis prints 472 s.",
        f"- {np.mean([len(f.boxes) for f in described]):.0f} candidates a film, before the cascade; of the masses they "
        f"match {recall}.",
        "- The thesis prints a sensitivity of 0.77 at 3.93 FPPI (OR >= 0.5 between masks, DDSM). Here the truth is a "
        "box, so OR is that of boxes.",
    ]
    if normal:
        shown = [int((f.scores >= marks).sum()) for f in normal]
        lines.append(
            f"- On {len(normal)} normal mini-MIAS films, at the score that gives 1 FPPI on the validation films: "
            f"{np.mean(shown):.2f} marks a film."
        )
    return "\n".join(lines) + "\n"
