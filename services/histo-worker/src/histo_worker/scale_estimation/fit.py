"""Fits the estimator of scales, and measures it out of fold by patient."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from histo_worker.data.breakhis import Field
from histo_worker.data.readers.breakhis_index import SquashedField
from histo_worker.scale import UM_OF_MAGNIFICATION
from histo_worker.scale_estimation.estimator import ScaleEstimator
from histo_worker.scale_estimation.features import ScaleFeatures, is_of_the_camera
from lobule_ml.evaluation.statistics import patient_bootstrap

RGB8 = NDArray[np.uint8]
Floats = NDArray[np.floating]

_SCALES = list(UM_OF_MAGNIFICATION)
_SHRINKAGE = 0.5  # of the covariance; 0.3 to 0.6 are as good
_SQUASHED, _QUALITY = 224, 90
_NEAR = 0.15


class Estimated(NamedTuple):
    """Estimates of some fields by estimators that did not learn from their patients.

    Attributes:
        fields: Description of the fields.
        total: Number of fields.
        patients: Number of patients.
        near: Share of the fields whose scale is estimated within 15 %.
        interval: 95 % interval of this share over patients.
    """

    fields: str
    total: int
    patients: int
    near: float
    interval: tuple[float, float]


class _Examples(NamedTuple):
    """Features of fields: as they are, and squashed as some copies of BreakHis are."""

    features: Floats
    scale: NDArray[np.intp]
    patient: NDArray[np.str_]
    squashed: NDArray[np.bool_]
    changed: NDArray[np.bool_]


def fit_estimator(
    fields: Sequence[Field], features: ScaleFeatures, folds: int = 5, report: Callable[[int], Any] | None = None
) -> tuple[ScaleEstimator, list[Estimated]]:
    """Measure the estimator by cross-validation, then fit it on all fields.

    Args:
        fields: Fields with a magnification; others are left out.
        features: Computes the features of the backbone of the classifier in use.
        folds: Number of folds of patients.
        report: Called after each field with the number of finished ones.

    Raises:
        ValueError: No field can be used, or a magnification is missing in the fields of a fold's other patients.
    """
    examples = _examples([f for f in fields if f.magnification is not None], features, report)
    patients = np.array(sorted(set(examples.patient.tolist())))
    np.random.default_rng(0).shuffle(patients)
    fold_of = {name: i % folds for i, name in enumerate(patients.tolist())}
    fold = np.array([fold_of[name] for name in examples.patient.tolist()])
    said = np.zeros(len(fold))
    for k in range(folds):
        fitted, held = _fit(examples, fold != k, features.digest), np.flatnonzero(fold == k)
        said[held] = [fitted.um_per_pixel(row) for row in examples.features[held]]
    return _fit(examples, np.ones(len(fold), bool), features.digest), list(_measured(examples, said))


def _examples(fields: Sequence[Field], features: ScaleFeatures, report: Callable[[int], Any] | None) -> _Examples:
    rows: list[tuple[Floats, int, str, bool, bool]] = []
    for number, field in enumerate(fields, start=1):
        pixels, squashed = field.pixels(), isinstance(field, SquashedField)
        if is_of_the_camera(pixels) and field.magnification is not None:
            known = _SCALES.index(field.magnification), field.patient, squashed
            rows.append((features(pixels), *known, False))
            if not squashed:  # what squashing loses must not tell the scale
                rows.append((features(_squash(pixels)), *known, True))
        if report is not None:
            report(number)
    if not rows:
        raise ValueError("no field has the size of those of BreakHis' camera and a magnification; give other data")
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return _Examples(*columns)


def _squash(pixels: RGB8) -> RGB8:
    """Shrink a field to a square, compress it, and stretch it back."""
    small = cv2.resize(pixels, (_SQUASHED, _SQUASHED), interpolation=cv2.INTER_AREA)
    encoded = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    again = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert again is not None
    stretched = cv2.resize(again, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(stretched[..., ::-1], np.uint8)


def _fit(examples: _Examples, chosen: NDArray[np.bool_], backbone: str) -> ScaleEstimator:
    features, scale = examples.features[chosen], examples.scale[chosen]
    if set(scale.tolist()) != set(range(len(_SCALES))):
        raise ValueError(f"every fold needs fields at each of {', '.join(_SCALES)}; give more data or fewer folds")
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-6
    model = LinearDiscriminantAnalysis(
        solver="lsqr", shrinkage=_SHRINKAGE, priors=np.full(len(_SCALES), 1 / len(_SCALES))
    ).fit((features - mean) / deviation, scale)
    return ScaleEstimator(mean, deviation, np.asarray(model.coef_), np.asarray(model.intercept_), backbone)


def _measured(examples: _Examples, said: Floats) -> Iterator[Estimated]:
    um = np.array(list(UM_OF_MAGNIFICATION.values()))[examples.scale]
    right = np.abs(said / um - 1) <= _NEAR
    plain = ~examples.changed
    groups = {"all": plain, "full size": plain & ~examples.squashed, "squashed": plain & examples.squashed}
    groups |= {f"full size, {name}": groups["full size"] & (examples.scale == i) for i, name in enumerate(_SCALES)}
    for name, chosen in groups.items():
        if not chosen.any():
            continue
        places, patients = np.flatnonzero(chosen), examples.patient[chosen]
        interval = patient_bootstrap(lambda some, at=places: float(right[at[some]].mean()), patients)
        yield Estimated(name, len(places), len(set(patients.tolist())), float(right[places].mean()), interval)
