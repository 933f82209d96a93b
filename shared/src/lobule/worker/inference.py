"""The inference step: the uploaded bytes in, result and pictures out."""

import hashlib

from lobule import layout
from lobule.contracts.errors import AnalysisError
from lobule.contracts.steps import Claim
from lobule.storage import ObjectStore
from lobule.worker.pipeline import Pipeline, ReportProgress


class InferenceHandler:
    """Runs a pipeline on a claimed image. The result is written last, so that where it stands, all of it stands."""

    def __init__(self, pipeline: Pipeline, store: ObjectStore) -> None:
        self._pipeline, self._store = pipeline, store

    def __call__(self, claim: Claim, progress: ReportProgress) -> None:
        """See `lobule.worker.runner.StepHandler`."""
        assert claim.image is not None, "an inference step is claimed with its image"
        assert claim.image_key is not None, "an inference step is claimed with its image"
        progress(0.0, "reading the image")
        data = self._store.get(claim.image_key)
        if hashlib.sha256(data).hexdigest() != claim.image.sha256:
            raise AnalysisError(
                "image_unreadable",
                "The stored image is not the one that was uploaded. Please upload it again.",
            )
        analysis = self._pipeline.analyse(data, claim.image, progress)
        for name, content in analysis.files.items():
            self._store.put(layout.file_key(claim.output_prefix, name), content)
        self._store.put(layout.result_key(claim.output_prefix), analysis.result.model_dump_json().encode())
        progress(1.0, "done")
