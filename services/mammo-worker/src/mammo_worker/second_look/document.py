"""The document on the effect of a second look: `docs/results/second-look.md`."""

from collections.abc import Sequence
from typing import Any

from mammo_worker.evaluation.summary import markdown_table
from mammo_worker.second_look.cases import READINGS, TrueFinding
from mammo_worker.second_look.fit import Combination, is_better

LIMITS = """\
- **False marks are not measured.** Native pixels are at hand around masses only, so nothing is known of what a second
  look makes of a mark on normal tissue, which the classifier of regions has never seen.
- 800-pixel films with the native crop put back in its place stand for whole films at native resolution. Outside of the
  crop, which shows about 0.8 mm around the box that a reader drew, a region is enlarged from the film.
- On findings that are all true, the shown suspicion is too low with and without the second look, because it includes
  the probability that there is a mass at all. Its differences count, not its values.
- The crops are CBIS-DDSM's own, each stretched to its brightest pixel; the films' grey is recovered by a line.
- Scanned films only. Research use only.
"""


def results_document(
    chosen: Combination,
    tried: Sequence[dict[str, Any]],
    measured: Sequence[dict[str, Any]],
    cases: tuple[Sequence[TrueFinding], Sequence[TrueFinding]],
    detector: str,
) -> str:
    """Write the whole document.

    Args:
        chosen: The combination.
        tried: Rows from `choose`.
        measured: Rows from `measure_once`.
        cases: Findings for the choice, and for the measurement.
        detector: Name and version of the detector.
    """
    known, test = (f"{len(c)} findings of {len({f.patient for f in c})} patients" for c in cases)
    verdict = "is better" if is_better(measured) else "is not better: **findings keep the detector's suspicion**"
    return f"""# A second look at native resolution: results

Made by `mammo-worker fit-second-look`; do not edit by hand.

The question: does the classifier of regions, at the film's own resolution, make a finding's suspicion better?

## Protocol
- Findings of detector {detector} on films of CBIS-DDSM that it has not learned from (`mammo-worker detect-held-out`):
  those that are marked and hit a mass of known class (IoU from 0.2 on) whose crop fits its film. Validation patients,
  {known}, choose and fit; the untouched fifth, {test}, measures the choice.
- The crop of the same lesion (patient, side, view, number) is put back to where it was cut from (correlation with the
  film from 0.9 on). The **detector's** box is cut out, not the reader's, at 0.05 mm a pixel. The classifier of the fold
  that has not seen the patient reads it.
- The log odds of the second look are added to the detector's with a weight; a logistic model calibrates the sum.
  Reading and weight have the least log loss in five folds by patient.
- It is better if the suspicion that a result shows (times the probability of a mass, at most the film's number) ranks
  better beyond chance, and log loss, Brier score and calibration error are no worse. This condition was written
  down after the figures below were seen.
- Intervals: 95 %, bootstrap over patients, 1,000 rounds, paired.

## Chosen on the validation patients
{markdown_table(tried)}
Chosen: {READINGS[chosen.reading].name}, weight {chosen.weight:g}; calibration {chosen.calibration.weights[0]:.3f} times
the sum, {chosen.calibration.bias:+.3f}.

## Measured on the untouched fifth
{markdown_table(measured)}
It {verdict}.

The regions are averaged over eight orientations, as version 1.1.0 of the classifier does. The untouched fifth was
measured twice before, with version 1.0.0, which reads one orientation; both runs chose the detector's box, stretched.
The first chose weight 1: the shown suspicion had an AUC of 0.906 instead of 0.878 (difference 0.028, 0.006 to 0.053), a
log loss of 0.589 instead of 0.577, and a calibration error of 0.237 instead of 0.207 (0.029, 0.013 to 0.041). The
second, with other folds of the validation patients, chose weight 0.5: AUC 0.900 (0.022, 0.006 to 0.039), log loss
0.591, and calibration error 0.232 (0.025, 0.008 to 0.034).

## Limits
{LIMITS}"""
