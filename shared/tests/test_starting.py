import gc
import subprocess
import sys

import pytest

from lobule.starting import without_collection

PROGRAM = """
import gc
from lobule.starting import without_collection

class Cycle:
    def __init__(self):
        self.itself = self

with without_collection():
    kept = [Cycle() for _ in range(10_000)]
    print(gc.get_count()[0] > gc.get_threshold()[0])
print(gc.isenabled(), gc.get_freeze_count() >= len(kept))
"""


def test_nothing_is_searched_inside_and_what_was_made_is_left_out_later():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]


@pytest.fixture
def disabled():
    gc.disable()
    yield
    gc.enable()


def test_a_program_without_collection_stays_so(disabled):
    with without_collection():
        pass
    assert not gc.isenabled()


def test_a_failed_start_enables_it_again():
    with pytest.raises(FileNotFoundError), without_collection():
        raise FileNotFoundError
    assert gc.isenabled()
