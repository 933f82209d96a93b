"""Cached results are found by content, never by name."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from histo_worker.data.breakhis import find_fields
from histo_worker.field_reader import FieldReader
from histo_worker.models.taps import build_trunk
from histo_worker.reproduction import networks
from histo_worker.training import cache
from histo_worker.training.cache import cached, cached_rows, content_key
from histo_worker.training.features import field_features
from lobule_ml.backbones import BACKBONES
from lobule_ml.variables import get_variables

BACKBONE = "efficientnet_lite0"
NAMES = ("SOB_B_A-14-22549AB-100-001.png", "SOB_M_DC-14-13418DE-100-012.png")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Folders with fields of the same names: noise in one, black in the other."""
    rng = np.random.default_rng(0)
    for folder, highest in (("noise", 255), ("black", 1)):
        (tmp_path / folder).mkdir()
        for name in NAMES:
            pixels = rng.integers(0, highest, (64, 64, 3), dtype=np.uint8)
            cv2.imwrite(str(tmp_path / folder / name), pixels)
    return tmp_path / "noise", tmp_path / "black"


def write_weights(folder: Path, seed: int) -> None:
    keras.utils.set_random_seed(seed)
    net = build_trunk(BACKBONE, ("block2",))
    path = folder / BACKBONES[BACKBONE].archive
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{BACKBONES[BACKBONE].key(name): array for name, array in get_variables(net).items()})


def test_black_fields_of_the_same_names_get_their_own_features(folders, tmp_path):
    kept, weights = tmp_path / "kept", tmp_path / "weights"
    write_weights(weights, 0)
    noise, black = (find_fields(folder) for folder in folders)

    def features(fields):
        return field_features(fields, FieldReader(32, 32), BACKBONE, ("block2",), weights, kept)["mean"]

    first, other = features(noise), features(black)
    assert not np.array_equal(first, other)
    assert len(list(kept.iterdir())) == 2
    np.testing.assert_array_equal(features(noise), first)
    assert len(list(kept.iterdir())) == 2
    write_weights(weights, 1)
    assert not np.array_equal(features(noise), first)
    assert len(list(kept.iterdir())) == 3


def test_key_depends_on_everything_but_names(folders, tmp_path, monkeypatch):
    noise, black = (find_fields(folder) for folder in folders)
    reader = FieldReader(32, 32)
    key = content_key(noise, reader)
    moved = [replace(f, name=f"x{i}", path=f.path.rename(tmp_path / f"x{i}.png")) for i, f in enumerate(noise)]
    assert content_key(moved, reader) == key
    others = [
        content_key(black, reader),
        content_key(moved[::-1], reader),
        content_key(moved, replace(reader, window=48)),
        content_key([replace(moved[0], magnification="40X"), moved[1]], reader),
        content_key([replace(moved[0], label="malignant"), moved[1]], reader),
    ]
    monkeypatch.setattr(cache, "PREPROCESSING_VERSION", -1)
    others.append(content_key(moved, reader))
    assert len({key, *others}) == 1 + len(others)


def test_network_scores_of_other_pixels_are_computed_anew(folders, tmp_path, monkeypatch):
    """Training is tested elsewhere; here a stub scores a field by its brightness."""

    def score(config, net, fields):
        return [np.full(2, cv2.imread(str(f.path)).mean()) for f in fields]

    monkeypatch.setattr(networks, "train_on_fields", lambda *args, **kwargs: (None, True))
    monkeypatch.setattr(networks, "patch_logits", score)
    scores = [networks._score(networks.BASE, find_fields(folder), tmp_path / "kept").logits for folder in folders]
    assert scores[0][0][0] > 100
    assert scores[1][0][0] == 0


def test_a_crash_while_computing_keeps_nothing(tmp_path):
    def fall():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cached(tmp_path / "a.npz", fall)
    assert not list(tmp_path.iterdir())
    assert cached(tmp_path / "a.npz", lambda: [np.ones(2)])[0].tolist() == [1, 1]
    assert cached(tmp_path / "a.npz", fall)[0].tolist() == [1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_of_two_programs_one_computes_and_the_other_waits(tmp_path, monkeypatch):
    begun, waits = threading.Event(), threading.Event()
    monkeypatch.setattr(cache, "print", lambda *_, **__: waits.set(), raising=False)

    def slow(_item):
        begun.set()
        assert waits.wait(60)
        return [np.ones(2)]

    def never(_item):
        raise AssertionError("computed twice")

    with ThreadPoolExecutor(2) as programs:
        first = programs.submit(cached_rows, tmp_path / "a.npz", range(40), slow, "rows")
        assert begun.wait(60)
        second = programs.submit(cached_rows, tmp_path / "a.npz", range(40), never, "rows")
        assert first.result()[0].shape == second.result()[0].shape == (40, 2)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]
