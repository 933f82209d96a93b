"""Augmented views of all regions as the frozen trunk's output, computed once for the training of every fold."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from lobule_ml.training.record import hash_files
from mammo_worker.regions.augment import augment
from mammo_worker.regions.crops import Crop
from mammo_worker.regions.plan import RegionPlan
from mammo_worker.regions.prepare import PreparedRegion

_VERSION = 1  # increase it if the output of preparation, augmentation or trunk changes
_BATCH = 16


class Views:
    """Feature maps of `views` augmentations of every region, in files.

    Args:
        folder: Folder of the views, used for nothing else.
        plan: Plan of the training.
        crops: All crops, in this order.
        starts_from: Name and hash of the trunk's weights; None for random weights.

    Raises:
        ValueError: The folder contains views of another plan, of other data or by other weights.
    """

    def __init__(self, folder: Path, plan: RegionPlan, crops: Sequence[Crop], starts_from: str | None) -> None:
        self._folder, self._plan = folder, plan
        recorded = {
            "version": _VERSION,
            "network": asdict(plan.network),
            "augmentation": asdict(plan.augmentation),
            "seed": plan.seed,
            "files": [c.path.name for c in crops],
            "data_sha256": hash_files(c.path for c in crops),
        }
        later = {"precision": plan.precision, "starts_from": starts_from}  # records of earlier versions lack these
        text = json.dumps({**recorded, **later}, indent=1)
        key = folder / "views.json"
        folder.mkdir(parents=True, exist_ok=True)
        if key.exists() and {**later, **json.loads(key.read_text("utf-8"))} != json.loads(text):
            raise ValueError(f"{folder} contains views of another configuration or other data; choose another folder")
        key.write_text(text, "utf-8")

    def missing(self) -> list[int]:
        """Views that have not been computed yet."""
        return [view for view in range(self._plan.views) if not self._maps(view).exists()]

    def compute(self, view: int, prepared: Sequence[PreparedRegion], trunk: keras.Model) -> None:
        """Compute one view; an interruption leaves no part of it."""
        path = self._maps(view)
        maps, sizes = [], []
        for start in range(0, len(prepared), _BATCH):
            part = prepared[start : start + _BATCH]
            chances = [np.random.default_rng((self._plan.seed, 1, view, start + i)) for i in range(len(part))]
            changed = [augment(p, self._plan.augmentation, c) for p, c in zip(part, chances, strict=True)]
            maps.append(np.asarray(trunk.predict_on_batch(np.stack([c.canvas for c in changed]))).astype(np.float16))
            sizes.append(np.stack([c.size for c in changed]))
        np.save(self._sizes(view), np.concatenate(sizes))
        unfinished = path.with_suffix(".part.npy")
        np.save(unfinished, np.concatenate(maps))
        unfinished.replace(path)

    def read(self, view: int) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
        """Read maps (crops, h, w, c), which stay on disk, and sizes (crops, 2)."""
        return np.load(self._maps(view), mmap_mode="r"), np.load(self._sizes(view))

    def _maps(self, view: int) -> Path:
        return self._folder / f"maps{view:02d}.npy"

    def _sizes(self, view: int) -> Path:
        return self._folder / f"sizes{view:02d}.npy"
