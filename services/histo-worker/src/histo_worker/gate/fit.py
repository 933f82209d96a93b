"""Fits the gate, and measures it on patients and sources of wrong pictures outside the fit."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.svm import SVC

from histo_worker.data.breakhis import Field
from histo_worker.gate.features import NAMES, TISSUE_OD, gate_features
from histo_worker.gate.gate import InputGate, standardise
from histo_worker.gate.other_laboratories import other_laboratory
from histo_worker.gate.wrong_images import wrong_images
from histo_worker.preprocessing.channels import channel_mean
from histo_worker.preprocessing.stain import optical_density

Floats = NDArray[np.floating]
RGB8 = NDArray[np.uint8]

_COPIES = 2  # number of copies of each real field with another laboratory's look
_SQUARES = (460, 700, 1000)  # sides of the parts of a slide, pixels
_TISSUE = 0.3  # least share of tissue of a part
_GAMMA = 0.02  # a wide kernel, so that a new stain does not fall between the support vectors
_C = 3.0
_MARGIN = 0.1  # a field must resemble H&E a little more than anything else


def fit_gate(fields: Sequence[Field], mammograms: Path | None, slides: Sequence[Path] = (), seed: int = 0) -> InputGate:
    """Measure the gate by cross-validation, then fit it on everything.

    Patients, slides and the sources of wrong pictures are halved; a gate that is fitted on one half is measured on the
    other, and both measurements are added. The returned gate is fitted on both halves.

    Args:
        fields: Real H&E fields.
        mammograms: Folder of mammogram collections, or None.
        slides: Files of H&E regions of other scanners, whose left and right parts are the halves.
        seed: Seed of changes, crops and synthesised pictures.

    Raises:
        FileNotFoundError, ValueError: A folder is missing, a field cannot be read, or all are of one patient.
    """
    patients = sorted({(f.label, f.patient) for f in fields})
    first = {p for _, p in patients[::2]}
    rng = np.random.default_rng(seed)
    halves: list[_Half] = []
    for name in ("tune", "measure"):
        chosen = [f.pixels() for f in fields if (f.patient in first) == (name == "tune")]
        if not chosen:
            raise ValueError("the gate is measured on patients that it was not fitted on; give fields of two at least")
        wrong = list(wrong_images(name, chosen[::3], mammograms, seed))
        halves.append(
            _Half(
                right=np.stack([gate_features(p) for p in chosen]),
                changed=np.stack([gate_features(other_laboratory(p, rng)) for p in chosen for _ in range(_COPIES)]),
                slides=_slide_features(slides, right=name == "measure"),
                wrong=np.stack([gate_features(p) for _, p in wrong]),
                kinds=[kind for kind, _ in wrong],
            )
        )
    measured = _measure([(_fit(halves[:1]), halves[1]), (_fit(halves[1:]), halves[0])])
    return replace(_fit(halves), measured=measured)


@dataclass(frozen=True)
class _Half:
    """Gate features of one half: fields, changed copies, parts of slides, and wrong pictures with their kinds."""

    right: Floats
    changed: Floats
    slides: Floats
    wrong: Floats
    kinds: list[str]


def slide_parts(region: RGB8) -> list[RGB8]:
    """Squares of a region with tissue, half overlapping."""
    parts: list[RGB8] = []
    for side in _SQUARES:
        for y in range(0, region.shape[0] - side + 1, side // 2):
            for x in range(0, region.shape[1] - side + 1, side // 2):
                part = region[y : y + side, x : x + side]
                if (channel_mean(optical_density(part)) > TISSUE_OD).mean() >= _TISSUE:
                    parts.append(part)
    return parts


def _slide_features(slides: Sequence[Path], right: bool) -> Floats:
    """Features of the parts of one half of each slide; the halves share no pixel."""
    features: list[Floats] = []
    for slide in slides:
        with Image.open(slide) as opened:  # a slide's first page; `decode_rgb` refuses files of several pages
            region = np.asarray(opened.convert("RGB"))
        middle = region.shape[1] // 2
        features += map(gate_features, slide_parts(region[:, middle:] if right else region[:, :middle]))
    return np.array(features).reshape(-1, len(NAMES))


def _fit(halves: Sequence[_Half]) -> InputGate:
    right = np.concatenate([part for half in halves for part in (half.right, half.changed, half.slides)])
    wrong = np.concatenate([half.wrong for half in halves])
    mean, deviation = right.mean(axis=0), np.maximum(right.std(axis=0), 1e-3)
    x = standardise(np.concatenate([right, wrong]), mean, deviation)
    target = np.r_[np.ones(len(right)), np.zeros(len(wrong))]
    model = SVC(
        C=_C,
        gamma=_GAMMA,  # pyright: ignore[reportArgumentType] - the stub accepts only strings
        class_weight="balanced",
    ).fit(x, target)
    return InputGate(
        mean=mean,
        deviation=deviation,
        support=np.asarray(model.support_vectors_),
        weights=np.asarray(model.dual_coef_)[0],
        bias=float(np.asarray(model.intercept_)[0]) - _MARGIN,
        gamma=_GAMMA,
        measured={},
    )


def _measure(pairs: Sequence[tuple[InputGate, _Half]]) -> dict[str, object]:
    by_kind: dict[str, list[bool]] = defaultdict(list)
    right: list[bool] = []
    changed: list[bool] = []
    slides: list[bool] = []
    for gate, half in pairs:
        right += (gate.scores(half.right) < 0).tolist()
        changed += (gate.scores(half.changed) < 0).tolist()
        slides += (gate.scores(half.slides) < 0).tolist()
        for kind, score in zip(half.kinds, gate.scores(half.wrong), strict=True):
            by_kind[kind].append(bool(score < 0))
    total = [refused for kind in by_kind.values() for refused in kind]
    return {
        "wrong_refused": round(float(np.mean(total)), 4),
        "wrong_images": len(total),
        "right_refused": round(float(np.mean(right)), 4),
        "right_images": len(right),
        "changed_refused": round(float(np.mean(changed)), 4),
        "changed_images": len(changed),
        "slide_parts_refused": sum(slides),
        "slide_parts": len(slides),
        "by_kind": {kind: f"{sum(refused)} of {len(refused)}" for kind, refused in by_kind.items()},
        "protocol": (
            "patients, slides and sources of wrong pictures halved; tuned on one half, measured on the other, both "
            "ways; the gate in "
            "use is tuned on both. Other stains are synthesised from real fields except one. Changed fields are real "
            "ones as other laboratories might send them: dyes, light, white balance, resolution, sharpness. "
            "The kernel's settings and the margin were chosen on these figures, so they are a little kind."
        ),
    }
