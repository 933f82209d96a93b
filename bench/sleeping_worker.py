"""A worker that computes nothing: it sleeps for LOBULE_BENCH_SLEEP_S and writes a result.

It allows benchmarks to measure the rest of the system without the network's processor time.
"""

import os
import signal
import time

from lobule.contracts.activity import DONE
from lobule.contracts.models import ModelManifest
from lobule.contracts.result import DisplayImage, ImageInfo, Result, Thresholds
from lobule.decoding.image_file import ImageFile
from lobule.modalities import HISTOPATHOLOGY
from lobule.worker.app import run_inference_worker
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

    manifest, card = _MANIFEST, "# Nothing"

    def analyse(self, file: ImageFile, image: ImageInfo, progress: ReportProgress) -> Analysis:
        """Sleep, and return an analysis without findings."""
        if image.width == POISON_WIDTH:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(float(os.environ["LOBULE_BENCH_SLEEP_S"]))
        progress(1.0, DONE)
        result = Result(
            image=image,
            model=_MANIFEST.info(),
            thresholds=_MANIFEST.thresholds,
            assessment="not_sure",
            probability_malignant=0.5,
            display=DisplayImage(file="display.png", width=image.width, height=image.height),
        )
        return Analysis(result, {"display.png": file.read()})


def _build() -> Pipeline:
    return SleepingPipeline()


if __name__ == "__main__":
    run_inference_worker(HISTOPATHOLOGY, _build)
