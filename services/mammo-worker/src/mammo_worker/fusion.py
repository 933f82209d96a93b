"""Several looks at one film become one: boxes that mean the same mass are joined."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_IOU = 0.5  # from which boxes of two looks mean the same mass


@dataclass(frozen=True)
class Look:
    """What one look found, in coordinates that all looks share.

    Attributes:
        boxes: (N, 4) of x1, y1, x2, y2.
        scores: (N,).
        malignant: (N,).
        masks: (N, S, S) on a grid over each box.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    malignant: NDArray[np.float64]
    masks: NDArray[np.float32]


def fuse(looks: Sequence[Look]) -> Look:
    """Weighted boxes fusion (Solovyev et al., Image and Vision Computing 2021, section 3) of several looks.

    A mass's box and malignancy are the means over the looks that saw it, weighted by score; its score is the mean over
    all looks, so that one which only some of them saw counts less. Its mask is that of the look that was surest.

    Returns:
        Best first.
    """
    if len(looks) == 1:
        order = np.argsort(-looks[0].scores, kind="stable")
        only = looks[0]
        return Look(only.boxes[order], only.scores[order], only.malignant[order], only.masks[order])
    boxes, scores = np.concatenate([x.boxes for x in looks]), np.concatenate([x.scores for x in looks])
    malignant, masks = np.concatenate([x.malignant for x in looks]), np.concatenate([x.masks for x in looks])
    source = np.repeat(np.arange(len(looks)), [len(x.boxes) for x in looks])
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
    return Look(
        np.array([w @ boxes[g] for g, w in zip(fused, weights, strict=True)]).reshape(-1, 4),
        np.array([float(scores[group].sum()) / len(looks) for group in fused]),
        np.array([float(w @ malignant[g]) for g, w in zip(fused, weights, strict=True)]),
        masks[[group[0] for group in fused]] if fused else masks[:0],
    )


def _iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    shared = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0.0))
    return float(shared / max(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared, 1e-9))
