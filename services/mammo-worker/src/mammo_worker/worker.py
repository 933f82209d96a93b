"""Entry point of the mammography worker: `python -m mammo_worker.worker`."""

from functools import partial
from pathlib import Path

from lobule.modalities import MAMMOGRAPHY
from lobule.model_package import open_package, packages_in
from lobule.worker.app import run_inference_worker
from lobule.worker.examination import Examiner
from lobule.worker.pipeline import Pipeline
from lobule.worker.region import RegionExpert
from lobule_ml.quiet import import_keras
from mammo_worker.settings import PACKAGES, MammoSettings


def _build() -> Pipeline:
    settings = MammoSettings()
    open_package(settings.package, MAMMOGRAPHY.name)  # a worker without a model does not import TensorFlow
    import_keras()  # only in the child, after the fork
    from mammo_worker.calcifications.package import installed_search
    from mammo_worker.pipeline import build_pipeline

    return build_pipeline(clusters=installed_search() if settings.calcifications else None)


def _build_examiner() -> Examiner:
    from mammo_worker.examination.models import installed_models
    from mammo_worker.examination.together import read_together

    return partial(read_together, models=installed_models())


def _build_expert() -> RegionExpert:
    from mammo_worker.regions.expert import InstalledExpert

    return InstalledExpert()


def packages() -> list[Path]:
    """The packages that the worker uses: that of the search for calcifications only if the search is on."""
    from mammo_worker.calcifications.package import DEFAULT_PACKAGE

    return [each for each in packages_in(PACKAGES) if each.name != DEFAULT_PACKAGE or MammoSettings().calcifications]


if __name__ == "__main__":
    run_inference_worker(MAMMOGRAPHY, _build, _build_examiner, _build_expert, packages)
