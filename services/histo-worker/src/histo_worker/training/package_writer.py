"""Writes a trained head as a model package: weights, model.json and the card, all figures from the measurement."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from histo_worker.evaluation.cross_validation import choose_thresholds, measure_band
from histo_worker.field_reader import MEASURED, FieldReader
from histo_worker.gate.gate import InputGate
from histo_worker.training.frozen_head import TrainedHead
from lobule import RESEARCH_USE_ONLY
from lobule.contracts.models import ModelManifest
from lobule.model_package import sha256_of
from lobule_ml.backbones import BACKBONES

WEIGHTS_FILE = "model.weights.npz"


def write_package(trained: TrainedHead, folder: Path) -> ModelManifest:
    """Write the package and return its manifest; an existing one in the folder is replaced."""
    config, oof = trained.config, trained.oof
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / WEIGHTS_FILE, **trained.arrays)  # pyright: ignore[reportArgumentType] - numpy's stub
    calibration = oof.final_calibration()
    counts = {m: sum(f.magnification == m for f in oof.fields) for m in config.magnifications}
    data = (
        f"BreakHis (Spanhol et al., IEEE TBME 2016), {len(oof.fields)} fields "
        f"of {len(set(oof.patients.tolist()))} patients: " + ", ".join(f"{m} {n}" for m, n in counts.items())
    )
    thresholds = choose_thresholds(oof)
    manifest = ModelManifest(
        name=config.name,
        version=config.version,
        modality="histopathology",
        architecture={
            "name": "patch_classifier",
            "backbone": config.backbone,
            "taps": list(config.taps),
            "size": config.reader.size,
            "statistic": config.statistic,
        },
        input=asdict(config.reader),
        classes=["benign", "malignant"],
        thresholds=thresholds,
        calibration={
            "method": "platt",
            "slope": calibration.slope,
            "intercept": calibration.intercept,
            "evidence_scale": trained.evidence_scale,
            "description": "Platt scaling on out-of-fold logits, classes weighing alike, the intercept held near 0",
        },
        weights_file=WEIGHTS_FILE,
        weights_sha256=sha256_of(folder / WEIGHTS_FILE),
        trained_on=data,
        licence=f"Apache-2.0; pretrained backbone: {BACKBONES[config.backbone].licence}",
        metrics=_metrics(trained, data),
    )
    (folder / "model.json").write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
    (folder / "MODEL_CARD.md").write_text(_card(trained, manifest), "utf-8")
    return manifest


def _metrics(trained: TrainedHead, data: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for magnification in MEASURED:
        chosen = [f for f in trained.oof.fields if f.magnification == magnification]
        if len({f.label for f in chosen}) < 2:
            continue
        benign = len({f.patient for f in chosen if f.label == "benign"})
        malignant = len({f.patient for f in chosen if f.label == "malignant"})
        split = f"{magnification}: {len(chosen)} fields, {benign} benign and {malignant} malignant patients"
        for name, measured in trained.oof.measure(magnification).items():
            rows.append(
                {
                    "name": name,
                    "magnification": magnification,
                    "data": data,
                    "split": split,
                    "protocol": trained.oof.protocol,
                }
                | measured
            )
    return rows


def _patches(reader: FieldReader) -> str:
    if reader.window_at is None:
        return f"{reader.window} pixels"
    sides = ", ".join(f"{reader.sides(m)[0]} pixels at {m}" for m in MEASURED)
    return f"equal tissue ({sides}; both where the magnification is unknown)"


def _card(trained: TrainedHead, manifest: ModelManifest) -> str:
    config, thresholds = trained.config, manifest.thresholds
    band, gate = measure_band(trained.oof, thresholds), InputGate.load().measured
    kinds = ", ".join(f"{kind} {refused}" for kind, refused in gate["by_kind"].items())
    table = "\n".join(
        f"| {row['magnification']} | {row['name'].replace('_', ' ')} | {row['value']:.3f} "
        f"| {row['interval'][0]:.3f} to {row['interval'][1]:.3f} |"
        for row in manifest.metrics
    )
    splits = "\n".join(dict.fromkeys(f"- {row['split']}" for row in manifest.metrics))
    return f"""# {manifest.name} {manifest.version}

{RESEARCH_USE_ONLY}

**What it does.** Says for a field of breast tissue stained with haematoxylin and eosin how likely it shows a
malignant tumour, and where the evidence lies.

**How.** Patches of {_patches(config.reader)}, read at {config.reader.size} pixels, go through {config.backbone}
(ImageNet weights, frozen; {BACKBONES[config.backbone].licence}) up to {", ".join(config.taps)}. A logistic
regression (C {config.c}) reads the {config.statistic} of each feature map over the patch, from which differences
between patients of one class were taken out (strength {config.shrinkage}); patch logits are averaged over the field
and calibrated (slope {manifest.calibration["slope"]:.3f}, intercept {manifest.calibration["intercept"]:.3f}).

**Trained on.** {manifest.trained_on}.
Free for research; cite Spanhol et al., IEEE TBME 2016 (10.1109/TBME.2015.2496264).

## Measured out of fold

{trained.oof.protocol}.
Decision at 0.5. Patient accuracy: the share of right fields of each patient, averaged over patients.

{splits}

| magnification | metric | value | 95 % interval |
| --- | --- | --- | --- |
{table}

Below {thresholds.low} the answer is "no sign of malignancy", from {thresholds.high} on "malignancy suspected",
between "not sure". Out of fold {band["answered"]:.0%} of the fields get an answer; among them the sensitivity is
{band["sensitivity_outside"]:.3f} and the specificity {band["specificity_outside"]:.3f};
{band["malignant_cleared"]:.1%} of all malignant fields are cleared and {band["benign_suspected"]:.1%} of all benign
ones suspected. The band was chosen on the same out-of-fold probabilities, so this too is a little kind.

## Input gate

Refuses {gate["wrong_refused"]:.2%} of {gate["wrong_images"]} pictures that are no H&E field ({kinds}) and
{gate["right_refused"]:.2%} of {gate["right_images"]} real fields, and {gate["changed_refused"]:.2%} of
{gate["changed_images"]} real fields as other laboratories might send them. Protocol: {gate["protocol"]}

## Limits

- Few patients: the intervals are wide, and the figures move with the folds. Backbone, depth and regularisation were
  chosen on the same cross-validation, so the figures are a little kind.
- One laboratory, one scanner, surgical biopsies of eight tumour types. Other stains, cameras and tissues were not
  measured.
- Trained with benign and malignant tumours; it has not seen normal breast tissue, in-situ carcinoma or other organs.
"""
