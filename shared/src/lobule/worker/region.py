"""The region step: an opinion of a region that a reader drew."""

from typing import Protocol

from lobule import layout
from lobule.contracts.activity import DONE, activity
from lobule.contracts.region import RegionOpinion, RegionRequest
from lobule.contracts.steps import RegionClaim
from lobule.decoding.image_file import ImageFile
from lobule.storage import ObjectStore
from lobule.worker.pipeline import ReportProgress
from lobule.worker.stored_image import open_stored_image


class RegionExpert(Protocol):
    """Gives opinions of regions. Built once per process, after the fork."""

    def __call__(self, request: RegionRequest, file: ImageFile) -> RegionOpinion:
        """Give an opinion of a region.

        Args:
            request: The image and the region on it.
            file: The uploaded file.

        Raises:
            AnalysisError: The image cannot be read, or no classifier of regions is installed.
        """
        ...


class RegionHandler:
    """Gives an opinion, and writes it to the object store.

    Args:
        expert: Gives the opinion.
        store: Store of images and opinions.
    """

    def __init__(self, expert: RegionExpert, store: ObjectStore) -> None:
        self._expert, self._store = expert, store

    def __call__(self, claim: RegionClaim, progress: ReportProgress) -> None:
        """Run the step; see `lobule.worker.runner.StepHandler`."""
        request = claim.region
        progress(0.0, activity("reading_image"))
        with open_stored_image(self._store, request.key, request.image.sha256) as file:
            opinion = self._expert(request, file)
        self._store.put(layout.conclusion_key(claim.output_prefix, claim.step), opinion.model_dump_json().encode())
        progress(1.0, DONE)
