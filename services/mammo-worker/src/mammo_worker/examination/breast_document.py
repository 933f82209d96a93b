"""The document on the model of the breast: `docs/results/breasts.md`."""

from mammo_worker.evaluation.summary import markdown_table
from mammo_worker.examination.breast_release import FittedBreast, MeasuredBreast, is_better

BAR = 0.88

LIMITS = """\
- Scanned films, and every breast holds a mass: a benign one where it is not malignant. On breasts without a mass and on
  digital mammograms the number is not calibrated.
- The detector's films were calibrated on the same validation patients, which flatters the first table a little; the
  second one has no part in any fit or choice.
- The classifier of regions takes no part: the films of these patients have 0.3 mm a pixel and more, for which it gives
  no opinion, and full films at native resolution are not at hand.
- Research use only.
"""


def results_document(fitted: FittedBreast, measured: MeasuredBreast, detector: str) -> str:
    """Write the whole document."""
    two = next(m for m in measured.metrics if m["rule"] == "the model" and m["breasts"].startswith("two views"))
    bar = f"{two['auc']:.3f}, {'reached' if two['auc'] >= BAR else 'not reached'}"
    limits = f"low {fitted.thresholds.low:.3f}, high {fitted.thresholds.high:.3f}"
    weights = ", ".join(f"{w:.3f}" for w in fitted.model.two.weights)
    return f"""# Breasts: results

Made by `mammo-worker fit-breast`; do not edit by hand.

## Protocol
- What detector {detector} says of films of CBIS-DDSM's official mass training split that it has not learned from
  (`mammo-worker detect-held-out`): those of the validation patients fit and choose, the untouched fifth measures once.
- A breast's number by plain rules: the maximum over its views, the mean of their log odds, and noisy-or. By models: a
  logistic one in several forms, its weights zero or above, and gradient boosting, each read out of fold, by patient.
- `ece` is the calibration error over ten bins, `ece_by_chance` the one that exact probabilities have on average on
  so few breasts (Roelofs et al., AISTATS 2022).
- The form with the least log loss out of fold is measured once. It ships if it ranks all breasts of the untouched
  fifth no worse than the maximum, the rule in force, with a lower log loss. This condition was written down after the
  figures below were seen; nothing else was.
- Intervals: 95 %, bootstrap over patients; differences are paired.

## Chosen on the validation patients
{markdown_table(fitted.metrics)}
Chosen: **{fitted.form.name}**. With two views the log odds of the more suspicious view, of the other one, and of the
lesion that both share weigh {weights}; bias {fitted.model.two.bias:.3f}. With one view its log odds weigh
{fitted.model.one.weights[0]:.3f}; bias {fitted.model.one.bias:.3f}.

## Measured once on the untouched fifth
{markdown_table(measured.metrics)}
AUC of the model less that of each rule, on the same breasts:

{markdown_table(measured.differences)}
The model **{"ships" if is_better(measured) else "does not ship; the rule stays in force"}**.

The bar for breasts with two views is an AUC of {BAR}: measured {bar}.

Thresholds of the model: {limits}, set on the validation patients out of fold. The rule has those of films.

{markdown_table(measured.states)}
## Limits
{LIMITS}"""
