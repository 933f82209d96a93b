"""Fuses the findings of test-time variants: boxes of the same mass are combined."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_IOU = 0.5  # from which boxes of two variants are the same mass


@dataclass(frozen=True)
class VariantFindings:
    """The findings of one variant, in coordinates that are common to all variants.

    Attributes:
        boxes: Boxes (N, 4) of x1, y1, x2, y2.
        scores: Scores (N,).
        malignant: Malignancies (N,).
        masks: Masks (N, S, S) on a grid over each box.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    malignant: NDArray[np.float64]
    masks: NDArray[np.float32]


def fuse(variants: Sequence[VariantFindings]) -> VariantFindings:
    """Fuse variants by weighted boxes fusion (Solovyev et al., Image and Vision Computing 2021, section 3).

    A mass's box and malignancy are the means over the variants that found it, weighted by score. Its score is the mean
    over all variants, so that a mass which only some of them found has a lower score. Its mask is that of the variant
    with the highest score.

    Returns:
        The fused findings, best first.
    """
    if len(variants) == 1:
        order = np.argsort(-variants[0].scores, kind="stable")
        only = variants[0]
        return VariantFindings(only.boxes[order], only.scores[order], only.malignant[order], only.masks[order])
    boxes, scores = np.concatenate([x.boxes for x in variants]), np.concatenate([x.scores for x in variants])
    malignant, masks = np.concatenate([x.malignant for x in variants]), np.concatenate([x.masks for x in variants])
    source = np.repeat(np.arange(len(variants)), [len(x.boxes) for x in variants])
    groups: list[list[int]] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        for group in groups:
            if source[i] not in source[group] and _iou(boxes[i], boxes[group[0]]) >= LEAST_IOU:
                group.append(i)
                break
        else:
            groups.append([i])
    fused = sorted(groups, key=lambda group: -float(scores[group].sum()))
    weights = [scores[group] / max(float(scores[group].sum()), 1e-9) for group in fused]
    return VariantFindings(
        np.array([w @ boxes[g] for g, w in zip(fused, weights, strict=True)]).reshape(-1, 4),
        np.array([float(scores[group].sum()) / len(variants) for group in fused]),
        np.array([float(w @ malignant[g]) for g, w in zip(fused, weights, strict=True)]),
        masks[[group[0] for group in fused]] if fused else masks[:0],
    )


def _iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    shared = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0.0))
    return float(shared / max(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared, 1e-9))
