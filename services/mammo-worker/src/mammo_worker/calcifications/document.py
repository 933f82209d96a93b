"""The documents on the search for clusters of calcifications: results and model card."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mammo_worker.calcifications.evaluate import EVERY, FOLDS, RATES, Measured, by_tissue, folds_of, found_share
from mammo_worker.calcifications.plan import SearchPlan
from mammo_worker.calcifications.reading import CONTROLS, READ_CROPS, SEEN_CONTROLS, seen_on_masses
from mammo_worker.evaluation.summary import markdown_table

BAR, BAR_RATE = 0.70, 1.0

LIMITS = """\
- No whole film with calcifications is at hand at native resolution. A false rate by area assumes that the tissue around
  masses is like that of the whole breast; it is denser, and the mass itself is part of it.
- The reading that tells tissue without calcifications is that of a vision-language model at the size of a thumbnail,
  not that of a radiologist. It misses faint calcifications, which then count as false clusters.
- Pasted groups lie in tissue that did not grow around them, with the contrast of their own crop
  less twice its grain, and around masses, where tissue is dense.
- Groups of which the crop was shrunk to more than 0.1 mm a pixel (wide ones) are left out; pasted are those up to 2 cm.
- Scanned films only. Research use only; it assists a reader and replaces none.
"""


METHOD = """\
- The image is brought to 0.1 mm a pixel. A small convolutional network (`calcifications.network`) maps it to the log
  odds of calcifications in cells of 0.8 mm; each cell sees 1.5 cm. Its input is detail in multiples of the local grain,
  so that the gain of a scanner matters little.
- Nobody has labelled single calcifications. The network learns from windows of 1.9 cm: crops of calcifications, of
  which the most likely cells have to be likely (multiple-instance learning); crops of masses into which the fine,
  bright part of a crop of calcifications is pasted; and crops of masses, unchanged or with such a part of another mass,
  as tissue without. Skin markers are drawn on a fifth of them.
- Peaks of the map, at least 5 mm apart, are clusters; their score is the mean of nine cells. A peak less than 1 cm from
  a better one belongs to that one's cluster if the path between them falls less than 3 logits below it. The mean counts
  cells beside the tissue as unlikely, so clusters at the skin are found less often.
"""

ATTRIBUTION = """\
- CBIS-DDSM: Lee et al., Sci Data 2017; Sawyer-Lee et al., TCIA 2016 (10.7937/K9/TCIA.2016.7O02S9CY). CC BY 3.0.
"""


def results_document(
    measured: Measured,
    tables: Sequence[Sequence[dict[str, Any]]],
    marked: Sequence[dict[str, Any]],
    least: float,
    film: float,
) -> str:
    """Write `docs/results/calcifications.md`.

    Args:
        measured: The searched images.
        tables: Rows from `measure` for each part of `by_tissue`.
        marked: Rows from `at_probability`.
        least: The least probability of these rows.
        film: Mean area of a breast on a film in cm2.
    """
    parts = [[i for i in part.cut if not i.truth] for part in by_tissue(measured)]
    areas = [sum(i.area for i in part) for part in parts]
    shares = [found_share(measured.pasted, part, BAR_RATE, film) for part in parts]
    rates = ", ".join(f"{rate:g}" for rate in RATES)
    seen = Counter(seen_on_masses().values())
    return f"""# Calcifications: results

Made by `mammo-worker measure-calcifications`; do not edit by hand. What was tried stands in
[calcifications-tried.md](calcifications-tried.md).

The question: can clusters of calcifications be found on films of 0.1 mm a pixel or finer, with what CBIS-DDSM's native
crops teach?

## Method
{METHOD}
## Protocol
- Folds by patient (`mammo_worker.data.splits`): every image is searched by a network that has not seen its patient.
  {folds_of(measured)} of {FOLDS} folds are trained and measured.
- **As cut**: groups of calcifications as CBIS-DDSM cuts them out. The group is the whole crop.
- **Pasted**: what is finer than 1 mm and brighter than the grain of such a crop is added to a mass's crop on which
  nothing was seen, of a patient without calcifications, at a random place. The cluster's centre must lie within 2 mm of
  the group's box. Calcifications of the host itself would count as the pasted ones.
- **False clusters**: those in {len(parts[0])} crops of masses, {areas[0]:.0f} cm2, of
  {len({i.crop.patient for i in parts[0]})} patients without a described group of calcifications. A film's rate is that
  of {film:.0f} cm2, the mean area of the breast on every {EVERY}th of CBIS-DDSM's films (0.05 mm a pixel).
- CBIS-DDSM does not describe every calcification on these crops. All {READ_CROPS} were read once by a vision-language
  model, as thumbnails in random order, without scores, and with {CONTROLS} crops of calcifications among them, on
  {SEEN_CONTROLS} of which it saw something (`calcifications/reading.csv`). It saw a group of calcifications on
  {seen["group"]} crops of masses, one or two on {seen["single"]}, a marker, an edge of the film or a scratch on
  {seen["marker"]}, and was unsure on {seen["unsure"]}.
- Intervals: 95 %, bootstrap over patients, groups and tissue both drawn again, 300 rounds.

## Measured
Share of the groups that are found at {rates} false clusters a film.

False clusters on all crops of masses ({areas[0]:.0f} cm2):

{markdown_table(tables[0])}
On those without a seen group or marker ({areas[1]:.0f} cm2):

{markdown_table(tables[1])}
On those on which nothing was seen ({areas[2]:.0f} cm2):

{markdown_table(tables[2])}
The bar is {BAR:.2f} of the pasted groups at {BAR_RATE:g} false cluster a film. Measured: {shares[0]:.3f} on all crops,
{shares[1]:.3f} without seen groups, {shares[2]:.3f} where nothing was seen. A single calcification counts as a false
cluster in the second table, and not in the third.

## As the worker marks them
The score becomes the probability that a cluster is a group, for films that show one group each (logistic regression on
the held-out clusters of these folds, so this table flatters a little). The worker marks clusters of at least
{least:.2f}, as it does with masses; weaker ones are listed as weak. Shares of the groups, and false clusters a film:

{markdown_table(list(marked))}
Suspicion is the probability of a cluster times that of malignancy by the
[classifier of regions](regions.md), on the box around the cluster. How well it tells malignant from benign clusters in
such boxes is not measured; on the boxes that readers drew, it is.

## Limits
{LIMITS}
## Data
{ATTRIBUTION}"""


def model_card(name: str, version: str, plan: SearchPlan, folds: int, metrics: Sequence[dict[str, Any]]) -> str:
    """Write `MODEL_CARD.md` of the package."""
    return f"""# {name} {version}

Searches films of 0.1 mm a pixel or finer for clusters of calcifications. Experimental, and off by default
(`LOBULE_MAMMO_CALCIFICATIONS`). Research use only.

## What it is
{METHOD}
Widths {", ".join(map(str, plan.widths))}; {plan.steps:,} steps of
{plan.calcified + plan.pasted + plan.textured + plan.plain} windows, initialized at random.

## Trained on
Crops of CBIS-DDSM's official training films at native resolution: groups of calcifications, and masses on which no
calcifications were seen. The weights are of a training on all of these patients; the figures are of {folds} trainings
that each left another fifth of them out.

{ATTRIBUTION}
## Measured
{markdown_table(list(metrics))}
CBIS-DDSM does not describe every group of calcifications on the crops of masses: "seen" are those that a
vision-language model saw there. Protocol: `docs/results/calcifications.md`.

## Limits
{LIMITS}
## Licence
Apache-2.0; trained on CC BY 3.0 data, see the attribution.
"""
