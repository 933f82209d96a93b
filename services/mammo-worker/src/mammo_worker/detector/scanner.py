"""Augments a film's appearance to resemble other films, scanners and detectors."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.films.appearance import blurred_within, canvas_of, stretched, tone_curve


@dataclass(frozen=True)
class ScannerChanges:
    """Ranges of the changes of a film's appearance.

    Attributes:
        gamma: Largest change of gamma, as a log.
        curve: Largest bend of an S-shaped film curve, below 1.
        digital: Probability of a thickness equalisation as in digital detectors' software.
        equalisation: Largest share of the slow changes of brightness that it removes.
        sharpen: Largest amount of unsharp masking; half of the films are blurred instead.
        blur: Largest standard deviation of the blur, pixels.
        noise: Largest standard deviation of the noise, levels.
    """

    gamma: float = 0.35
    curve: float = 0.6
    digital: float = 0.25
    equalisation: float = 0.6
    sharpen: float = 0.8
    blur: float = 0.7
    noise: float = 4.0


def rescanned(grey: NDArray[np.uint8], how: ScannerChanges, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Make a canvas (height, width, 2), grey and CLAHE, from a changed copy of the plain grey (height, width).

    The result is normalised again, like a real film with that appearance.
    """
    inside = grey > 0
    if not inside.any():
        return np.repeat(grey[..., None], 2, axis=-1)
    changed = grey.astype(np.float32)
    if chance.random() < how.digital:
        slow = blurred_within(changed, inside, grey.shape[0] / 8)
        changed -= float(chance.uniform(0.2, how.equalisation)) * (slow - float(slow[inside].mean()))
    if chance.random() < 0.5:
        sharp = changed - blurred_within(changed, inside, 1.5)
        changed += float(chance.uniform(0, how.sharpen)) * sharp
    else:
        changed = blurred_within(changed, inside, max(0.05, float(chance.uniform(0, how.blur))))
    changed += chance.standard_normal(grey.shape, np.float32) * np.float32(chance.uniform(0, how.noise))
    levels = stretched(changed, inside)
    curve = tone_curve(np.exp(chance.uniform(-how.gamma, how.gamma)), chance.uniform(-how.curve, how.curve))
    return canvas_of(cv2.LUT(levels, curve).astype(np.uint8), inside)
