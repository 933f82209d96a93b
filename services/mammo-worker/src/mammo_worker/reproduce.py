"""The thesis' tables 14 and 15 on CBIS-DDSM, at a size that is feasible without a GPU."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lobule_ml.packages import read_weights
from lobule_ml.training.loop import AVERAGE_FILE
from mammo_worker.configs import reference
from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.augment import Augmentation
from mammo_worker.data.batches import TrainingFilm
from mammo_worker.evaluation.metrics import FilmResult, average_precision_50, froc, reference_measures
from mammo_worker.evaluation.run import run_detector
from mammo_worker.evaluation.summary import markdown_table
from mammo_worker.inference import Detector, VariantNetwork
from mammo_worker.nn.config import AnchorStageConfig, MaskRCNNConfig
from mammo_worker.packages import build_model
from mammo_worker.training.films import train
from mammo_worker.training.network import starting_weights
from mammo_worker.training.plan import Phase, TrainingPlan

Echo = Callable[[str], None]

ROWS: dict[str, tuple[tuple[str, Callable[[MaskRCNNConfig | None], TrainingPlan], str], ...]] = {
    "table 14": (
        ("O", reference.original, "45.1 %, 57.9 % at 2.37"),
        ("O+P", reference.preprocessed, "60.3 %, 72.6 % at 3.14"),
        ("O+P+E", reference.preprocessed_ratio, "63.0 %, 65.3 % at 0.72"),
        ("O+P+E+L", reference.preprocessed_ratio_loss, "89.2 %, 45.6 % at 1.11"),
        ("O+P+L", reference.preprocessed_loss, "67.6 %, 62.5 % at 1.4"),
    ),
    "table 15": (
        ("1: head, 4+, all; anchors from 32", reference.sequence_1, "60.3 %, 72.6 % at 3.14"),
        ("2: (RPN, mask, backbone) x 3, 4+, all; from 16", reference.sequence_2, "61.6 %, 76.5 % at 4.88"),
        ("3: (RPN, mask) x 3, 4+, all; from 16", reference.sequence_3, "61.6 %, 76.5 % at 4.88"),
        ("4: mask, RPN, 4+ x 2, all x 2; from 16", reference.sequence_4, "56.8 %, 68.1 % at 4.09"),
        ("5: RPN, mask, 4+ x 2, all x 2; from 16", reference.sequence_5, "54.7 %, 62.4 % at 3.84"),
        ("6: mask, RPN, 4+ x 2, all x 2; from 32", reference.sequence_6, "57.5 %, 68.9 % at 3.91"),
        ("7: RPN, mask, 4+ x 2, all x 2; from 32", reference.sequence_7, "58.9 %, 72.1 % at 3.59"),
    ),
}
"""Table: rows of name, plan, and what the thesis prints for it (mean AP, mean sensitivity at FPPI; DDSM)."""

_BATCH = 8
_STEP_PIXELS, _STEP_SECONDS = (
    512 * 256,
    3.2,
)  # a step of 8 films on one core: 1.6 s measured in bfloat16, twice in float32
_FILM_SECONDS = 0.5  # for detection on one core
_LEARNING_RATE = 1e-3


def small_network(height: int, backbone: str) -> MaskRCNNConfig:
    """The thesis' network for films of `height` x `height / 2`, with anchors of the same share of the film."""
    thesis = reference.thesis_network()
    if not isinstance(thesis.proposals, AnchorStageConfig):
        raise TypeError("the thesis' first stage has anchors")
    shrink = height / thesis.canvas[0]
    stage = replace(
        thesis.proposals,
        scales=tuple(scale * shrink for scale in thesis.proposals.scales),
        selection=replace(thesis.proposals.selection, before_train=1000, kept_train=200),
    )
    return replace(
        thesis,
        backbone=replace(thesis.backbone, name=backbone),
        canvas=(height, height // 2),
        pyramid=replace(thesis.pyramid, channels=64),
        proposals=stage,
        rois=replace(thesis.rois, samples=32),
        box=replace(thesis.box, units=256),
        mask=replace(thesis.mask, supervision="weak", channels=64, convs=2),
        detections=replace(thesis.detections, limit=20),
    )


def shortened(plan: TrainingPlan, stage_steps: int) -> TrainingPlan:
    """The plan with long stages of `stage_steps` and short ones of half of that.

    With so few steps the thesis' recipe learns little, so batches are larger, AdamW with cosine decay replaces SGD, and
    films are turned, shifted and changed in contrast.
    """
    phases = tuple(Phase(max(1, round(p.steps / reference.LONG * stage_steps)), p.canvas, p.scope) for p in plan.phases)
    return replace(
        plan,
        phases=phases,
        batch=_BATCH,
        learning_rate=_LEARNING_RATE,
        rate="cosine",
        optimiser="adamw",
        clip_norm=10.0,
        warm_up=20,
        augmentation=Augmentation(),
    )


def cost(base: MaskRCNNConfig, stage_steps: int, test_films: int) -> str:
    """The expected cost of a call of `reproduce`, in words."""
    rows = [make(base) for table in ROWS.values() for _, make, _ in table]
    plans = {repr(plan): plan for plan in (shortened(row, stage_steps) for row in rows)}.values()
    steps = sum(plan.steps for plan in plans)
    height, width = base.canvas
    seconds = _STEP_SECONDS * height * width / _STEP_PIXELS
    minutes = round((steps * seconds + len(rows) * test_films * _FILM_SECONDS) / 60)
    return (
        f"{len(plans)} trainings of {steps} steps in all, {_BATCH} films of {height} x {width} a step, and {len(rows)} "
        f"times {test_films} films to measure: about {minutes} minutes on one core for DenseNet-121 in float32 "
        f"({seconds:.1f} s a step, estimated from {_STEP_SECONDS} s at 512 x 256). It can be stopped and called again."
    )


def reproduce(
    base: MaskRCNNConfig,
    films: Sequence[TrainingFilm],
    test: Sequence[AnnotatedFilm],
    weights: Path,
    output: Path,
    runs: Path,
    *,
    stage_steps: int,
    precision: str,
    echo: Echo,
) -> None:
    """Train every row of both tables, and update `output` after each row.

    Args:
        base: The network of every row, see `small_network`.
        films: Prepared films of the training patients.
        test: Films that were used for neither training nor choices.
        weights: Initial weights of every row's backbone, see `training.network.start_backbone`.
        output: Markdown file to write.
        runs: Folder of the rows' trainings, so that an interrupted call can be resumed; a plan in both tables is
            trained once.
        stage_steps: Number of batches of a long stage.
        precision: Keras dtype policy of the trunk in training.
        echo: Called with progress messages.
    """
    lines = [
        "# Mammography: the thesis' tables 14 and 15, small",
        "",
        "Made by `mammo-worker reproduce`; do not edit by hand.",
        f"{base.backbone.name} at {base.canvas[0]} x {base.canvas[1]}, batches of {_BATCH}, {stage_steps} steps for "
        "each long stage and half for each short one (the thesis: ResNet-101 at 2048 x 2048, "
        f"{reference.LONG:,} and {reference.SHORT:,} steps of one film). {len(films)} training films, {len(test)} "
        "films of the untouched fifth of CBIS-DDSM's training patients. The backbone starts from "
        f"{weights.name}, which has seen the training films; from ImageNet alone so short a row learns little. "
        "Where these rows deviate from the thesis' recipe on purpose, because so few steps learn little by it: AdamW "
        "with a cosine takes the place of SGD at a constant rate, and films are turned, shifted, scaled and changed in "
        "contrast. Films are mirrored so that the chest wall is on the left, in place of the thesis' flips; masks are "
        "learned from boxes. "
        "One training a row: differences of a few points are chance. Mean AP and mean sensitivity are the thesis' "
        "equations 8 and 9, by OR >= 0.5, at the threshold whose false positives per film come nearest to 3.",
        "",
    ]
    for table, rows in ROWS.items():
        lines += [f"## {table.capitalize()}", ""]
        done: list[dict[str, Any]] = []
        for name, make, printed in rows:
            echo(f"{table}: {name}")
            plan = replace(shortened(make(base), stage_steps), precision=precision)
            result = _train_and_run(plan, films, test, weights, runs)
            done.append({"setting": name, "steps": plan.steps, **_measures(result), "thesis, on DDSM": printed})
            output.write_text("\n".join([*lines, markdown_table(done)]), "utf-8")
        lines.append(markdown_table(done))


def _train_and_run(
    plan: TrainingPlan, films: Sequence[TrainingFilm], test: Sequence[AnnotatedFilm], weights: Path, runs: Path
) -> list[FilmResult]:
    starts_from = starting_weights(plan.network.backbone.name, weights)
    folder = runs / hashlib.sha256(repr((plan, starts_from)).encode()).hexdigest()[:12]
    train(plan, [film.annotated for film in films], folder, weights, prepared=films)
    trained = read_weights(folder / AVERAGE_FILE)
    return run_detector(Detector([VariantNetwork(build_model(plan.network, trained))]), test)


def _measures(films: Sequence[FilmResult]) -> dict[str, float]:
    threshold = _threshold_at(films, 3.0)
    m = reference_measures(films, "OR >= 0.5", threshold)
    return {
        "mean AP": m.mean_ap,
        "mean sensitivity": m.mean_sensitivity,
        "FPPI": m.fppi,
        "sensitivity at 2 FPPI, IoU >= 0.2": froc(films, "IoU >= 0.2").at(2.0),
        "AP50": average_precision_50(films),
    }


def _threshold_at(films: Sequence[FilmResult], fppi: float) -> float:
    """The threshold at which the thesis' FPPI, by OR, is nearest to `fppi`."""

    def candidates() -> Iterator[float]:
        scores = np.sort(np.concatenate([f.scores for f in films])) if films else np.zeros(1)
        yield from np.unique(np.quantile(scores, np.linspace(0, 1, 60))) if len(scores) else [0.5]

    return min(candidates(), key=lambda t: abs(reference_measures(films, "OR >= 0.5", float(t)).fppi - fppi))
