"""Fixtures of the mammography tests."""

import gc
import os
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
def pipeline():
    """The pipeline with the model package that ships."""
    from mammo_worker.packages import package_folder
    from mammo_worker.pipeline import build_pipeline

    if not (package_folder() / "model.json").exists():
        pytest.skip(f"the model package {package_folder().name} is not installed")
    return build_pipeline()


@pytest.fixture
def eager():
    """Keras without graphs: for a few steps, tracing them takes longer than the steps themselves.

    A training collects garbage before each phase; what earlier tests left is kept out of it, for there is much of it.
    """
    import tensorflow as tf

    gc.freeze()
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
    gc.unfreeze()
