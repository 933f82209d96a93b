"""Fixtures of the mammography tests."""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from lobule.contracts.examination_request import AnalysedImage, ExaminationRequest
from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, ModelInfo, Result, Thresholds
from lobule_ml.calibration import Logistic
from mammo_worker.examination.models import ExaminationModels
from mammo_worker.examination.together import read_together

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def shared_weights():
    """The folder of pretrained backbones, beside the repository."""
    folder = Path(os.environ.get("LOBULE_SHARED_WEIGHTS", ROOT.parent / "shared" / "weights"))
    if not folder.is_dir():
        pytest.skip(f"pretrained weights are not at {folder}; set LOBULE_SHARED_WEIGHTS")
    return folder


@pytest.fixture
def few_resamples(monkeypatch):
    """Intervals come from 20 resamples: a thousand take seconds, and the tests of whole documents look at none."""
    from lobule_ml.evaluation import statistics
    from mammo_worker.evaluation import metrics

    draw = statistics.patient_resamples

    def draw_few(patients, *, rounds=1000, **options):
        return draw(patients, rounds=min(rounds, 20), **options)

    for module in (statistics, metrics):
        monkeypatch.setattr(module, "patient_resamples", draw_few)


@pytest.fixture(scope="session")
def pipeline(mammography_pipeline):
    """The pipeline with the model package that ships."""
    return mammography_pipeline


@pytest.fixture(scope="session")
def shallow():
    """Makes EfficientNet-Lite0 with one block a stride: what a toy network costs is the number of its layers."""
    from lobule_ml.backbones import BACKBONES, efficientnet_lite

    @contextmanager
    def shallow() -> Iterator[None]:
        first, *others = efficientnet_lite.STAGES
        kept = [first, *(stage for stage in others if stage[2] == 2)]
        stages = tuple((1, kernel, stride, 1, channels) for _, kernel, stride, _, channels in kept)
        spec = efficientnet_lite.EFFICIENTNET_LITE0
        names = BACKBONES._all()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(efficientnet_lite, "STAGES", stages)
            patch.setitem(names, "efficientnet_lite0", replace(spec, stages=spec.stages[: len(stages)], coarse=3))
            yield

    return shallow


@pytest.fixture(scope="session")
def toy_training(shallow):
    """Makes a few steps of a toy network cheap: it is shallow, and no graph is traced, which takes longer than they."""
    import tensorflow as tf

    @contextmanager
    def toy_training() -> Iterator[None]:
        with shallow():
            tf.config.run_functions_eagerly(True)
            try:
                yield
            finally:
                tf.config.run_functions_eagerly(False)

    return toy_training


@pytest.fixture
def eager(toy_training):
    """A few steps of a toy network are cheap; see `toy_training`."""
    with toy_training():
        yield


@pytest.fixture(scope="session")
def film_png(draw_film) -> bytes:
    """A drawn film, as a file."""
    blurred = cv2.GaussianBlur(draw_film(height=500, width=300, bits=8), (0, 0), 2)
    return cv2.imencode(".png", blurred)[1].tobytes()


@pytest.fixture
def films(film_png):
    """Makes analysed films of one drawn breast, and reads them together as the service does."""

    class Films:
        models = ExaminationModels(pairs=Logistic((0.0, 0.0, 0.0, 0.0, 0.0), 3.0))  # any two findings are one lesion
        thresholds = Thresholds(low=0.2, high=0.6, finding=0.3)

        def __init__(self) -> None:
            self.results: dict[str, Result] = {}
            self.images: list[AnalysedImage] = []

        def add(self, name, findings=(), side="L", view="CC", role="current", spacing=None, p=0.7):
            image = ImageInfo(
                sha256=hashlib.sha256(film_png).hexdigest(),
                file_name="film.png",
                modality="mammography",
                width=300,
                height=500,
                laterality=side,
                view=view,
                pixel_spacing_mm=spacing,
                spacing_plane=spacing and "detector",
            )
            self.images.append(AnalysedImage(job_id=name, role=role, image=image, key=name, result_prefix=name))
            self.results[name] = Result(
                image=image,
                model=ModelInfo(name="m", version="1", weights_sha256="0" * 64, calibration="c", trained_on="t"),
                thresholds=self.thresholds,
                assessment=self.thresholds.assess(p),
                probability_malignant=p,
                findings=[
                    Finding(
                        label="malignant",
                        probability=0.9,
                        probability_malignant=min(p, 0.6),
                        box=Box(x=x - s / 2, y=y - s / 2, width=s, height=s),
                    )
                    for x, y, s in findings
                ],
                display=DisplayImage(file="display.png", width=300, height=500),
            )

        def open_image(self, each):
            return nullcontext((io.BytesIO(film_png), self.results[each.job_id]))

        def together(self, models=None, **beside):
            images = sorted(self.images, key=lambda image: image.role)
            request = ExaminationRequest(images=images, **beside)
            return read_together(request, self.open_image, models or self.models).reading

    return Films()
