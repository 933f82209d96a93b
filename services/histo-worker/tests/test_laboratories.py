from pathlib import Path

import cv2
import numpy as np
import pytest

from histo_worker.evaluation.appearances import Lit, Redyed, mean_dyes, read_dyes
from histo_worker.preprocessing.dyes import Dyes, dyes_of
from histo_worker.preprocessing.stain import REFERENCE_MAXIMA, REFERENCE_STAINS, from_optical_density
from histo_worker.reproduction import laboratories
from histo_worker.training import features

_STAINS = np.array([[0.65, 0.70, 0.29], [0.32, 0.88, 0.35]])
PURPLE = Dyes(_STAINS / np.linalg.norm(_STAINS, axis=1, keepdims=True), np.array([1.4, 0.8]))


def _dyes(picture):
    found = dyes_of(picture)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def tissue():
    """A field with Macenko's reference dyes."""
    rng = np.random.default_rng(0)
    amounts = rng.uniform(0, 1, (96, 96, 2)) ** 2 * REFERENCE_MAXIMA
    return from_optical_density((amounts @ REFERENCE_STAINS).astype(np.float32))


class TestAppearances:
    def test_replaced_dyes_are_those_of_the_source(self, tissue):
        found = _dyes(Redyed(PURPLE)(tissue))
        np.testing.assert_allclose(found.stains, PURPLE.stains, atol=0.03)
        np.testing.assert_allclose(found.maxima, PURPLE.maxima, rtol=0.1)

    def test_moved_dyes_keep_a_fields_difference_to_the_mean(self, tissue):
        own = _dyes(tissue)
        same = Redyed(PURPLE, mean=PURPLE)(tissue)
        assert np.abs(same.astype(int) - tissue).max() <= 1
        moved = _dyes(Redyed(PURPLE, mean=own)(tissue))
        np.testing.assert_allclose(moved.stains, PURPLE.stains, atol=0.03)

    def test_glass_is_unchanged(self):
        glass = np.full((50, 50, 3), 250, np.uint8)
        assert dyes_of(glass) is None
        np.testing.assert_array_equal(Redyed(PURPLE)(glass), glass)

    def test_light_darkens_and_shifts_to_red(self):
        grey = Lit()(np.full((4, 4, 3), 128, np.uint8))[0, 0]
        assert 128 > grey[0] > grey[1] > grey[2]

    def test_dyes_of_a_picture_and_of_a_data_set(self, tmp_path, tissue, breakhis, fields):
        picture = tmp_path / "region.png"
        cv2.imwrite(str(picture), tissue[..., ::-1])
        np.testing.assert_allclose(read_dyes(picture)[""].stains, _dyes(tissue).stains, atol=1e-5)
        assert list(read_dyes(breakhis)) == [f", {q}th percentile" for q in (10, 50, 90)]
        assert mean_dyes(fields[:3]).stains.shape == (2, 3)

    def test_a_picture_without_tissue_is_refused(self, tmp_path):
        cv2.imwrite(str(tmp_path / "glass.png"), np.full((60, 60, 3), 250, np.uint8))
        with pytest.raises(ValueError, match="cannot be distinguished"):
            read_dyes(tmp_path / "glass.png")


def test_adapting_gives_back_what_other_dyes_shift(fields, monkeypatch):
    """Stubs are the features: the class and noise, which other dyes shift alike for all fields."""
    given = [f for f in fields if f.magnification in laboratories.TESTED]

    def stub(chosen, reader, *_, change=None):
        rng = np.random.default_rng(0)
        target = np.array([f.target for f in chosen])
        shift = -2.0 if isinstance(change, Redyed) else 0.0
        return {laboratories.BASE.statistic: (target + rng.normal(0, 0.5, len(chosen)) + shift)[:, None]}

    monkeypatch.setattr(laboratories, "field_features", stub)
    lines = list(laboratories.laboratories_section(given, [], {"purple": PURPLE}, Path(), None))
    rows = {c[1].strip(): [x.strip() for x in c[2:-1]] for c in (line.split("|") for line in lines) if len(c) == 6}

    def log_loss(row, method):
        return float(rows[row][method].split(", ")[1])

    assert rows["own dyes"][0] == rows["another light"][0]
    for kind in ("moved", "replaced"):
        as_it_is, stated, without = (log_loss(f"dyes of purple, {kind}", m) for m in range(3))
        assert as_it_is > without > stated
    assert abs(log_loss("own dyes", 1) - log_loss("own dyes", 0)) < 0.1


def test_changed_fields_have_features_of_their_own(fields, tmp_path, monkeypatch):
    keys = []

    def rows(file, items, row, noun):
        keys.append(file.name)
        return [np.zeros(1)] * len(features.STATISTICS)

    monkeypatch.setattr(features, "cached_rows", rows)
    archive = tmp_path / "weights.npz"
    archive.write_bytes(b"weights")
    for change in (None, Lit(), Lit(gamma=1.3), Redyed(PURPLE), Redyed(PURPLE, mean=PURPLE)):
        features.field_features(
            fields[:1], laboratories.BASE.reader, "densenet121", ("block2",), archive, tmp_path, change=change
        )
    assert len(set(keys)) == len(keys)
