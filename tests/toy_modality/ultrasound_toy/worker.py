"""Entry point of the toy's worker: `python -m ultrasound_toy.worker`."""

from lobule.worker.app import run_inference_worker
from lobule.worker.pipeline import Pipeline
from ultrasound_toy.specification import SPEC


def _build() -> Pipeline:
    from ultrasound_toy.pipeline import ToyPipeline

    return ToyPipeline()


if __name__ == "__main__":
    run_inference_worker(SPEC, _build)
