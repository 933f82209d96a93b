"""The documents on a model package's evaluation: `docs/results/mammography.md` and the model card."""

from collections.abc import Mapping, Sequence
from typing import Any

from lobule.contracts.models import ModelManifest
from lobule_ml.backbones import BACKBONES
from mammo_worker.evaluation.summary import markdown_table
from mammo_worker.nn.config import TestTimeVariant
from mammo_worker.nn.stored_config import read_config
from mammo_worker.packages import read_variants

# The requirements set before training: metric, rule, required value, whether more is better.
BARS: tuple[tuple[str, str, float, bool], ...] = (
    ("AP50, class-agnostic", "IoU >= 0.5, COCO", 0.62, True),
    ("sensitivity at 1 FPPI", "IoU >= 0.2", 0.84, True),
    ("sensitivity at 2 FPPI", "IoU >= 0.2", 0.91, True),
    ("triage AUC, benign against malignant", "film", 0.78, True),
    ("FPPI at the working threshold", "every finding is false", 1.0, False),
)

OTHERS = """\
| source | data | method | figure as printed there |
| --- | --- | --- | --- |
| thesis, table 14, O | DDSM | Mask R-CNN, ResNet-101, 2048 | mean AP 45.1 %, mean sensitivity 57.9 % at 2.37 FPPI |
| thesis, table 14, O+P | DDSM | and CLAHE | 60.3 %, 72.6 % at 3.14 |
| thesis, table 14, O+P+E | DDSM | and OR as positive decision | 63.0 %, 65.3 % at 0.72 |
| thesis, table 14, O+P+E+L | DDSM | and the containment-aware loss | 89.2 %, 45.6 % at 1.11 |
| thesis, table 14, O+P+L | DDSM | CLAHE and the loss | 67.6 %, 62.5 % at 1.4 |
| thesis, section 2.5 | DDSM | cascaded random forests | sensitivity 0.77 at 3.93 FPPI, 472 s a film |
| literature | CBIS-DDSM | plain Mask R-CNN | mAP about 0.61 |
| literature | CBIS-DDSM | D-Mask R-CNN | mAP 0.66 |
| literature | CBIS-DDSM | recent one-stage detectors | mAP50 0.57 to 0.59 |
"""

_SPLIT = """\
- Data: CBIS-DDSM's official mass *training* films (1,231 films, 691 patients; the official test films were never read).
- Split by patient, by a hash written in `mammo_worker.data.splits`: a fifth for this test, a tenth for the working
  threshold and every choice of a network, the rest for training. Four candidates to replace the network of the findings
  were measured on the fifth, too, and none of them ships; so was the network of the films' numbers, before it shipped.
- The fifth is easier than the other patients: networks that were trained like that of the films' numbers, each measured
  on patients that it has not learned from, have a lower AUC over all patients than on the fifth. For new patients,
  expect the figures over all patients (`docs/results/mammography-tried.md`).
"""

_NUMBERS = """\
- Probabilities and the thresholds between the three states are fitted on the fifth and the tenth together. Each film is
  measured by a calibration that was fitted without its patient. The method of the calibration was chosen knowing such
  figures, so the fifth is untouched by the network, but not by this choice.
"""

_NUMBERS_OF_FOLDS = """\
- The network of the films' numbers that is in the package learned from all patients. Its figures, those of films and
  breasts, are of networks that were trained by the same plan in five folds by patient: each film is read by the one
  that has not learned from its patient, and measured by a calibration and thresholds that were fitted on the other
  folds. The calibration in the package is fitted on all folds. Method and plan were chosen knowing such figures of the
  fifth, so no film is untouched by this choice.
- The findings come from a network that learned from seven tenths of the patients; their probabilities are fitted on the
  fifth and the tenth.
"""

_MEASURES = """\
- mini-MIAS is measured at the working threshold, which stands at 0.5 false positives per validation film. That number
  was decided knowing that version 1.0.0 marked 1.6 times as often on mini-MIAS' normal films as on CBIS-DDSM's.
- Intervals: 95 %, bootstrap over patients, 1,000 rounds.
- IoU: shared over united area. OR: shared area over the found box's. Centre hit: the found box's centre lies in the
  true box. In FROC a second finding on a mass already found counts neither way; in COCO's AP it is false.
"""

LIMITS = """\
- Trained on scanned films that all hold at least one mass; the network of the films' numbers has also seen copies whose
  masses were covered with tissue. On films without a mass, and on digital mammograms, its probabilities are not
  calibrated.
- The films were 800 x 800 copies in 8 bits; fine calcifications are invisible in them, and calcifications without a
  mass are not what this model looks for.
- Outlines are learned from boxes (box projection) and a small set of hand-drawn masks; they are approximate.
- The figures are those of single films; the views of a breast are read together, and measured apart.
- Research use only. It assists a reader and replaces none.
"""

ATTRIBUTION = """\
- CBIS-DDSM: Lee et al., Sci Data 2017; Sawyer-Lee et al., TCIA 2016 (10.7937/K9/TCIA.2016.7O02S9CY). CC BY 3.0.
- CDD-CESM: Khaled et al., Sci Data 2022. CC BY 4.0. Low-energy images with a mass, for boxes and masks; classes unused.
- mini-MIAS (Suckling et al. 1994) was used for evaluation only; nothing was trained or calibrated on it.
"""


