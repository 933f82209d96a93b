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
from lobule.contracts.models import ModelManifest
from lobule.contracts.result import Result
from lobule.words import counted
from lobule_ml.batch import Outcome, in_a_line

FEWEST_FIELDS = 50
"""With fewer fields, of about five patients, adaptation was not measured (docs/results/tissue-tried.md)."""
FEWEST_PATIENTS = 5
"""As many as the simulated laboratories had; the error between fewer says too little of the next patient."""
LARGEST_PART = 0.5
"""Of the fields, for one patient: with more, the mean is that patient's, and the error does not show it."""

_CERTAIN = 1e-7  # the pipeline computes probabilities in float32, in which certainty is exactly 0 or 1
_UNUSABLE = {"scale_unknown", "scale_estimated", "scale_too_coarse", "unlike_training"}
"""Notices of fields whose numbers decide nothing, adapted or not."""


class _Usable(NamedTuple):
    path: Path
    sha256: str
    log_odds: float
    um_per_pixel: float


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
) -> Site:
    """Estimate a laboratory's shift from the outcomes of its fields.

    Args:
        outcomes: What the pipeline, not adapted to any laboratory, gives for each field.
        manifest: The package of that pipeline.
        name: Name of the laboratory.
        share: Share of malignant fields among them; None if nobody knows it.
        left_out: Receives a line for each field that cannot be used.

    Raises:
        ValueError: The package has no reference, there are too few usable fields or patients, one patient has
            most of the fields, or the shift is impossible.
    """
    reference, usable, total = reference_of(manifest), dict[str, _Usable](), 0
    for outcome in outcomes:
        total += 1
        field = _usable(outcome)
        if isinstance(field, str):
            left_out(f"{in_a_line(outcome.path)}: {field}")
        elif (same := usable.setdefault(field.sha256, field)) is not field:
            left_out(f"{in_a_line(field.path)}: the same file as {in_a_line(same.path)}")
    if len(usable) < FEWEST_FIELDS:
        raise ValueError(f"{len(usable)} of {counted(total, 'field')} can be used; give at least {FEWEST_FIELDS}")
    fields = list(usable.values())
    patients = _patients([field.path for field in fields])
    log_odds = np.array([field.log_odds for field in fields])
    shift = estimate_shift(log_odds, [classes_of(reference, f.um_per_pixel) for f in fields], share, patients)
    if abs(shift.value) > FARTHEST_SHIFT:
        raise ValueError(f"the shift is {shift.value:+.1f}; no dyes explain that, so check the scale of the fields")
    return Site(
        name=name,
        measured_on=datetime.now(UTC).date(),
        model=f"{manifest.name} {manifest.version}",
        weights_sha256=manifest.weights_sha256,
        log_odds_shift=round(shift.value, 4) + 0.0,  # no -0.0
        measured_shift=round(shift.measured, 4),
        standard_error=round(shift.error, 4),
        malignant_share=share,
        fields=len(fields),
        patients=None if patients is None else len(set(patients)),
        magnifications=dict(Counter(nearest_magnification(f.um_per_pixel)[0] for f in fields)),
    )


def _usable(outcome: Outcome) -> _Usable | str:
    """What is needed of a field, or why it cannot be used."""
    result = outcome.result
    if result is None:
        return f"{outcome.error}: {outcome.detail}"
    if doubts := [notice for notice in result.notices if notice.code in _UNUSABLE]:
        return f"{doubts[0].code}: {doubts[0].detail}"
    um = _scale_of(result)
    if um is None:
        return "it is too small for its tissue to be read, and its scale is stated by the file alone: state it"
    probability = float(np.clip(result.probability_malignant or 0.0, _CERTAIN, 1 - _CERTAIN))
    return _Usable(outcome.path, result.image.sha256, log(probability / (1 - probability)), um)


def _scale_of(result: Result) -> float | None:
    """Micrometres per pixel of a field; a result without tissue holds no scale that the file states."""
    if result.tissue is not None:
        return result.tissue.um_per_pixel
    if result.image.um_per_pixel is not None:
        return result.image.um_per_pixel
    magnification = result.patches.magnification_assumed if result.patches else None
    return None if magnification is None else UM_OF_MAGNIFICATION[magnification]


def classes_of(reference: Reference, um_per_pixel: float) -> tuple[float, float]:
    """The training fields' log odds at the magnification nearest to a scale."""
    scales = {name: um for name, um in UM_OF_MAGNIFICATION.items() if name in reference}
    return reference[min(scales, key=lambda name: abs(log(scales[name] / um_per_pixel)))]


def _patients(paths: Sequence[Path]) -> list[str] | None:
    """The folder of each field as its patient; None if all are in one folder.

    Raises:
        ValueError: There are too few patients, or one of them has most of the fields.
    """
    folders = [str(path.absolute().parent) for path in paths]
    counts = Counter(folders)
    if len(counts) == 1:
        return None
    if len(counts) < FEWEST_PATIENTS:
        raise ValueError(f"the fields are of {len(counts)} patients (folders); give at least {FEWEST_PATIENTS}")
    [(largest, count)] = counts.most_common(1)
    if count > LARGEST_PART * len(paths):
        raise ValueError(
            f"{in_a_line(largest)} has {count} of {len(paths)} fields; give at most half of them from one patient"
        )
    return folders
