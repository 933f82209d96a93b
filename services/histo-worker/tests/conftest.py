import os
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
