"""The memory that the map of a large field takes."""

import tracemalloc

import numpy as np

from histo_worker.tissue.reader import TissueReader


def test_few_arrays_of_the_size_of_a_map_are_there_at_once():
    """The map of the largest field has 43 million cells; each array of floats of its size takes 170 MB."""
    reader = TissueReader()
    field = np.full((2400, 2400, 3), 245, np.uint8)
    field[:60, :60] = np.random.default_rng(0).integers(90, 200, (60, 60, 3), np.uint8)
    reader.read(field[:200, :200], 8.0)  # loads what is loaded once
    tracemalloc.start()
    reading = reader.read(field, 8.0)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reading.tumour.shape == (1600, 1600)
    assert most < 6 * reading.tumour.nbytes
