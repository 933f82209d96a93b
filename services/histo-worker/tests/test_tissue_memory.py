"""The memory that the map of a large field takes."""

import tracemalloc

import numpy as np

from histo_worker.tissue.reader import TissueReader


def test_few_arrays_of_the_size_of_a_map_are_there_at_once():
    """The map of the largest field has 43 million cells; each array of floats of its size takes 170 MB."""
    reader = TissueReader()
    field = np.full((2400, 2400, 3), 245, np.uint8)
    field[:60, :60] = np.random.default_rng(0).integers(90, 200, (60, 60, 3), np.uint8)
    most = []
    for _ in range(3):  # others allocate in between, and what is loaded once counts in the first round
        tracemalloc.start()
        reading = reader.read(field, 8.0)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert reading.tumour.shape == (1600, 1600)
    assert min(most) < 6 * reading.tumour.nbytes