def _protocol(manifest: ModelManifest) -> str:
    folds = "folds" in manifest.calibration.values()
    return _SPLIT + (_NUMBERS_OF_FOLDS if folds else _NUMBERS) + _MEASURES


def bars_table(metrics: Sequence[Mapping[str, Any]]) -> str:
    """The required and the measured values, as Markdown."""
    rows: list[dict[str, Any]] = []
    for metric, rule, wanted, more in BARS:
        found = next((m for m in metrics if m["metric"] == metric and m["rule"] == rule), None)
        if found is None:
            continue
        reached = found["value"] >= wanted if more else found["value"] < wanted
        row = {"data": found["data"], "metric": metric, "wanted": wanted, "measured": found["value"]}
        rows.append({**row, "reached": "yes" if reached else "no"})
    return markdown_table(rows)


def results_document(
    manifest: ModelManifest, sweep: Sequence[dict[str, Any]], triage: Sequence[dict[str, Any]], counts: str
) -> str:
    """Write `docs/results/mammography.md`."""
    return f"""# Mammography: results

Made by `mammo-worker evaluate` (`make reproduce-mammo`); do not edit by hand.
Model `{manifest.name}` {manifest.version}, weights {manifest.weights_sha256[:12]}. {counts}

## Protocol
{_protocol(manifest)}
## The shipped model
{markdown_table([metric.values() for metric in manifest.metrics])}
The bars that were set for it:

{bars_table([metric.values() for metric in manifest.metrics])}
![FROC](mammography-froc.png)

### The thesis' measures over the threshold (its equations 8 and 9, figure 50)
The mean AP of equation 8 is a mean precision over the two classes; a finding counts only where its class is right.

{markdown_table(sweep)}
![threshold sweep](mammography-sweep.png)

### Triage in three states
Thresholds: low {manifest.thresholds.low:.3f}, high {manifest.thresholds.high:.3f}; a finding is marked from
{manifest.thresholds.finding:.3f} on. The numbers of breasts are [measured apart](breasts.md).

{markdown_table(triage)}
## The thesis' older baseline, on the same films
[Section 2.5 of the thesis](mammography-baseline.md): morphological sifting and cascaded random forests.

## The thesis' tables 14 and 15, small
[Its settings and its training sequences](mammography-tables.md), each trained on the same films at a size that a
machine without a GPU can do.

## What was tried
[The record of experiments](mammography-tried.md).

## Others' figures, on other films
{OTHERS}
They are no comparison on equal terms: other films, other splits, other match rules.

## Limits
{LIMITS}"""


def model_card(manifest: ModelManifest, counts: str) -> str:
    """Write `MODEL_CARD.md` of the package."""
    return f"""{_what_it_is(manifest)}
## Trained on
{manifest.trained_on} {counts}

{ATTRIBUTION}{_backbone(manifest)}
## Protocol
{_protocol(manifest)}
## Measured
{markdown_table([metric.values() for metric in manifest.metrics])}
## What was tried
`docs/results/mammography-tried.md` in the repository.

## Limits
{LIMITS}
## Licence
{manifest.licence}
"""


def _backbone(manifest: ModelManifest) -> str:
    """Write the line about the pretrained weights of a package's backbone."""
    name = read_config(manifest.architecture["config"]).backbone.name
    return f"- Backbone: {name}; licence of its pretrained weights: {BACKBONES[name].licence}.\n"


def _what_it_is(manifest: ModelManifest) -> str:
    """Write the first sections of a model card."""
    config = read_config(manifest.architecture["config"])
    triage = "no triage head" if config.triage is None else f"a multi-instance triage head ({config.triage.loss})"
    first = "a centre-point first stage" if config.proposals.kind == "centre" else "an RPN"
    variants = read_variants(manifest)
    several = max(v.network for v in variants) > 0
    views = [
        f"{v.canvas[0]} x {v.canvas[1]}{', upside down' if v.upside_down else ''}"
        f"{f', network {v.network + 1}' if several else ''}"
        f"{', for the number of the film' if v.purpose == 'film' else ''}"
        for v in variants
    ]
    count = "1 variant" if len(views) == 1 else f"{len(views)} variants"
    return f"""# {manifest.name} {manifest.version}

Finds masses on mammograms, draws them, and says how likely a malignant one is. Research use only.

## What it is
Mask R-CNN on {config.backbone.name} with a pyramid of {config.pyramid.channels} channels (strides
{", ".join(str(s) for s in config.pyramid.strides)}), {first}, a class, a box and a mask head, and
{triage}. Input: the breast on a canvas, grey and CLAHE.
Every film is analysed in {count} ({"; ".join(views)}).{_fused_outputs(variants)}
"""


def _fused_outputs(variants: Sequence[TestTimeVariant]) -> str:
    """Write what is made of the outputs of several variants."""
    if all(v.purpose == "findings" for v in variants):
        return " Their findings are fused." if len(variants) > 1 else ""
    return (
        " The marked findings are those of the variants that are not for the number of the film, fused. The other\n"
        "variants give the film's number and the heat map."
    )


def own_card(manifest: ModelManifest) -> str:
    """Write `MODEL_CARD.md` of a package from custom films."""
    measured = "Not measured: no test films were given.\n"
    if manifest.metrics:
        measured = markdown_table([metric.values() for metric in manifest.metrics])
    return f"""{_what_it_is(manifest)}
## Trained on
{manifest.trained_on}

{_backbone(manifest)}
## Calibrated
{manifest.calibration.description}

## Measured
{measured}
## Licence
{manifest.licence}
"""
