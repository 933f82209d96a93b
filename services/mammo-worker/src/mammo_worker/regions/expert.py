"""Gives opinions of regions that readers draw, for the service."""

from functools import cached_property

from lobule.contracts.region import RegionOpinion, RegionRequest
from lobule.decoding.image_file import ImageFile
from mammo_worker.regions.package import RegionReader, installed_reader
from mammo_worker.regions.read import regions_of_film
from mammo_worker.regions.scale import COARSEST


class InstalledExpert:
    """Gives opinions with the bundled classifier, which is loaded for the first opinion."""

    @cached_property
    def _reader(self) -> RegionReader:
        return installed_reader()

    def __call__(self, request: RegionRequest, file: ImageFile) -> RegionOpinion:
        """See `lobule.worker.region.RegionExpert`.

        Raises:
            AnalysisError: The film cannot be read, or no classifier is installed.
        """
        reader = self._reader
        [region] = regions_of_film(file, [request.box], reader.side, request.image.pixel_spacing_mm)
        answer = RegionOpinion(
            outcome=region.outcome,
            mm_per_pixel=region.scale.mm_per_pixel,
            coarsest_mm_per_pixel=COARSEST,
            scale_assumed=region.scale.assumed,
            model=reader.manifest.info(),
        )
        if region.prepared is None:
            return answer
        [opinion] = reader([region.prepared])
        thresholds = reader.manifest.thresholds
        return answer.model_copy(
            update={
                "kind": opinion.kind,
                "probability_kind": opinion.probability_kind,
                "probability_malignant": opinion.probability_malignant,
                "assessment": thresholds.assess(opinion.probability_malignant),
                "thresholds": thresholds,
            }
        )
