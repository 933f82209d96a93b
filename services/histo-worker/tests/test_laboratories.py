import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest

from histo_worker.evaluation import appearances
from histo_worker.evaluation.appearances import Lit, Redyed, mean_dyes, read_dyes
from histo_worker.preprocessing.stain import REFERENCE_MAXIMA, REFERENCE_STAINS, Dyes, dyes_of, from_optical_density
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

    def test_dyes_of_a_picture_and_of_a_data_set(self, tmp_path, breakhis, fields):
        field = fields[0]
        np.testing.assert_allclose(read_dyes(field.path)[""].stains, _dyes(field.pixels()).stains, atol=1e-5)
        assert list(read_dyes(breakhis)) == [f", {q}th percentile" for q in (10, 50, 90)]
        assert mean_dyes(fields[:3]).stains.shape == (2, 3)
        table = tmp_path / "labels.csv"
        table.write_text(f"file,patient,label\n{field.path},1,{field.label}\n")
        np.testing.assert_allclose(read_dyes(table)[", 50th percentile"].stains, _dyes(field.pixels()).stains)

    def test_a_data_set_is_read_patient_by_patient(self, breakhis, monkeypatch):
        """The pixels of a patient are released before the next one is read."""
        alive = []
        whole = appearances._pixels

        def watched(field, most):
            pixels = whole(field, most)
            patients = {patient for patient, kept in alive if kept() is not None} - {field.patient}
            assert not patients
            alive.append((field.patient, weakref.ref(pixels)))
            return pixels

        monkeypatch.setattr(appearances, "_pixels", watched)
        read_dyes(breakhis)

    def test_of_a_patient_with_many_pixels_some_are_read(self, fields):
        whole = fields[0].pixels().reshape(-1, 3)
        assert len(appearances._pixels(fields[0], len(whole))) == len(whole)
        assert len(appearances._pixels(fields[0], len(whole) // 10)) == len(whole) // 10

    def test_a_picture_without_tissue_is_refused(self, tmp_path):
        for name, picture in (
            ("glass", np.full((60, 60, 3), 250)),
            ("noise", np.random.default_rng(0).integers(0, 255, (60, 60, 3))),
        ):
            file = tmp_path / f"{name}.png"
            cv2.imwrite(str(file), picture.astype(np.uint8))
            with pytest.raises(ValueError, match=f"{file}: not_histology: "):
                read_dyes(file)
        (tmp_path / "no.png").write_bytes(b"no picture")
        with pytest.raises(ValueError, match=r"no\.png: unsupported_format: "):
            read_dyes(tmp_path / "no.png")


def test_too_few_patients_are_refused_before_anything_is_computed(fields, monkeypatch):
    monkeypatch.setattr(laboratories, "mean_dyes", None)
    few = [f for f in fields if f.magnification == "100X" and f.patient in {g.patient for g in fields[:60]}]
    with pytest.raises(ValueError, match="give more patients"):
        list(laboratories.laboratories_section(few, [], {"purple": PURPLE}, Path(), None))


def test_adapting_gives_back_what_other_dyes_shift(fields, monkeypatch):
    """Stubs are the features: the class and noise, which other dyes shift alike for all fields."""
    given = [f for f in fields if f.magnification in laboratories.TESTED]

    def stub(chosen, reader, *_, change=None):
        rng = np.random.default_rng(0)
        target = np.array([f.target for f in chosen])
        shift = -2.0 if isinstance(change, Redyed) else 0.0
        return {laboratories.SHIPS.statistic: (target + rng.normal(0, 0.5, len(chosen)) + shift)[:, None]}

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
            fields[:1], laboratories.SHIPS.reader, "densenet121", ("block2",), archive, tmp_path, change=change
        )
    assert len(set(keys)) == len(keys)
