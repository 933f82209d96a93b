"""Entry point of the mammography worker: `python -m mammo_worker.worker`."""

from lobule.modalities import MAMMOGRAPHY
from lobule.worker.app import run_inference_worker
from lobule.worker.pipeline import Pipeline


def _build() -> Pipeline:
    from mammo_worker.pipeline import (
        build_pipeline,  # TensorFlow is imported after the fork, in the child alone
    )

    return build_pipeline()


if __name__ == "__main__":
    run_inference_worker(MAMMOGRAPHY, _build)
