"""Fields as other laboratories might make them: their dyes replaced by those of real sources, or another light."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.data.readers import labels_csv
from histo_worker.data.source import read_source
from histo_worker.gate.gate import InputGate
from histo_worker.preprocessing.dyes import replace_dyes
from histo_worker.preprocessing.stain import LEAST, Dyes, dyes_of, optical_density
from lobule.errors import AnalysisError
from lobule.imaging.decode import decode_rgb
from lobule_ml.batch import tracked

RGB8 = NDArray[np.uint8]
Float = NDArray[np.floating]

Appearance = Callable[[RGB8], RGB8]
"""Changes a field; its `repr` is complete, so that features of changed fields can be cached."""

_PERCENTILES = (10, 50, 90)
_MOST_PIXELS = 1 << 25  # of a patient, at the same time in memory


@dataclass(frozen=True)
class Redyed:
    """Gives a field the dyes of another source.

    Attributes:
        dyes: Those of the source.
        mean: Mean dyes of the fields' own laboratory. With them, a field keeps its difference to them, and what two
            dyes do not explain. None: the field's dyes are replaced, and the rest is dropped.
    """

    dyes: Dyes
    mean: Dyes | None = None

    def __call__(self, field: RGB8) -> RGB8:
        """Change a field, uint8 (height, width, 3); one whose dyes cannot be distinguished is unchanged."""
        own = dyes_of(field)
        if own is None:
            return field
        if self.mean is None:
            return replace_dyes(field, own, self.dyes)
        stains = np.maximum(own.stains + self.dyes.stains - self.mean.stains, 0)
        stains = stains / np.linalg.norm(stains, axis=1, keepdims=True)
        maxima = np.maximum(own.maxima, LEAST) * self.dyes.maxima / self.mean.maxima
        return replace_dyes(field, own, Dyes(stains, maxima), rest=True)


@dataclass(frozen=True)
class Lit:
    """Another lamp and white balance."""

    gamma: float = 1.25
    balance: tuple[float, float, float] = (1.06, 1.0, 0.92)

    def __call__(self, field: RGB8) -> RGB8:
        """Change a field, uint8 (height, width, 3)."""
        light = (field.astype(np.float32) / 255) ** self.gamma * np.array(self.balance, np.float32)
        return np.clip(light * 255, 0, 255).astype(np.uint8)


def mean_dyes(fields: Iterable[Field]) -> Dyes:
    """The mean dyes of fields, their maxima averaged as logarithms.

    Raises:
        ValueError: No field has two dyes that can be distinguished.
    """
    found = [dyes for field in fields if (dyes := dyes_of(field.pixels())) is not None]
    if not found:
        raise ValueError("the dyes of none of the fields can be distinguished")
    maxima = np.exp(np.mean([np.log(np.maximum(dyes.maxima, LEAST)) for dyes in found], axis=0))
    return Dyes(np.mean([dyes.stains for dyes in found], axis=0), maxima)


def read_dyes(path: Path) -> dict[str, Dyes]:
    """The dyes of a source, by a name for each.

    Args:
        path: A picture of stained tissue; or a data set, of which the patients at the 10th, 50th and 90th percentile of
            mean optical density are taken.

    Raises:
        FileNotFoundError, ValueError: The source cannot be read, is not stained tissue, or has no dyes to distinguish.
    """
    if path.is_file() and not labels_csv.READER.recognises(path):
        dyes = dyes_of(_read_tissue(path))
        if dyes is None:
            raise ValueError(f"{path}: its dyes cannot be distinguished")
        return {"": dyes}
    by_patient: dict[str, list[Field]] = {}
    for field in read_source(path).fields:
        by_patient.setdefault(field.patient, []).append(field)
    found: list[tuple[float, Dyes]] = []
    for _, fields in tracked(sorted(by_patient.items()), f"patients of {path.name}", len(by_patient)):
        pixels = np.concatenate([_pixels(field, _MOST_PIXELS // len(fields)) for field in fields])
        if (dyes := dyes_of(pixels)) is not None:
            found.append((float(optical_density(pixels).mean()), dyes))
    if not found:
        raise ValueError(f"{path}: the dyes of none of the patients can be distinguished")
    found.sort(key=lambda patient: patient[0])
    return {f", {q}th percentile": found[round(q / 100 * (len(found) - 1))][1] for q in _PERCENTILES}


def _read_tissue(path: Path) -> RGB8:
    try:
        picture = decode_rgb(path.read_bytes(), "histopathology")
        InputGate.load().check(picture)
    except AnalysisError as error:
        raise ValueError(f"{path}: {error.code}: {error.detail}") from None
    return picture


def _pixels(field: Field, most: int) -> RGB8:
    """Pixels of a field, uint8 (pixels, 3), evenly chosen if there are at least twice `most`."""
    pixels = field.pixels().reshape(-1, 3)
    return pixels[:: max(1, len(pixels) // max(1, most))].copy()
