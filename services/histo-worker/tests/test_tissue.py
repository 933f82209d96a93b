"""The tissue of a field: windows by the micrometre, map, distance to the training tissue."""

import cv2
import numpy as np
import pytest

from histo_worker.tissue.network import SIDE, UM_PER_PIXEL
from histo_worker.tissue.out_of_distribution import FAR, fit_training_tissue
from histo_worker.tissue.reader import TissueReader
from histo_worker.tissue.windows import CELL, bands, scaled_size

PINK = (200, 120, 180)


@pytest.fixture(scope="module")
def reader() -> TissueReader:
    return TissueReader()


class TestWindows:
    @pytest.mark.parametrize(
        ("shape", "um"), [((50, 50), 4.0), ((460, 700), 0.48), ((900, 1500), 4.0), ((64, 640), 3.0)]
    )
    def test_cover_the_field_and_lie_within_it(self, shape, um):
        field = np.full((*shape, 3), PINK, np.uint8)
        rows, columns = scaled_size(*shape, um)
        seen = np.zeros((rows, columns), bool)
        for band in bands(field, um):
            assert band.patches.shape == (len(band.xs), SIDE, SIDE, 3)
            for x in band.xs:
                assert band.y + SIDE <= rows
                assert x + SIDE <= columns
                seen[band.y : band.y + SIDE, x : x + SIDE] = True
        margin = SIDE // 4
        assert seen[margin : rows - margin, margin : columns - margin].all()

    def test_glass_is_not_read(self):
        field = np.full((400, 400, 3), 250, np.uint8)
        assert not any(band.xs for band in bands(field, UM_PER_PIXEL))

    @pytest.mark.parametrize("centre", [(80, 80), (300, 200), (60, 420), (440, 440)])
    def test_the_map_peaks_where_the_lesion_lies(self, monkeypatch, reader, centre):
        """The evidence of a stand-in is darkness, so only the geometry is tested; a tile has 50 pixels of 4 um."""

        def darkness(patches):
            dark = 255 - patches.astype(np.float32).mean(axis=3)
            evidence = dark.reshape(len(patches), 4, SIDE // 4, 4, SIDE // 4).mean(axis=(2, 4))
            return evidence.mean(axis=(1, 2)), evidence, np.zeros((len(patches), 310), np.float32)

        monkeypatch.setattr(reader, "outputs", darkness)
        monkeypatch.setattr(reader, "_slope", 0.02)
        field = np.full((500, 500, 3), PINK, np.uint8)
        cv2.circle(field, centre[::-1], 20, (40, 10, 60), -1)
        tumour = reader.read(field, 4.0).tumour
        peak = np.array(np.unravel_index(tumour.argmax(), tumour.shape)) * CELL * UM_PER_PIXEL / 4.0
        assert np.abs(peak - centre).max() <= 50


class TestOutOfDistribution:
    def test_other_features_are_far_and_new_patients_are_not(self):
        rng = np.random.default_rng(0)
        mixing = rng.normal(size=(6, 6))
        fields = [rng.normal(size=(4, 6)) @ mixing + 3 * (i % 2) for i in range(300)]
        sources = ["a" if i % 2 else "b" for i in range(300)]
        tissue = fit_training_tissue(fields, sources, [str(i // 3) for i in range(300)])
        again = type(tissue).from_arrays(tissue.arrays())
        new = [again.unlike(rng.normal(size=(4, 6)) @ mixing + 3 * (i % 2)) for i in range(200)]
        assert np.mean(np.array(new) >= FAR) < 0.08
        assert again.unlike(rng.normal(size=(4, 6)) @ mixing + 40) == 1.0
