"""Fixtures of the mammography tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def shared_weights():
    """The folder of pretrained backbones, beside the repository."""
    folder = Path(os.environ.get("LOBULE_SHARED_WEIGHTS", ROOT.parent / "shared" / "weights"))
    if not folder.is_dir():
        pytest.skip(f"pretrained weights are not at {folder}; set LOBULE_SHARED_WEIGHTS")
    return folder


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
