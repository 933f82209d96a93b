"""Statistics of the dyes and the texture of squares.

They depend on no training, so that they keep what a network that is trained for carcinoma ignores: dyes, sharpness and
textures that tissue does not have.
"""

import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.channels import channel_mean
from histo_worker.preprocessing.stain import REFERENCE_STAINS, optical_density

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]
Floats = NDArray[np.floating]

_AT_ONCE = 64  # squares; more do not fit the processor's cache
_UNMIXING = np.linalg.pinv(REFERENCE_STAINS).astype(np.float32)
_TISSUE, _HAEMATOXYLIN, _EOSIN = (0.12, 0.25), (0.1, 0.2, 0.35, 0.5, 0.75, 1.0), (0.1, 0.25, 0.5, 0.8)
_LEVELS = 4  # octaves of detail, from 3 to 24 micrometres
_RADII = 1, 3
_NOISE = 2  # grey values; smaller differences are noise
_PATTERNS = 10


def square_statistics(patches: RGB8) -> Float:
    """Describe squares.

    Args:
        patches: uint8 (n, side, side, 3); the side is a multiple of 16.

    Returns:
        (n, 67): optical densities, amounts and shares of dyes, detail by octave, coherence of edges, and uniform local
        binary patterns (Ojala et al., TPAMI 2002).
    """
    parts = [patches[start : start + _AT_ONCE] for start in range(0, len(patches), _AT_ONCE)]
    return np.concatenate([_statistics(part) for part in parts]) if parts else np.zeros((0, 67), np.float32)


def _statistics(patches: RGB8) -> Float:
    density = optical_density(patches)
    dyes = density @ _UNMIXING
    # The squares come last, so that NumPy's loops over them are long.
    mean, haematoxylin, eosin = (
        np.ascontiguousarray(np.moveaxis(plane, 0, -1)) for plane in (channel_mean(density), dyes[..., 0], dyes[..., 1])
    )
    values = [
        *np.moveaxis(density.mean(axis=(1, 2)), -1, 0),
        *np.moveaxis(density.std(axis=(1, 2)), -1, 0),
        *_amounts(haematoxylin, _HAEMATOXYLIN),
        *_amounts(eosin, _EOSIN),
        *((mean > least).mean(axis=(0, 1)) for least in _TISSUE),
        *_detail(haematoxylin),
        *_detail(mean),
        _correlation(haematoxylin, eosin),
        *_coherence(mean),
        *_patterns(np.ascontiguousarray(np.moveaxis(patches[..., 1], 0, -1)).astype(np.int16)),
    ]
    return np.stack(values, axis=1).astype(np.float32)


def _amounts(dye: Floats, thresholds: tuple[float, ...]) -> list[Floats]:
    return [dye.mean(axis=(0, 1)), dye.std(axis=(0, 1)), *((dye > least).mean(axis=(0, 1)) for least in thresholds)]


def _detail(plane: Floats) -> list[Floats]:
    """Deviation and skewness of what halving the resolution removes, by octave, and the range of what is left."""
    values: list[Floats] = []
    for _ in range(_LEVELS):
        half = _halved(plane)
        removed = plane - half.repeat(2, axis=0).repeat(2, axis=1)
        deviation = removed.std(axis=(0, 1))
        values += [np.log(deviation + 1e-3), (removed * removed * removed).mean(axis=(0, 1)) / (deviation**3 + 1e-6)]
        plane = half
    return [*values, plane.min(axis=(0, 1)), plane.max(axis=(0, 1)), plane.std(axis=(0, 1))]


def _halved(plane: Floats) -> Floats:
    return (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) / 4


def _correlation(first: Floats, second: Floats) -> Floats:
    both = ((first - first.mean(axis=(0, 1))) * (second - second.mean(axis=(0, 1)))).mean(axis=(0, 1))
    return both / (first.std(axis=(0, 1)) * second.std(axis=(0, 1)) + 1e-4)


def _coherence(plane: Floats) -> list[Floats]:
    """How far edges within 24 micrometres have one direction, as fibres have: the mean, and that by strength."""
    down, across = plane[2:, 1:-1] - plane[:-2, 1:-1], plane[1:-1, 2:] - plane[1:-1, :-2]
    down, across = (np.pad(edge, ((1, 1), (1, 1), (0, 0))) for edge in (down, across))
    dd, da, aa = (_halved(_halved(_halved(product))) for product in (down * down, down * across, across * across))
    strength = dd + aa
    coherent = np.sqrt((dd - aa) ** 2 + 4 * da**2)
    share = coherent / (strength + 1e-3)
    return [share.mean(axis=(0, 1)), coherent.sum(axis=(0, 1)) / (strength.sum(axis=(0, 1)) + 1e-2)]


def _uniform() -> NDArray[np.uint8]:
    """The class of each pattern of eight neighbours: how many are brighter, or 9 if they change more than twice."""
    codes = np.arange(256)
    bits = (codes[:, None] >> np.arange(8)) & 1
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    return np.where(changes <= 2, bits.sum(axis=1), 9).astype(np.uint8)


_CLASSES = _uniform()


def _patterns(grey: NDArray[np.int16]) -> list[Floats]:
    """Shares of the classes of local binary patterns at each radius."""
    values: list[Floats] = []
    height, width = grey.shape[:2]
    for r in _RADII:
        centre = grey[r:-r, r:-r] + _NOISE
        code = np.zeros(centre.shape, np.uint8)
        around = ((-r, -r), (-r, 0), (-r, r), (0, r), (r, r), (r, 0), (r, -r), (0, -r))
        for bit, (y, x) in enumerate(around):
            code |= (grey[r + y : height - r + y, r + x : width - r + x] > centre).astype(np.uint8) << np.uint8(bit)
        classes = _CLASSES[code]
        values += [(classes == each).mean(axis=(0, 1), dtype=np.float32) for each in range(_PATTERNS)]
    return values
