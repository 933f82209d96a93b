import os
from dataclasses import replace
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def shared_data() -> Path:
    default = Path(__file__).parents[3].parent / "shared" / "data"
    return Path(os.environ.get("LOBULE_SHARED_DATA", default))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    folder = shared_data()
    if not (folder / "breakhis").is_dir():
        pytest.skip(f"no real images at {folder}; set LOBULE_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def breakhis(data_folder: Path) -> Path:
    return data_folder / "breakhis"


@pytest.fixture(scope="session")
def fields(breakhis: Path):
    from histo_worker.data.breakhis import find_fields

    return find_fields(breakhis)


@pytest.fixture(scope="session")
def field_pixels(fields):
    from lobule.imaging.decode import decode_rgb

    return [decode_rgb(f.path.read_bytes()) for f in fields[::60]]


@pytest.fixture(scope="session")
def pipeline():
    from histo_worker.pipeline import build_pipeline

    return build_pipeline()


@pytest.fixture
def shared_evaluation(pipeline, monkeypatch) -> None:
    """`evaluate` uses the pipeline that the tests share instead of building one of the package that ships."""
    monkeypatch.setattr("histo_worker.evaluation.package.build_pipeline", lambda _: pipeline)


@pytest.fixture
def toy_weights(tmp_path_factory, monkeypatch) -> Path:
    """Random weights instead of the pretrained ones, of a DenseNet with as few layers as has the taps."""
    import keras
    import numpy as np

    from histo_worker.models.taps import build_trunk
    from lobule_ml.backbones import BACKBONES, densenet
    from lobule_ml.variables import get_variables

    monkeypatch.setattr(densenet, "BLOCKS", (1, 6, 1, 1))
    folder = tmp_path_factory.mktemp("weights")
    keras.utils.set_random_seed(0)
    spec = BACKBONES["densenet121"]
    path = folder / spec.archive
    path.parent.mkdir(parents=True)
    arrays = get_variables(build_trunk("densenet121", ("block2_middle", "block2")))
    np.savez(path, **{spec.key(name): array for name, array in arrays.items()})
    return folder


@pytest.fixture
def toy_variant(monkeypatch) -> None:
    """The "best" network with one block per stage, which is built in a fifth of the time, as variant `toy`."""
    from histo_worker.models.reference_resnet import FAMILY

    monkeypatch.setitem(FAMILY, "toy", replace(FAMILY["best"], width=8, blocks=(1, 1, 1, 1, 1)))


@pytest.fixture
def eager():
    """Keras without graphs, because tracing them takes longer than a few steps."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
