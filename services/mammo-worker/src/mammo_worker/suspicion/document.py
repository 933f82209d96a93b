"""The document on the number of a breast: `docs/results/breasts.md`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Assessment
from lobule_ml.evaluation.statistics import (
    auc,
    chance_calibration_error,
    expected_calibration_error,
    log_loss,
    patient_bootstrap,
)
from mammo_worker.data.splits import split_of
from mammo_worker.evaluation.summary import markdown_table
from mammo_worker.suspicion.breast import RULES, BreastCalibration, by_rule
from mammo_worker.suspicion.held_out import ReadBreast

BAR = 0.88
STATES: tuple[Assessment, ...] = ("no_sign_of_malignancy", "not_sure", "malignancy_suspected")
ROUNDS = 1000


_HELD_OUT = """\
- Films of CBIS-DDSM's official mass training split whose patients the network has not learned from: the untouched
  fifth, and the tenth of the validation patients, on whom the network and its working threshold were chosen.
- A breast's number is the calibrated mean of the log odds of its views (with one view, its calibrated log odds). Films
  and breasts are calibrated together; every breast is read by a calibration, thresholds included, that was fitted
  without its patient. No breast is untouched by the choice of the method: [what was tried](mammography-tried.md).
"""

_FOLDS = """\
- All films of CBIS-DDSM's official mass training split, in five folds by patient: each is read by the network of the
  fold that has not learned from its patient. The network in the package learned from all patients. The fifth is the
  part on which versions up to 2.3.0 were measured.
- A breast's number is the calibrated mean of the log odds of its views (with one view, its calibrated log odds). Films
  and breasts are calibrated together; every breast is read by a calibration, thresholds included, that was fitted on
  the other folds. No breast is untouched by the choice of the method: [what was tried](mammography-tried.md).
"""


def breasts_document(manifest: ModelManifest, breasts: Sequence[ReadBreast]) -> str:
    """Write the whole document.

    Args:
        manifest: Manifest of the package, with its calibration of breasts.
        breasts: All breasts, each read by a calibration that was fitted without its patient.
    """
    fitted = BreastCalibration.from_dict(manifest.calibration.values()["breast"])
    fifth = [b for b in breasts if split_of(b.known.patient) == "test"]
    metrics = [row for name, part in (("fifth", fifth), ("all", breasts)) for row in measure(name, part)]
    two = next(m for m in metrics if m["breasts"].startswith("fifth, two views") and m["number"] == "the model")
    one, both = fitted.model.one, fitted.model.two
    patients = len({b.known.patient for b in breasts})
    return f"""# Breasts: results

Made by `mammo-worker recalibrate` and `mammo-worker evaluate --out`; do not edit by hand.
Model `{manifest.name}` {manifest.version}, {len(breasts)} breasts of {patients} patients.

## Protocol
{_FOLDS if "folds" in manifest.calibration.values() else _HELD_OUT}\
- Beside it, plain rules over the same films: the maximum over the views, the mean of their log odds, and noisy-or.
- `ece` is the calibration error over ten bins, `ece_by_chance` the one that exact probabilities have on average on
  so few breasts (Roelofs et al., AISTATS 2022).
- Intervals: 95 %, bootstrap over patients, {ROUNDS:,} rounds.

## Measured
{markdown_table(metrics)}
The bar for breasts with two views is an AUC of {BAR}: measured on the fifth {two["auc"]:.3f}, \
{"reached" if two["auc"] >= BAR else "not reached"}. The fifth is easier than the other patients:
networks of the same training, measured over all patients, have [lower figures](mammography-tried.md).

## The three states
The lower threshold keeps 98 % of the malignant breasts above it, the upper one 90 % of the benign breasts below it. A
breast with a suspected film is suspected.

{markdown_table(_states("fifth", fifth) + _states("all", breasts))}
## The shipped calibration
Fitted on all breasts: with two views the mean log odds weigh {both.weights[0]:.3f}, bias {both.bias:.3f}; with one view
its log odds weigh {one.weights[0]:.3f}, bias {one.bias:.3f}. Thresholds: low {fitted.thresholds.low:.3f}, high
{fitted.thresholds.high:.3f}.

## Limits
- Scanned films, and every breast holds a mass: a benign one where it is not malignant. On breasts without a mass and on
  digital mammograms the number is not calibrated.
- The classifier of regions takes no part: the films of these patients have 0.3 mm a pixel and more, for which it gives
  no opinion, and full films at native resolution are not at hand.
- Research use only.
"""


def measure(name: str, breasts: Sequence[ReadBreast], rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """AUC, log loss and calibration error of the number and of the plain rules, by the number of views.

    Args:
        name: Name of the breasts in the table.
        breasts: Breasts with their numbers.
        rounds: Rounds of the bootstrap.
    """
    rows: list[dict[str, Any]] = []
    for unit, part in (("", list(breasts)), (", two views", [b for b in breasts if b.known.views == 2])):
        truth, patients = np.array([b.known.malignant for b in part]), [b.known.patient for b in part]
        numbers = {"the model": np.array([b.probability for b in part])}
        numbers |= {rule: np.array([by_rule(rule, b.known.films) for b in part]) for rule in RULES}
        for number, p in numbers.items():
            interval = patient_bootstrap(lambda at, p=p, truth=truth: auc(truth[at], p[at]), patients, rounds=rounds)
            rows.append(
                {
                    "breasts": f"{name}{unit}, {len(part)}",
                    "number": number,
                    "auc": round(auc(truth, p), 3),
                    "interval_95": [round(bound, 3) for bound in interval],
                    "log_loss": round(log_loss(truth, p), 3),
                    "ece": round(expected_calibration_error(truth, p), 3),
                    "ece_by_chance": round(chance_calibration_error(p), 3),
                }
            )
    return rows


def _states(name: str, breasts: Sequence[ReadBreast]) -> list[dict[str, Any]]:
    """Numbers of breasts in each state, and the share with no sign of malignancy."""
    rows: list[dict[str, Any]] = []
    for kind, malignant in (("benign", False), ("malignant", True)):
        own = [b for b in breasts if b.known.malignant == malignant]
        clear = np.array([b.assessment == STATES[0] for b in own])
        low, high = patient_bootstrap(
            lambda at, clear=clear: float(clear[at].mean()), [b.known.patient for b in own], rounds=ROUNDS
        )
        row: dict[str, Any] = {"breasts": f"{name}, {kind}, {len(own)}"}
        row |= {state: sum(b.assessment == state for b in own) for state in STATES}
        row |= {"no sign": round(float(clear.mean()), 3), "interval_95": [round(low, 3), round(high, 3)]}
        rows.append(row)
    return rows
