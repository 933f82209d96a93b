import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def shared_weights() -> Path:
    """The folder of pretrained weights; tests that need it are skipped if it does not exist."""
    folder = Path(os.environ.get("LOBULE_SHARED_WEIGHTS", REPOSITORY.parent / "shared" / "weights"))
    if not folder.is_dir():
        pytest.skip(f"no pretrained weights: {folder} does not exist (set LOBULE_SHARED_WEIGHTS)")
    return folder
