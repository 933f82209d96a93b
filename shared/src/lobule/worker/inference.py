"""The steps of a modality's worker, which turn uploaded files into results and pictures."""

from lobule import layout
from lobule.contracts.activity import DONE, activity
from lobule.contracts.modality import ModalitySpec
from lobule.contracts.result import Result
from lobule.contracts.steps import Claim, ExaminationClaim, InferenceClaim, RegionClaim
from lobule.contracts.unit import UnitImage
from lobule.errors import AnalysisError
from lobule.storage import ObjectStore
from lobule.worker.examination import ExaminationHandler, Examiner
from lobule.worker.metrics import observe_stages
from lobule.worker.pipeline import Pipeline, ReportProgress, part_of
from lobule.worker.region import RegionExpert, RegionHandler
from lobule.worker.stored_image import open_stored_image


class InferenceHandler:
    """Runs a pipeline on every current image of a claimed unit, one after another.

    A result is written after its pictures: if the result exists, the pictures exist.

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
        if isinstance(claim, ExaminationClaim) and self._examine is not None:
            self._examine(claim, progress)
            return
        if isinstance(claim, RegionClaim) and self._judge is not None:
            self._judge(claim, progress)
            return
        if not isinstance(claim, InferenceClaim):
            raise AnalysisError("internal_error", "step", step=claim.step)
        current, findings = claim.unit.current, 0
        for number, subject in enumerate(current):
            folder = layout.unit_result_folder(claim.output_prefix, subject.image_id, alone=len(current) == 1)
            result = self._analyse(subject, folder, part_of(progress, number, len(current)), findings)
            findings += len(result.findings)
        progress(1.0, DONE)

    def _analyse(self, subject: UnitImage, folder: str, progress: ReportProgress, findings: int) -> Result:
        progress(0.0, activity("reading_image"))
        with open_stored_image(self._store, subject.key, subject.image.sha256) as file:
            analysis = self._pipeline.analyse(file, subject.image, progress)
        observe_stages(analysis.result)
        result = analysis.result.of_modality(self._spec).numbered_from(findings)
        pictures = {layout.file_key(folder, name): content for name, content in analysis.files.items()}
        self._store.put_all(pictures | {layout.result_key(folder): result.model_dump_json().encode()})
        return result
