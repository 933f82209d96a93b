"""The document on the search for clusters of calcifications: `docs/results/calcifications.md`."""

from collections.abc import Sequence
from typing import Any

from mammo_worker.calcifications.evaluate import EVERY, RATES, Measured, found_share, without
from mammo_worker.evaluation.summary import markdown_table

BAR, BAR_RATE = 0.70, 1.0
FIRST, SEEN_FIRST, SEEN_OF = 148, 23, 28  # numbers of inspected crops, see `evaluate.calcified_tissue`

LIMITS = """\
- No whole film with calcifications is at hand at native resolution. A false rate by area assumes that the tissue around
  masses is like that of the whole breast; it is denser, and the mass itself is part of it.
- The tissue is not free of calcifications. They count as false clusters in the first table, and in both as examples of
  tissue in the training.
- Pasted groups lie in tissue that did not grow around them, with the contrast of their own crop
  less twice its grain, and around masses, where tissue is dense.
- Groups of which the crop was shrunk to more than 0.1 mm a pixel (wide ones) are left out; pasted are those up to 2 cm.
- Scanned films only. Research use only.
"""


def results_document(
    measured: Measured,
    rows: Sequence[dict[str, Any]],
    seen: frozenset[str],
    rows_without: Sequence[dict[str, Any]],
    film: float,
) -> str:
    """Write the whole document.

    Args:
        measured: The searched images.
        rows: Rows from `measure`.
        seen: Names of crops of masses in which calcifications were seen.
        rows_without: Rows from `measure` with these crops excluded from the tissue.
        film: Mean area of a breast on a film in cm2.
    """
    tissue = [i for i in measured.cut if not i.truth]
    clean = [i for i in without(measured, seen).cut if not i.truth]
    area, clean_area = (sum(i.area for i in part) for part in (tissue, clean))
    found, cleanly = (found_share(measured.pasted, part, BAR_RATE, film) for part in (tissue, clean))
    ships = found >= BAR
    rates = ", ".join(f"{rate:g}" for rate in RATES)
    return f"""# Calcifications: results

Made by `mammo-worker measure-calcifications`; do not edit by hand.

The question: can clusters of calcifications be found on films of 0.1 mm a pixel or finer, with what CBIS-DDSM's native
crops teach?

## Method
- The image is brought to 0.1 mm a pixel. Differences of Gaussians at five scales, each divided by its local noise, give
  spots of 0.15 to 0.6 mm; frames, labels and air are left out.
- Each spot is described by its strengths, its steps to two rings around it, and its height over its surroundings.
  Gradient boosting says how much more often such spots lie in crops of calcifications than in crops of masses. Nobody
  has labelled single spots; those of calcification crops that look like a mass's lose weight in a second round.
- At least three likely spots within 1 cm are a cluster. A logistic model scores it by their number, their odds, and how
  they lie.

## Protocol
- Five folds by patient (`mammo_worker.data.splits`): every image is searched by models that have not seen its patient.
- **As cut**: groups of calcifications as CBIS-DDSM cuts them out. The group is the whole crop.
- **Pasted**: what is finer than 1 mm and brighter than the grain of such a crop is added to a mass's crop of a patient
  without calcifications, at a random place. The cluster's centre must lie within 2 mm of the group's box.
- **False clusters**: those in {len(tissue)} crops of masses, {area:.0f} cm2, of
  {len({i.crop.patient for i in tissue})} patients without a described group of calcifications. A film's rate is that
  of {film:.0f} cm2, the mean area of the breast on every {EVERY}th of CBIS-DDSM's films (0.05 mm a pixel).
- Intervals: 95 %, bootstrap over patients, groups and tissue both drawn again, 300 rounds.

## Measured
Share of the groups that are found at {rates} false clusters a film:

{markdown_table(rows)}
The bar is {BAR:.2f} of the pasted groups at {BAR_RATE:g} false cluster a film: measured {found:.3f},
{"reached" if ships else "not reached. **The search does not ship**; the command and its code stay to go on from"}.

### Tissue in which no calcifications were seen
Most of the highest false clusters are calcifications that CBIS-DDSM does not name: vessels, rods, coarse, rim and
clustered ones. The {FIRST} crops with the highest false clusters were looked at, by an engineer and not a radiologist,
knowing that they were those. In {len(seen)} of them calcifications were clearly seen, in {SEEN_FIRST} of the first
{SEEN_OF}. Without these, {len(clean)} crops and {clean_area:.0f} cm2 are left:

{markdown_table(rows_without)}
At {BAR_RATE:g} false cluster a film this is {cleanly:.3f} of the pasted groups, still far from the bar. Because only
false clusters were looked at, this table is too favourable, and the first one too unfavourable.

## What was seen
Twenty overlays of an earlier version were looked at: twelve groups, and eight of the thirty highest false clusters. The
spots lie on the calcifications that the eye finds; the fainter groups are missed in bright tissue. Of the eight false
clusters, five are calcifications that CBIS-DDSM does not name, two were the edge of a white frame, which this version
leaves out, and one is uncertain.

## Limits
{LIMITS}"""
