"""Readers of data sets of fields, each on drawn pictures in the layout in which the set comes."""

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from histo_worker.cli import app
from histo_worker.data.readers import find_reader, readers
from histo_worker.data.source import read_source


def draw(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.random.default_rng(len(path.name)).integers(90, 250, (80, 100, 3))
    assert cv2.imwrite(str(path), picture.astype(np.uint8))


def check(*arguments):
    return CliRunner().invoke(app, ["data", "check", *map(str, arguments)])


def test_bach(tmp_path):
    for name, letter in (("Normal", "n"), ("Benign", "b"), ("InSitu", "is"), ("Invasive", "iv")):
        draw(tmp_path / "Photos" / name / f"{letter}001.tif")
    source = read_source(tmp_path)
    assert [(f.name, f.label, f.magnification) for f in source.fields] == [
        ("n001", "benign", "40X"),
        ("b001", "benign", "40X"),
        ("is001", "malignant", "40X"),
        ("iv001", "malignant", "40X"),
    ]
    assert source.name.startswith("BACH")
    done = check(tmp_path)
    assert done.exit_code == 0, done.output
    assert "| 40X | 2 | 2 |" in done.output
    (tmp_path / "Photos" / "Normal" / "n001.tif").write_bytes(b"cut")
    assert "n001.tif: unsupported_format" in check(tmp_path).output.replace("\n", "")


def test_unknown_layouts_are_told_the_known_ones(tmp_path):
    done = check(tmp_path)
    assert done.exit_code == 1
    assert all(f"{name}: " in done.output for name in readers())
    with pytest.raises(ValueError, match="no layout 'x'"):
        find_reader(tmp_path, "x")
