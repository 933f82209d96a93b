"""The documents on density: `docs/results/density.md` and the card of the package."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mammo_worker.density.evaluate import ACCURACY, KAPPA, Reading
from mammo_worker.density.model import CATEGORIES
from mammo_worker.evaluation.summary import markdown_table

BARS = ((KAPPA, 0.65), (ACCURACY, 0.85))

PROTOCOL = """\
- Data: the films of CBIS-DDSM's official mass training split, with the density of its tables (BI-RADS a to d, as the
  readers of DDSM wrote it). Five folds by patient, as `mammo_worker.data.splits` says.
- A frozen EfficientNet-Lite0 (ImageNet) looks at the film on a canvas of 448 x 224; means and deviations of three of
  its maps (strides 4, 8 and 16) within the breast go into a linear model. It is fitted on each film and on two copies
  that `films.looks` changed to resemble digital mammograms. Thresholds between the categories are set on inner folds,
  on films and copies. Maps, changes and regularisation were chosen among those of `density-tried.md` on the same
  folds, so the figures are slightly favourable.
- A breast is the mean over its views. Intervals: 95 %, bootstrap over patients, 1,000 rounds.
"""

LIMITS = """\
- Fitted on scanned films, all of them with a mass, and on copies of them. On digital mammograms it is worse: kappa
  0.648, dense or not right in 0.798 of the films of CDD-CESM. The changes of the copies were designed after a look at
  films of CDD-CESM without their densities. The readers' labels of one patient are the same for both breasts.
- One breast in six is called dense where the readers wrote not dense, or the other way round, mostly between b and c.
  It is therefore a suggestion: the reader states the density.
- Research use only.
"""

ATTRIBUTION = """\
- Films of CBIS-DDSM: Lee et al., Sci Data 2017; Sawyer-Lee et al., TCIA 2016 (10.7937/K9/TCIA.2016.7O02S9CY).
  CC BY 3.0.
- Backbone: EfficientNet-Lite0, ImageNet-1k, Apache-2.0.
"""


def bars_table(metrics: Sequence[dict[str, Any]]) -> str:
    """The required against the measured values, by breast, as Markdown."""
    rows: list[dict[str, Any]] = []
    for name, wanted in BARS:
        value = next(m["value"] for m in metrics if m["metric"] == name and m["unit"].startswith("breast"))
        reached = "yes" if value >= wanted else "no"
        rows.append({"metric": name, "wanted": wanted, "measured": value, "reached": reached})
    return markdown_table(rows)


def category_table(reading: Reading) -> str:
    """The confusion matrix of the categories, as Markdown."""
    letters = list(enumerate(CATEGORIES))
    rows = [
        {"as read": a, **{f"said {b}": int(np.sum((reading.true == i) & (reading.predicted == j))) for j, b in letters}}
        for i, a in letters
    ]
    return markdown_table(rows)


def results_document(metrics: Sequence[dict[str, Any]], breasts: Reading, elsewhere: str) -> str:
    """Write `docs/results/density.md`; `elsewhere` is the output of `measure-density`."""
    return f"""# Breast density: results

Made by `mammo-worker evaluate-density`; do not edit by hand.

## Protocol
{PROTOCOL}
## Measured
{markdown_table(metrics)}
The bars that were set for it, by breast:

{bars_table(metrics)}
Breasts:

{category_table(breasts)}
### On films of other sets, once
The package, by `mammo-worker measure-density`. mini-MIAS tells fatty, fatty-glandular and dense-glandular apart; the
last counts as dense.

{elsewhere}
## Limits
{LIMITS}"""


def model_card(name: str, version: str, metrics: Sequence[dict[str, Any]], breasts: Reading) -> str:
    """Write `MODEL_CARD.md` of the package."""
    return f"""# {name} {version}

Suggests the density of a breast, BI-RADS a to d, from its films. The reader states it. Research use only.

## What it is
EfficientNet-Lite0 up to stride 16 as ImageNet left it, on the prepared film at 448 x 224, and a linear model on what
it sees within the breast. The weights of the linear model are of a fit on all patients; the figures are of five fits
that each left a fifth of them out.

## Protocol
{PROTOCOL}
## Measured
{markdown_table(metrics)}
Breasts:

{category_table(breasts)}
## Limits
{LIMITS}
## Data
{ATTRIBUTION}
## Licence
Apache-2.0; trained on CC BY 3.0 data, see the attribution.
"""
