"""Batches of patches of fields with changed geometry, dyes and light, for training across laboratories."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo_worker.data.breakhis import Field
from histo_worker.field_reader import FieldReader
from histo_worker.preprocessing.dyes import draw_dyes, replace_dyes
from histo_worker.preprocessing.laboratories import Laboratory
from histo_worker.preprocessing.stain import Dyes, dyes_of
from histo_worker.preprocessing.windows import resize_area
from histo_worker.training.balance import SHARES

Float = NDArray[np.float32]
RGB8 = NDArray[np.uint8]

_KEPT_BYTES = 1 << 30  # bytes of decoded fields in memory; further fields are decoded each time they are drawn


@dataclass(frozen=True)
class Changes:
    """Random changes of patches.

    Attributes:
        laboratory: Ranges of geometry, dyes, light, sharpness and compression.
        replaced: Share of patches whose two dyes are first replaced by drawn ones; half of these lose what two dyes do
            not explain.
        smoothing: Targets are this share nearer to one half.
    """

    laboratory: Laboratory
    replaced: float = 0.5
    smoothing: float = 0.05


class ChangedPatches:
    """Batches of (patches, targets) by step: a batch depends only on its step and the seed.

    Magnifications and classes are drawn alike, and patients alike within them.

    Args:
        fields: The training fields, all of known magnification.
        reader: Cuts fields in the service; patches show the same tissue as its windows.
        changes: Random changes.
        batch: Patches in a batch.
        seed: Seed of draws and changes.
    """

    def __init__(
        self, fields: Sequence[Field], reader: FieldReader, changes: Changes, batch: int, seed: int = 0
    ) -> None:
        self._reader, self._changes, self._batch, self._seed = reader, changes, batch, seed
        groups: dict[tuple[str, int], dict[str, list[Field]]] = {}
        for field in fields:
            by_patient = groups.setdefault((str(field.magnification), field.target), {})
            by_patient.setdefault(field.patient, []).append(field)
        self._groups = [[*by_patient.values()] for _, by_patient in sorted(groups.items())]
        chances = np.array([SHARES.get(magnification, 1.0) for magnification, _ in sorted(groups)])
        self._chances = chances / chances.sum()
        self._pixels, self._room = dict[Field, RGB8](), _KEPT_BYTES
        self._dyes = dict[Field, Dyes | None]()

    def __call__(self, step: int) -> tuple[Float, Float]:
        """The batch of a step: float32 (batch, size, size, 3) from 0 to 255, and float32 (batch,)."""
        rng = np.random.default_rng((self._seed, step))
        fields = [self._draw(rng) for _ in range(self._batch)]
        patches = np.stack([self._patch(field, rng) for field in fields])
        target = np.array([field.target for field in fields], np.float32)
        smoothing = self._changes.smoothing
        return self._changes.laboratory.dye(patches, rng), target * (1 - smoothing) + smoothing / 2

    def _draw(self, rng: np.random.Generator) -> Field:
        group = self._groups[int(rng.choice(len(self._groups), p=self._chances))]
        of_patient = group[int(rng.integers(len(group)))]
        return of_patient[int(rng.integers(len(of_patient)))]

    def _patch(self, field: Field, rng: np.random.Generator) -> RGB8:
        side = self._reader.sides(field.magnification)[0]
        pixels = self._pixels_of(field)
        patch = self._changes.laboratory.cut(pixels, side, rng)
        if field not in self._dyes:
            self._dyes[field] = dyes_of(pixels)
        own = self._dyes[field]
        if rng.random() < self._changes.replaced and own is not None:
            patch = replace_dyes(patch, own, draw_dyes(rng), rest=rng.random() < 0.5)
        return resize_area(patch, self._reader.size, self._reader.size)

    def _pixels_of(self, field: Field) -> RGB8:
        pixels = self._pixels.get(field)
        if pixels is None:
            pixels = field.pixels()
            if pixels.nbytes <= self._room:
                self._room -= pixels.nbytes
                self._pixels[field] = pixels
        return pixels
