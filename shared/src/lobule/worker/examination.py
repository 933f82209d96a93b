"""The examination step: reads images together that were analysed one by one."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from lobule import layout
from lobule.contracts.activity import DONE, activity
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.examination_request import AnalysedImage, ExaminationRequest
from lobule.contracts.result import Result
from lobule.contracts.steps import ExaminationClaim
from lobule.decoding.image_file import ImageFile
from lobule.storage import ObjectStore
from lobule.worker.pipeline import ReportProgress
from lobule.worker.stored_image import open_stored_image

OpenImage = Callable[[AnalysedImage], AbstractContextManager[tuple[ImageFile, Result]]]
"""Opens the uploaded file of an analysed image, beside the result of its analysis."""


@dataclass(frozen=True)
class JointAnalysis:
    """The output of an examiner: the reading and the files that it names."""

    reading: ExaminationReading
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])


class Examiner(Protocol):
    """Reads the images of an examination together. Built once per process, after the fork."""

    def __call__(self, request: ExaminationRequest, open_image: OpenImage) -> JointAnalysis:
        """Read an examination.

        Args:
            request: The images of the examination.
            open_image: Opens the file of an image, beside its result.

        Raises:
            AnalysisError: The examination cannot be read.
        """
        ...


class ExaminationHandler:
    """Reads an examination, and writes the combined reading and its files to the object store.

    Args:
        examiner: Reads the examination.
        store: Store of images and results.
    """

    def __init__(self, examiner: Examiner, store: ObjectStore) -> None:
        self._examiner, self._store = examiner, store

    def __call__(self, claim: ExaminationClaim, progress: ReportProgress) -> None:
        """Run the step; see `lobule.worker.runner.StepHandler`."""
        request = claim.examination
        seen = 0

        @contextmanager
        def open_image(each: AnalysedImage) -> Iterator[tuple[ImageFile, Result]]:
            nonlocal seen
            progress(seen / (len(request.images) + 1), activity("reading_image"))
            seen += 1
            with open_stored_image(self._store, each.key, each.image.sha256) as file:
                yield file, Result.model_validate_json(self._store.get(layout.result_key(each.result_prefix)))

        analysis = self._examiner(request, open_image)
        files = {layout.file_key(claim.output_prefix, name): content for name, content in analysis.files.items()}
        document = layout.conclusion_key(claim.output_prefix, claim.step)  # written last: if it exists, the files exist
        self._store.put_all(files | {document: analysis.reading.model_dump_json().encode()})
        progress(1.0, DONE)
