"""Writes a trained network as a model package: weights, model.json and the card, with all measured figures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from histo_worker.data.breakhis import MAGNIFICATIONS, Field
from histo_worker.evaluation.cross_validation import OutOfFold, choose_thresholds, measure_band
from histo_worker.gate.gate import InputGate
from histo_worker.training.trained import Trained
from lobule import RESEARCH_USE_ONLY
from lobule.contracts.manifest import CalibrationSection, Metric, NetworkInput
from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Thresholds
from lobule_ml.packages import write_description, write_weights

NEVER_SURE = Thresholds(low=0.0, high=1.0)


@dataclass(frozen=True)
class PackageTerms:
    """A package's data set and licences.

    Attributes:
        data: Name of the training data set.
        data_terms: Terms of use of the data.
        licence: Licence of the new weights.
    """

    data: str
    data_terms: str
    licence: str


def write_package(trained: Trained, folder: Path, terms: PackageTerms) -> ModelManifest:
    """Write the package and return its manifest; an existing one in the folder is replaced."""
    config, oof = trained.config, trained.oof
    stored = write_weights(folder, trained.arrays)
    calibration = oof.final_calibration()
    manifest = ModelManifest(
        name=config.name,
        version=config.version,
        modality="histopathology",
        architecture=trained.architecture,
        input=NetworkInput.model_validate(asdict(trained.reader)),
        classes=["benign", "malignant"],
        thresholds=_thresholds(oof),
        calibration=CalibrationSection.model_validate(
            {
                "method": "platt",
                "slope": calibration.slope,
                "intercept": calibration.intercept,
                "evidence_scale": trained.evidence_scale,
                "reference": oof.class_log_odds(),
                "description": "Platt scaling on out-of-fold logits, classes weighing alike, the intercept held near 0",
            }
        ),
        weights_file=stored.weights_file,
        weights_sha256=stored.weights_sha256,
        trained_on=_described(trained.learned, terms.data),
        licence=terms.licence + (f"; pretrained backbone: {trained.pretrained}" if trained.pretrained else ""),
        metrics=[Metric.model_validate(row) for row in _metrics(trained, _described(oof.fields, terms.data))],
    )
    write_description(folder, manifest, _card(trained, manifest, terms))
    return manifest


def _described(fields: Sequence[Field], source: str) -> str:
    counts = Counter(f.magnification or "unknown magnification" for f in fields)
    many = ", ".join(f"{magnification} {number}" for magnification, number in counts.items())
    return f"{source}, {len(fields)} fields of {len({f.patient for f in fields})} patients: {many}"


def _thresholds(oof: OutOfFold) -> Thresholds:
    """The band that reaches the required sensitivity; if there is none, a band that covers everything."""
    try:
        return choose_thresholds(oof)
    except ValueError:
        return NEVER_SURE


def _metrics(trained: Trained, data: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for magnification in (*MAGNIFICATIONS, None):
        chosen = [f for f in trained.oof.fields if f.magnification == magnification]
        if len({f.label for f in chosen}) < 2:
            continue
        benign = len({f.patient for f in chosen if f.label == "benign"})
        malignant = len({f.patient for f in chosen if f.label == "malignant"})
        patients = f"{benign} benign and {malignant} malignant patients"
        split = f"{magnification or 'unknown magnification'}: {len(chosen)} fields, {patients}"
        for name, measured in trained.oof.measure(magnification).items():
            rows.append(
                {
                    "name": name,
                    "magnification": magnification or "unknown",
                    "data": data,
                    "split": split,
                    "protocol": trained.oof.protocol,
                }
                | measured
            )
    return rows


def _band(oof: OutOfFold, thresholds: Thresholds) -> str:
    if thresholds == NEVER_SURE:
        return (
            'No band of probabilities reaches the wanted sensitivity out of fold, so every answer is "not sure": this\n'
            "model does not separate the classes."
        )
    band = measure_band(oof, thresholds)
    return f"""Below {thresholds.low} the answer is "no sign of malignancy", from {thresholds.high} on "malignancy
suspected", between "not sure". Out of fold {band["answered"]:.0%} of the fields get an answer; among them the
sensitivity is {band["sensitivity_outside"]:.3f} and the specificity {band["specificity_outside"]:.3f};
{band["malignant_cleared"]:.1%} of all malignant fields are cleared and {band["benign_suspected"]:.1%} of all benign
ones suspected. The band was chosen on the same out-of-fold probabilities, so this too is a little kind."""


def _card(trained: Trained, manifest: ModelManifest, terms: PackageTerms) -> str:
    gate = InputGate.load().measured
    kinds = ", ".join(f"{kind} {refused}" for kind, refused in gate["by_kind"].items())
    table = "\n".join(
        f"| {row['magnification']} | {row['name'].replace('_', ' ')} | {row['value']:.3f} "
        f"| {row['interval'][0]:.3f} to {row['interval'][1]:.3f} |"
        for row in manifest.metrics
    )
    patients = len(set(trained.oof.patients.tolist()))
    splits = "\n".join(dict.fromkeys(f"- {row['split']}" for row in manifest.metrics))
    return f"""# {manifest.name} {manifest.version}

{RESEARCH_USE_ONLY}

**What it does.** Says for a field of breast tissue stained with haematoxylin and eosin how likely it shows a
malignant tumour, and where the evidence lies.

**How.** {trained.how}
(slope {manifest.calibration["slope"]:.3f}, intercept {manifest.calibration["intercept"]:.3f}).

**Trained on.** {manifest.trained_on}.
Terms of the data: {terms.data_terms}. Licence of the weights: {manifest.licence}.

## Measured out of fold

{trained.oof.protocol}.
Decision at 0.5. Patient accuracy: the share of right fields of each patient, averaged over patients.

{splits}

| magnification | metric | value | 95 % interval |
| --- | --- | --- | --- |
{table}

{_band(trained.oof, manifest.thresholds)}

## Input gate

Refuses {gate["wrong_refused"]:.2%} of {gate["wrong_images"]} pictures that are no H&E field ({kinds}) and
{gate["right_refused"]:.2%} of {gate["right_images"]} real fields, and {gate["changed_refused"]:.2%} of
{gate["changed_images"]} real fields as other laboratories might send them. Protocol: {gate["protocol"]}

## Limits

- {patients} patients: the intervals are as wide as they are printed, and the figures move with the folds. Choices
  that were made on the same cross-validation make them a little kind.
- Only the data named above was measured. Other laboratories, stains, cameras and tissues were not.
- Trained with benign and malignant fields only; it knows no third answer.
"""
