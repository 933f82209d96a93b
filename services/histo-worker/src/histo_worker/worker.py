"""Entry point of the histopathology worker: `python -m histo_worker.worker`."""

from functools import partial

from histo_worker.settings import TISSUE_PACKAGES
from lobule.modalities import HISTOPATHOLOGY
from lobule.model_package import packages_in
from lobule.worker.app import run_inference_worker
from lobule.worker.pipeline import Pipeline
from lobule_ml.quiet import import_keras


def _build() -> Pipeline:
    import_keras()  # only in the child, after the fork
    from histo_worker.pipeline import build_pipeline

    return build_pipeline()


if __name__ == "__main__":
    run_inference_worker(HISTOPATHOLOGY, _build, list_packages=partial(packages_in, TISSUE_PACKAGES))
