"""The search for clusters of calcifications on a film, with suspicions by the classifier of regions."""

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule.contracts.findings import CALCIFICATION
from lobule.contracts.result import Box, Finding, ModelInfo
from lobule.imaging.film import Film
from lobule.imaging.hanging import points_in_file
from lobule.model_package import ModelPackage
from lobule_ml.calibration import Logistic
from lobule_ml.packages import read_weights
from mammo_worker.calcifications.clusters import Cluster, find_clusters
from mammo_worker.calcifications.network import build_network, likely_map
from mammo_worker.calcifications.tissue import SPACING, at_search_scale, tissue
from mammo_worker.films.hanging import HungFilm
from mammo_worker.packages import building_network
from mammo_worker.regions.package import RegionReader
from mammo_worker.regions.prepare import region_at
from mammo_worker.regions.read import grey_range, regions_on
from mammo_worker.regions.scale import Scale

ARCHITECTURE = "mammo_worker.calcifications"
LEAST_SCORE = -6.0  # logit; clusters below it are not looked at
_LEAST_PROBABILITY = 0.05
_MOST = 20  # clusters of a film
_LEAST_SIDE = 6.0  # mm; the classifier of regions has learned few that are smaller
_LARGEST_FILM = 500.0  # mm; a film with a longer side has a false spacing, and none is as large


class CalcificationSearch:
    """Searches films for clusters of calcifications.

    Args:
        package: Package of the network.
        regions: The classifier of regions.

    Raises:
        AnalysisError: `model_unavailable` if the package does not fit this version of the worker.
    """

    def __init__(self, package: ModelPackage, regions: RegionReader) -> None:
        with building_network(package, ARCHITECTURE) as manifest:
            self._network = build_network(tuple(manifest.architecture["widths"]))
            self._network.set_weights([array.astype(np.float32) for array in read_weights(package.weights)])
            values = manifest.calibration.values()["cluster"]
            self._calibration = Logistic(tuple(values["weights"]), values["bias"])
        self._regions = regions
        self._model = manifest.info()

    @property
    def model(self) -> ModelInfo:
        """The model of the search."""
        return self._model

    def warm_up(self) -> None:
        """Trace both networks, so that the first film does not have to wait."""
        likely_map(self._network, np.zeros((256, 256), np.float32))
        likely_map(self._network, np.zeros((1100, 256), np.float32))
        blank = region_at(np.zeros((64, 64), np.float32), SPACING, self._regions.side)
        for count in (1, 2):
            self._regions([blank] * count)

    def can_search(self, film: Film) -> bool:
        """Whether the spacing of a film is known, fine enough, and not false by the size that follows from it."""
        spacing = film.pixel_spacing_mm
        if spacing is None or not Scale(spacing).is_fine_enough:
            return False
        return max(count * each for count, each in zip(film.pixels.shape, spacing, strict=True)) <= _LARGEST_FILM

    def __call__(self, film: Film, hung: HungFilm) -> list[Finding]:
        """Search a film for which `can_search` holds.

        Args:
            film: The film with its hanging and its spacing.
            hung: The film as it hangs.

        Returns:
            Clusters in pixels of the file, most probable first. Their suspicion is the probability of a cluster times
            that of malignancy by the classifier of regions; it is None if the region cannot be classified.
        """
        spacing = film.pixel_spacing_mm
        assert spacing is not None
        clusters, probabilities = self._clusters(film, hung)
        if not clusters:
            return []
        boxes = [_box_in_file(cluster, film) for cluster in clusters]
        regions = regions_on(film, boxes, self._regions.side, Scale(spacing), hung.breast)
        opinions = iter(self._regions([region.prepared for region in regions if region.prepared is not None]))
        return [
            Finding(
                label=CALCIFICATION,
                probability=probability,
                probability_malignant=(
                    None if region.prepared is None else probability * next(opinions).probability_malignant
                ),
                box=box,
                outline=None,
            )
            for box, region, probability in zip(boxes, regions, probabilities, strict=True)
        ]

    def _clusters(self, film: Film, hung: HungFilm) -> tuple[list[Cluster], list[float]]:
        """Clusters with boxes in pixels of the hung film, and their probabilities."""
        assert film.pixel_spacing_mm is not None
        spacing = film.pixel_spacing_mm
        if film.hanging is not None and film.hanging.rotation in (90, 270):
            spacing = (spacing[1], spacing[0])
        rows, columns, mask = _breast_part(hung)
        if not mask.size:
            return [], []
        low, high = grey_range(film)
        grey = at_search_scale(hung.pixels[rows, columns], spacing)
        grey = np.clip((grey - low) * (255 / max(high - low, 1.0)), 0, 255)
        on_breast = cv2.resize(mask.astype(np.uint8), grey.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        inside = tissue(grey) & on_breast
        found = find_clusters(likely_map(self._network, grey, inside), inside, LEAST_SCORE, _MOST)
        probabilities = self._calibration(np.array([cluster.score for cluster in found])).tolist()
        kept = [pair for pair in zip(found, probabilities, strict=True) if pair[1] >= _LEAST_PROBABILITY]
        corner = np.array([columns.start, rows.start] * 2)
        height, width = grey.shape
        scale = np.array([(columns.stop - columns.start) / width, (rows.stop - rows.start) / height] * 2)
        least = _LEAST_SIDE / SPACING
        shape = hung.pixels.shape
        on_film = [replace(c, box=_clipped(_grown(c, least) * scale + corner, shape)) for c, _ in kept]
        return on_film, [probability for _, probability in kept]


def _breast_part(hung: HungFilm) -> tuple[slice, slice, NDArray[np.bool_]]:
    """Rows and columns of a hung film around the breast, and the breast's mask there, coarser than the film."""
    breast = hung.breast
    if not breast.mask.any():
        return slice(0, 0), slice(0, 0), np.zeros((0, 0), bool)
    top, bottom, left, right = breast.area
    down, across = (bottom - top) / breast.mask.shape[0], (right - left) / breast.mask.shape[1]
    rows, columns = np.flatnonzero(breast.mask.any(axis=1)), np.flatnonzero(breast.mask.any(axis=0))
    part = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return (
        slice(top + int(part[0].start * down), min(bottom, top + math.ceil(part[0].stop * down))),
        slice(left + int(part[1].start * across), min(right, left + math.ceil(part[1].stop * across))),
        breast.mask[part],
    )


def _grown(cluster: Cluster, least: float) -> NDArray[np.float64]:
    """A cluster's box with sides of at least this length."""
    box = np.array(cluster.box)
    middle, half = (box[:2] + box[2:]) / 2, np.maximum((box[2:] - box[:2]) / 2, least / 2)
    return np.concatenate([middle - half, middle + half])


def _clipped(box: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    height, width = shape[:2]
    x1, y1, x2, y2 = np.clip(box, 0, [width, height] * 2).tolist()
    return x1, y1, x2, y2


def _box_in_file(cluster: Cluster, film: Film) -> Box:
    corners = points_in_file(np.array(cluster.box).reshape(2, 2), film.hanging, film.pixels.shape)
    (x1, y1), (x2, y2) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return Box(x=x1, y=y1, width=x2 - x1, height=y2 - y1)
