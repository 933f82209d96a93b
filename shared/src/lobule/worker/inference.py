"""The steps of a modality's worker, which turn uploaded files into results and pictures."""

from lobule import layout
from lobule.contracts.activity import DONE, activity
from lobule.contracts.modality import ModalitySpec
from lobule.contracts.steps import Claim, ExaminationClaim, InferenceClaim, RegionClaim
from lobule.errors import AnalysisError
from lobule.storage import ObjectStore
from lobule.worker.examination import ExaminationHandler, Examiner
from lobule.worker.metrics import observe_stages
from lobule.worker.pipeline import Pipeline, ReportProgress
from lobule.worker.region import RegionExpert, RegionHandler
from lobule.worker.stored_image import open_stored_image


class InferenceHandler:
    """Runs the step of a claim: the analysis of an image, an examination, or an opinion of a region.

    Args:
        pipeline: Analyses one image.
        store: Store of images and results.
        spec: The modality; a result with parts that it does not allow is an error of the pipeline.
        examiner: Reads the images of an examination together; None if the modality has no examinations.
        expert: Gives opinions of regions; None if the modality has none.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        store: ObjectStore,
        spec: ModalitySpec,
        examiner: Examiner | None = None,
        expert: RegionExpert | None = None,
    ) -> None:
        self._pipeline, self._store, self._spec = pipeline, store, spec
        self._examine = None if examiner is None else ExaminationHandler(examiner, store)
        self._judge = None if expert is None else RegionHandler(expert, store)

    def __call__(self, claim: Claim, progress: ReportProgress) -> None:
        """See `lobule.worker.runner.StepHandler`."""
        if isinstance(claim, InferenceClaim):
            self._analyse(claim, progress)
        elif isinstance(claim, ExaminationClaim) and self._examine is not None:
            self._examine(claim, progress)
        elif isinstance(claim, RegionClaim) and self._judge is not None:
            self._judge(claim, progress)
        else:
            raise AnalysisError("internal_error", "step", step=claim.step)

    def _analyse(self, claim: InferenceClaim, progress: ReportProgress) -> None:
        progress(0.0, activity("reading_image"))
        [subject] = claim.unit.images
        with open_stored_image(self._store, subject.key, subject.image.sha256) as file:
            analysis = self._pipeline.analyse(file, subject.image, progress)
        observe_stages(analysis.result)
        result = analysis.result.of_modality(self._spec)
        pictures = {layout.file_key(claim.output_prefix, name): content for name, content in analysis.files.items()}
        # The result is written last: if it exists, its pictures exist.
        self._store.put_all(pictures | {layout.result_key(claim.output_prefix): result.model_dump_json().encode()})
        progress(1.0, DONE)
