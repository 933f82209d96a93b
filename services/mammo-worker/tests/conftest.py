"""Fixtures of the mammography tests."""

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
    """Keras without graphs: for a few steps, tracing them takes longer than the steps themselves."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
