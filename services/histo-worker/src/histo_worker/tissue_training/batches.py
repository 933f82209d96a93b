"""Training batches with a fixed share of every laboratory, scale and class."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from histo_worker.preprocessing.laboratories import Laboratory
from histo_worker.preprocessing.stain import optical_density
from histo_worker.tissue.network import SIDE
from histo_worker.tissue_training.samples import Sample

RGB8 = NDArray[np.uint8]
Float = NDArray[np.float32]

_POSITIVE = 0.4  # share of carcinoma among patches of IDC
_TILE, _TILE_STEP = 28, 9  # side and step in pixels of parts that are searched for nuclei
_FEWEST_NUCLEI = 1 / 12  # share of a field's parts
_BINS = 12


@dataclass
class TissueBatches:
    """Batches of (patches, targets) by step: a batch depends only on its step and the seed.

    Attributes:
        samples: The training samples.
        batch: Patches in a batch.
        seed: Seed of all random numbers.
        laboratory: Ranges of the random changes.
        idc_share: Share of patches of IDC, if there is BreakHis, too.
        acellular: Share, among the other patches, of those parts of BreakHis with the fewest nuclei, as patches without
            carcinoma: IDC's are mostly fat and stroma, which BreakHis' labels of whole fields do not distinguish.
        matched: Strength, 0 to 1, of drawing IDC's patches without carcinoma to match the density of the others.
        smoothing: Label smoothing.
    """

    samples: Sequence[Sample]
    batch: int = 64
    seed: int = 0
    laboratory: Laboratory = field(default_factory=Laboratory)
    idc_share: float = 0.62
    acellular: float = 0.15
    matched: float = 0.2
    smoothing: float = 0.05

    def __call__(self, step: int) -> tuple[Float, Float]:
        """The batch of a step: float32 (batch, SIDE, SIDE, 3) and float32 (batch,)."""
        rng = np.random.default_rng((self.seed, step))
        weights = np.array([group.weight for group in self._groups])
        patches, targets = [], []
        for place in rng.choice(len(self._groups), self.batch, p=weights / weights.sum()):
            group = self._groups[int(place)]
            image = group.images[int(rng.choice(len(group.images), p=group.shares))]
            patches.append(self.laboratory.cut(image, SIDE, rng))
            targets.append(group.target * (1 - self.smoothing) + self.smoothing / 2)
        return self.laboratory.dye(np.stack(patches), rng), np.array(targets, np.float32)

    @cached_property
    def _groups(self) -> list["_Group"]:
        idc = [s for s in self.samples if s.laboratory == "idc"]
        others = [s for s in self.samples if s.laboratory != "idc"]
        share = self.idc_share if idc and others else float(bool(idc))
        return [*self._of_patches(idc, share), *self._of_fields(others, 1 - share)]

    def _of_patches(self, samples: Sequence[Sample], weight: float) -> list["_Group"]:
        if not samples:
            return []
        positive = [s.pixels for s in samples if s.target]
        negative = [s.pixels for s in samples if not s.target]
        density, wanted = np.array([_density(p) for p in negative]), np.array([_density(p) for p in positive])
        edges = np.quantile(np.concatenate([density, wanted]), np.linspace(0, 1, _BINS + 1))[1:-1]
        counts = [np.bincount(np.digitize(d, edges), minlength=_BINS) / len(d) for d in (wanted, density)]
        ratio = counts[0] / np.maximum(counts[1], 1e-3)
        shares = (self.matched * ratio + 1 - self.matched)[np.digitize(density, edges)]
        return [
            _Group(weight * _POSITIVE, 1, positive, None),
            _Group(weight * (1 - _POSITIVE), 0, negative, shares / shares.sum()),
        ]

    def _of_fields(self, samples: Sequence[Sample], weight: float) -> list["_Group"]:
        if not samples:
            return []
        kinds = sorted({(s.source, s.target) for s in samples})
        groups = []
        for kind in kinds:
            chosen = [s for s in samples if (s.source, s.target) == kind]
            counts = {p: sum(s.patient == p for s in chosen) for p in {s.patient for s in chosen}}
            shares = np.array([counts[s.patient] ** -0.5 for s in chosen])
            pixels = [s.pixels for s in chosen]
            groups.append(_Group(weight * (1 - self.acellular) / len(kinds), kind[1], pixels, shares / shares.sum()))
        return [*groups, _Group(weight * self.acellular, 0, _acellular(samples), None)]


@dataclass(frozen=True)
class _Group:
    """Images of one class, with the sampling share of each."""

    weight: float
    target: int
    images: list[RGB8]
    shares: NDArray[np.floating] | None


def _density(pixels: RGB8) -> float:
    """Mean absorption of red light, which haematoxylin absorbs."""
    return float(optical_density(pixels)[..., 0].mean())


def _acellular(samples: Sequence[Sample]) -> list[RGB8]:
    """The parts with the fewest nuclei of each field, and the two thirds of these with the fewest."""
    found: list[tuple[float, RGB8]] = []
    for sample in samples:
        height, width = sample.pixels.shape[:2]
        side = min(_TILE, height, width)
        parts = [
            sample.pixels[y : y + side, x : x + side]
            for y in range(0, height - side + 1, _TILE_STEP)
            for x in range(0, width - side + 1, _TILE_STEP)
        ]
        ranked = sorted(((_density(part), i) for i, part in enumerate(parts)))
        found += [(density, parts[i]) for density, i in ranked[: max(1, int(len(ranked) * _FEWEST_NUCLEI))]]
    found.sort(key=lambda each: each[0])
    return [part for _, part in found[: len(found) * 2 // 3]]
