"""The document on the region classifier's evaluation: `docs/results/regions.md`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mammo_worker.evaluation.summary import markdown_table
from mammo_worker.regions.evaluate import FOLDS, OutOfFold
from mammo_worker.regions.plan import RegionPlan
from mammo_worker.regions.scale import COARSEST

BARS = (("AUC, malignant mass", 0.82), ("AUC, malignant calcification", 0.80))

ATTRIBUTION = """\
- CBIS-DDSM: Lee et al., Sci Data 2017; Sawyer-Lee et al., TCIA 2016 (10.7937/K9/TCIA.2016.7O02S9CY). CC BY 3.0.
- Backbone: EfficientNet-Lite0, ImageNet-1k, Apache-2.0.
"""

PROTOCOL = """\
- Data: the lesions of CBIS-DDSM's official training splits, cut from the full-resolution films along their boxes:
  masses and calcifications, benign or malignant by pathology. Patients of the official mass test split are left out.
- Five folds by patient, by a hash written in `mammo_worker.data.splits`; both kinds of a patient are in one fold. Every
  crop is read by the network that has not seen its patient. Nothing was chosen on a fold's own held-out patients; the
  configuration itself was chosen among those listed below, on the same figures, which flatters it a little.
- The network is not told the kind: its number is the probability of calcifications times that of a malignant
  calcification, plus the probability of a mass times that of a malignant mass.
- Lesion: the mean logit of the views that show it. Intervals: 95 %, bootstrap over patients, 1,000 rounds.
"""

LIMITS = f"""\
- The boxes are those that the readers of CBIS-DDSM drew. A region drawn wider or narrower gives another number.
- Every region it has seen holds a lesion that a reader described: it does not tell normal tissue.
- A film that is coarser than {COARSEST} mm a pixel is given no number.
- Scanned films only. Research use only; it assists a reader and replaces none.
"""


def bars_table(metrics: Sequence[dict[str, Any]]) -> str:
    """The required against the measured values, by crop, as Markdown."""
    rows: list[dict[str, Any]] = []
    for metric, wanted in BARS:
        found = next(m for m in metrics if m["metric"] == metric and m["rule"].startswith("crop"))
        reached = "yes" if found["value"] >= wanted else "no"
        rows.append({"metric": metric, "wanted": wanted, "measured": found["value"], "reached": reached})
    return markdown_table(rows)


def results_document(
    plan: RegionPlan,
    result: OutOfFold,
    metrics: Sequence[dict[str, Any]],
    by_preparation: Sequence[dict[str, Any]],
    descriptions: Sequence[dict[str, Any]],
    tried: str,
) -> str:
    """Write `docs/results/regions.md`."""
    kinds = [c.kind for c in result.crops]
    done = len(np.unique(result.folds))
    return f"""# Regions: results

Made by `mammo-worker evaluate-regions`; do not edit by hand.
{kinds.count("mass")} masses and {kinds.count("calcification")} groups of calcifications of
{len({c.patient for c in result.crops})} patients, {done} of {FOLDS} folds. {plan.network.backbone} on
{plan.network.side} x {plan.network.side}, {plan.steps} steps of {plan.batch} regions a fold.

## Protocol
{PROTOCOL}
## Measured
{markdown_table(metrics)}
The bars that were set for it, by crop:

{bars_table(metrics)}
### From pictures without a scale, and from coarser films
The same networks and crops; AUC by crop. A film that is coarser than {COARSEST} mm a pixel is given no number.

{markdown_table(by_preparation)}
### What it says beside malignancy
Learned from the words of the official tables, because it helps the network to see. An opinion does not contain it.

{markdown_table(descriptions)}
## What was tried
{tried}
## Limits
{LIMITS}
## Data
{ATTRIBUTION}"""


def model_card(manifest_name: str, version: str, plan: RegionPlan, metrics: Sequence[dict[str, Any]]) -> str:
    """Write `MODEL_CARD.md` of the package."""
    return f"""# {manifest_name} {version}

Says how suspicious a region is that a reader or a detector marked: mass or calcifications, benign or malignant.
Research use only.

## What it is
{plan.network.backbone}, pretrained on ImageNet, on {plan.network.side} x {plan.network.side}: the region's grey, the
same stretched, and its fine detail; the region's size beside the pooled features. It learned malignancy together with
what the readers wrote: BI-RADS assessment, shape and margins of masses, type and distribution of calcifications.

## Trained on
Lesions of CBIS-DDSM's official training films, cut out at native resolution. The weights are of a training on all of
these patients; the figures are of five trainings that each left a fifth of them out. Calibrated on what these said of
the fifth.

{ATTRIBUTION}
## Protocol
{PROTOCOL}
## Measured
{markdown_table(metrics)}
## Limits
{LIMITS}
## Licence
Apache-2.0; trained on CC BY 3.0 data, see the attribution.
"""
