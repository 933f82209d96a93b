"""A worker that computes nothing: it sleeps for LOBULE_BENCH_SLEEP_S and writes a result.

python -m sleeping_worker [mammography]

It allows benchmarks to measure the rest of the system without the network's processor time.
"""

import os
import signal
import sys
import time

from lobule.contracts.activity import DONE
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.examination_request import ExaminationRequest
from lobule.contracts.models import ModelManifest
from lobule.contracts.result import DisplayImage, ImageInfo, Result, Thresholds
from lobule.decoding.image_file import ImageFile
from lobule.modalities import HISTOPATHOLOGY, MAMMOGRAPHY
from lobule.worker.app import run_inference_worker
from lobule.worker.examination import Examiner, JointAnalysis, OpenImage
from lobule.worker.pipeline import Analysis, Pipeline, ReportProgress

POISON_WIDTH = 67
"""An image of this width kills its worker."""

_MANIFEST = ModelManifest(
    name="sleeper",
    version="1",
    modality="histopathology",
    architecture={},
    input={},
    classes=["benign", "malignant"],
    thresholds=Thresholds(low=0.2, high=0.7),
    calibration={"method": "none"},
    weights_file="none",
    weights_sha256="0" * 64,
    trained_on="nothing",
    licence="none",
    metrics=[],
)


class SleepingPipeline:
    """Implements `lobule.worker.pipeline.Pipeline`."""

    card = "# Nothing"

    def __init__(self, modality: str) -> None:
        self._manifest = _MANIFEST.model_copy(update={"modality": modality})

    @property
    def manifest(self) -> ModelManifest:
        """A manifest of a model that does not exist."""
        return self._manifest

    def analyse(self, file: ImageFile, image: ImageInfo, progress: ReportProgress) -> Analysis:
        """Sleep, and return an analysis without findings."""
        if image.width == POISON_WIDTH:
            os.kill(os.getpid(), signal.SIGKILL)
        _sleep()
        progress(1.0, DONE)
        result = Result(
            image=image,
            model=self._manifest.info(),
            thresholds=self._manifest.thresholds,
            assessment="not_sure",
            probability_malignant=0.5,
            display=DisplayImage(file="display.png", width=image.width, height=image.height),
        )
        return Analysis(result, {"display.png": file.read()})


def _read_together(request: ExaminationRequest, open_image: OpenImage) -> JointAnalysis:  # noqa: ARG001 - as `Examiner`
    _sleep()
    return JointAnalysis(
        ExaminationReading(method="rule", breasts=[], assessment="not_sure", probability_malignant=0.5)
    )


def _sleep() -> None:
    time.sleep(float(os.environ["LOBULE_BENCH_SLEEP_S"]))


def _build() -> Pipeline:
    return SleepingPipeline("histopathology")


def _build_for_films() -> Pipeline:
    return SleepingPipeline("mammography")


def _build_examiner() -> Examiner:
    return _read_together


if __name__ == "__main__":
    if sys.argv[1:] == ["mammography"]:
        films = MAMMOGRAPHY.model_copy(update={"reads_regions": False})
        run_inference_worker(films, _build_for_films, _build_examiner)
    else:
        run_inference_worker(HISTOPATHOLOGY, _build)
