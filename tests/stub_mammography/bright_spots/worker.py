"""Entry point: `python -m bright_spots.worker`."""

from lobule.modalities import MAMMOGRAPHY
from lobule.worker.app import run_inference_worker
from lobule.worker.pipeline import Pipeline


def _build() -> Pipeline:
    from bright_spots.pipeline import BrightSpots

    return BrightSpots()


if __name__ == "__main__":
    run_inference_worker(MAMMOGRAPHY.model_copy(update={"read_together": False, "reads_regions": False}), _build)
