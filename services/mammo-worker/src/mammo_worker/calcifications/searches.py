"""The two searches that are measured: spots in scale space, and the network. Each gives a search for every fold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lobule_ml.training.loop import AVERAGE_FILE
from lobule_ml.training.torch_speed import prepare_torch
from mammo_worker.calcifications.images import SearchedImage
from mammo_worker.calcifications.model import TREES, ClusterSearch
from mammo_worker.calcifications.network import build_network, likely_map
from mammo_worker.calcifications.peaks import find_peaks
from mammo_worker.calcifications.plan import SearchPlan
from mammo_worker.calcifications.spots import Spots, find_spots
from mammo_worker.calcifications.train import load_average

_LEAST_SCORE = -6.0  # logit; peaks below it are not counted at any rate

Found = tuple[tuple[float, float], float]
"""Centre x, y of a cluster in pixels of the searched image, and its score."""
Search = Callable[[SearchedImage], list[Found]]
SearchOf = Callable[[int, Sequence[SearchedImage]], Search | None]
"""The search for the images of a fold, from its number and the crops outside of it; None if it is not trained."""


@dataclass
class SpotSearches:
    """Searches by spots, fitted on the crops outside a fold.

    Attributes:
        trees: Number of trees of each model of spots.
    """

    trees: int = TREES
    _spots: dict[int, tuple[SearchedImage, Spots]] = field(default_factory=dict[int, tuple[SearchedImage, Spots]])

    def __call__(self, _fold: int, crops: Sequence[SearchedImage]) -> Search:
        """Fit on crops."""
        calcified = np.array([image.target is not None for image in crops])
        fitted = ClusterSearch([self._spots_of(image) for image in crops], calcified, self.trees)
        return lambda image: [(found.cluster.centre, found.score) for found in fitted(self._spots_of(image))]

    def _spots_of(self, image: SearchedImage) -> Spots:
        if id(image) not in self._spots:  # the image is kept, so that no other one gets its id
            self._spots[id(image)] = image, find_spots(image.grey, image.inside)
        return self._spots[id(image)][1]


@dataclass(frozen=True)
class NetworkSearches:
    """Searches by the networks of `train.train_fold`.

    Attributes:
        plan: Plan of the trainings.
        runs: Folder with `fold0` to `fold4`.
    """

    plan: SearchPlan
    runs: Path

    def __call__(self, fold: int, _crops: Sequence[SearchedImage]) -> Search | None:
        """Load the network of a fold; None if it is not finished."""
        if not (self.runs / f"fold{fold}" / AVERAGE_FILE).exists():
            return None
        prepare_torch()
        network = build_network(self.plan.widths)
        load_average(network, self.runs / f"fold{fold}")

        def search(image: SearchedImage) -> list[Found]:
            peaks = find_peaks(likely_map(network, image.grey), image.inside, _LEAST_SCORE)
            return [(peak.centre, peak.score) for peak in peaks]

        return search
