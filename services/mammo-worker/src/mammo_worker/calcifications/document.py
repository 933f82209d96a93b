"""The document on the search for clusters of calcifications: `docs/results/calcifications.md`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mammo_worker.calcifications.evaluate import EVERY, RATES, Measured, by_tissue, found_share
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
- Scanned films only. Research use only.
"""


@dataclass(frozen=True)
class Method:
    """A search.

    Attributes:
        title: Title of its document.
        command: Command that writes the document.
        file: Name of the document.
        description: How it works, as a list in Markdown.
    """

    title: str
    command: str
    file: str
    description: str


SPOTS = Method(
    title="Calcifications: results",
    command="mammo-worker measure-calcifications",
    file="calcifications.md",
    description="""\
- The image is brought to 0.1 mm a pixel. Differences of Gaussians at five scales, each divided by its local noise, give
  spots of 0.15 to 0.6 mm; frames, labels and air are left out.
- Each spot is described by its strengths, its steps to two rings around it, and its height over its surroundings.
  Gradient boosting says how much more often such spots lie in crops of calcifications than in crops of masses. Nobody
  has labelled single spots; those of calcification crops that look like a mass's lose weight in a second round.
- At least three likely spots within 1 cm are a cluster. A logistic model scores it by their number, their odds, and how
  they lie.
""",
)
NETWORK = Method(
    title="Calcifications found by a network: results",
    command="mammo-worker measure-calcifications --runs RUNS",
    file="calcifications-network.md",
    description="""\
- The image is brought to 0.1 mm a pixel. A small convolutional network (`calcifications.network`) maps it to the log
  odds of calcifications in cells of 0.8 mm; each cell sees 1.6 cm. Its input is detail in multiples of the local grain,
  so that the gain of a scanner matters little.
- Nobody has labelled single calcifications. The network learns from windows of 1.9 cm: crops of calcifications, of
  which the most likely cells have to be likely (multiple-instance learning); crops of masses into which the fine,
  bright part of a crop of calcifications is pasted; and crops of masses, unchanged or with such a part of another mass,
  as tissue without. Skin markers are drawn on a fifth of them.
- Peaks of the map, at least 5 mm apart, are clusters; their score is the mean of nine cells.
""",
)


def results_document(
    method: Method, measured: Measured, tables: Sequence[Sequence[dict[str, Any]]], film: float
) -> str:
    """Write the whole document.

    Args:
        method: The search.
        measured: The searched images.
        tables: Rows from `measure` for each part of `by_tissue`.
        film: Mean area of a breast on a film in cm2.
    """
    parts = [[i for i in part.cut if not i.truth] for part in by_tissue(measured)]
    areas = [sum(i.area for i in part) for part in parts]
    shares = [found_share(measured.pasted, part, BAR_RATE, film) for part in parts]
    rates = ", ".join(f"{rate:g}" for rate in RATES)
    seen = Counter(seen_on_masses().values())
    return f"""# {method.title}

Made by `{method.command}`; do not edit by hand. What was tried stands in
[calcifications-tried.md](calcifications-tried.md).

The question: can clusters of calcifications be found on films of 0.1 mm a pixel or finer, with what CBIS-DDSM's native
crops teach?

## Method
{method.description}
## Protocol
- Five folds by patient (`mammo_worker.data.splits`): every image is searched by models that have not seen its patient.
- **As cut**: groups of calcifications as CBIS-DDSM cuts them out. The group is the whole crop.
- **Pasted**: what is finer than 1 mm and brighter than the grain of such a crop is added to a mass's crop of a patient
  without calcifications, at a random place. The cluster's centre must lie within 2 mm of the group's box.
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

## Limits
{LIMITS}"""
