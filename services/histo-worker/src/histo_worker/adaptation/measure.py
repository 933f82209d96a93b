"""Measures a laboratory's fields with a pipeline."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from math import log
from pathlib import Path
from typing import NamedTuple

import numpy as np

from histo_worker.adaptation.shift import Reference, estimate_shift
from histo_worker.adaptation.site import FARTHEST_SHIFT, Site
from histo_worker.scale import UM_OF_MAGNIFICATION, nearest_magnification
from histo_worker.tissue.stage import is_unlike
from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Result
from lobule.words import counted
from lobule_ml.batch import Outcome

FEWEST_FIELDS = 50
"""With fewer fields, of about five patients, adaptation was not measured (docs/results/tissue-tried.md)."""

_CERTAIN = 1e-7  # the pipeline computes probabilities in float32, in which certainty is exactly 0 or 1
_UNUSABLE = {"scale_unknown", "scale_estimated", "scale_too_coarse"}


class Measured(NamedTuple):
    """A measured laboratory.

    Attributes:
        site: Its file.
        unlike: Number of its fields that are unlike the training tissue.
    """

    site: Site
    unlike: int


class _Usable(NamedTuple):
    path: Path
    log_odds: float
    um_per_pixel: float
    is_unlike: bool


def reference_of(manifest: ModelManifest) -> Reference:
    """The training fields' log odds in a package.

    Raises:
        ValueError: The package has none.
    """
    reference = manifest.calibration.get("reference")
    if not reference:
        raise ValueError(
            f"the package {manifest.name} {manifest.version} does not say what its training fields have; train it "
            "again with this version of histo-worker"
        )
    return {
        magnification: (float(benign), float(malignant)) for magnification, (benign, malignant) in reference.items()
    }


def measure_site(
    outcomes: Iterable[Outcome],
    manifest: ModelManifest,
    name: str,
    share: float | None,
    left_out: Callable[[str], object],
) -> Measured:
    """Estimate a laboratory's shift from the outcomes of its fields.

    Args:
        outcomes: What the pipeline, not adapted to any laboratory, gives for each field.
        manifest: The package of that pipeline.
        name: Name of the laboratory.
        share: Share of malignant fields among them; None if nobody knows it.
        left_out: Receives a line for each field that cannot be used.

    Raises:
        ValueError: The package has no reference, there are too few usable fields, or the shift is impossible.
    """
    reference, usable, total = reference_of(manifest), list[_Usable](), 0
    for outcome in outcomes:
        total += 1
        field = _usable(outcome)
        if isinstance(field, str):
            left_out(f"{outcome.path}: {field}")
        else:
            usable.append(field)
    if len(usable) < FEWEST_FIELDS:
        raise ValueError(f"{len(usable)} of {counted(total, 'field')} can be used; give at least {FEWEST_FIELDS}")
    log_odds = np.array([field.log_odds for field in usable])
    patients = _patients([field.path for field in usable])
    shift = estimate_shift(log_odds, [classes_of(reference, f.um_per_pixel) for f in usable], share, patients)
    if abs(shift.value) > FARTHEST_SHIFT:
        raise ValueError(f"the shift is {shift.value:+.1f}; no dyes explain that, so check the scale of the fields")
    site = Site(
        name=name,
        measured_on=datetime.now(UTC).date(),
        model=f"{manifest.name} {manifest.version}",
        weights_sha256=manifest.weights_sha256,
        log_odds_shift=round(shift.value, 4),
        measured_shift=round(shift.measured, 4),
        standard_error=round(shift.error, 4),
        malignant_share=share,
        fields=len(usable),
        patients=None if patients is None else len(set(patients)),
        magnifications=dict(Counter(nearest_magnification(f.um_per_pixel)[0] for f in usable)),
    )
    return Measured(site, sum(field.is_unlike for field in usable))


def _usable(outcome: Outcome) -> _Usable | str:
    """What is needed of a field, or why it cannot be used."""
    result = outcome.result
    if result is None:
        return f"{outcome.error}: {outcome.detail}"
    if doubts := [notice for notice in result.notices if notice.code in _UNUSABLE]:
        return f"{doubts[0].code}: {doubts[0].detail}"
    probability = float(np.clip(result.probability_malignant or 0.0, _CERTAIN, 1 - _CERTAIN))
    return _Usable(outcome.path, log(probability / (1 - probability)), _scale_of(result), is_unlike(result.tissue))


def _scale_of(result: Result) -> float:
    """Micrometres per pixel of a field with a scale; fields whose tissue is not read have none in their result."""
    if result.tissue is not None:
        return result.tissue.um_per_pixel
    magnification = result.patches.magnification_assumed if result.patches else None
    return result.image.um_per_pixel or UM_OF_MAGNIFICATION[magnification or "400X"]


def classes_of(reference: Reference, um_per_pixel: float) -> tuple[float, float]:
    """The training fields' log odds at the magnification nearest to a scale."""
    scales = {name: um for name, um in UM_OF_MAGNIFICATION.items() if name in reference}
    return reference[min(scales, key=lambda name: abs(log(scales[name] / um_per_pixel)))]


def _patients(paths: Sequence[Path]) -> list[str] | None:
    """The folder of each field as its patient; None if all are in one folder."""
    folders = [str(path.absolute().parent) for path in paths]
    return folders if len(set(folders)) > 1 else None
