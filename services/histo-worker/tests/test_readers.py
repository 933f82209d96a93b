"""Readers of data sets of fields, each tested on drawn pictures in the layout of its data set."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from histo_worker.cli import app
from histo_worker.data.readers import find_reader, readers
from histo_worker.data.source import read_source
from histo_worker.training.cache import content_key


def draw(path, size=(80, 100)):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.random.default_rng(len(path.name)).integers(90, 250, (*size, 3))
    assert cv2.imwrite(str(path), picture.astype(np.uint8))


def check(*arguments):
    return CliRunner().invoke(app, ["data", "check", *map(str, arguments)])


def test_bach(tmp_path):
    for name, letter in (("Normal", "n"), ("Benign", "b"), ("InSitu", "is"), ("Invasive", "iv")):
        draw(tmp_path / "Photos" / name / f"{letter}001.tif")
    source = read_source(tmp_path)
    assert [(f.name, f.label, f.magnification) for f in source.fields] == [
        ("n001", "benign", "100X"),
        ("b001", "benign", "100X"),
        ("is001", "malignant", "100X"),
        ("iv001", "malignant", "100X"),
    ]
    assert source.name.startswith("BACH")
    done = check(tmp_path)
    assert done.exit_code == 0, done.output
    assert "| 100X | 2 | 2 |" in done.output
    (tmp_path / "Photos" / "Normal" / "n001.tif").write_bytes(b"cut")
    assert "n001.tif: unsupported_format" in check(tmp_path).output.replace("\n", "")


def test_idc_of_a_file_for_each_patch(tmp_path):
    draw(tmp_path / "10253" / "0" / "10253_idx5_x1351_y1101_class0.png", (50, 50))
    draw(tmp_path / "10254" / "1" / "10254_idx5_x51_y101_class1.png", (50, 49))
    source = read_source(tmp_path)
    assert [(f.patient, f.label, f.magnification) for f in source.fields] == [
        ("10253", "benign", None),
        ("10254", "malignant", None),
    ]
    assert source.name.startswith("IDC")
    assert source.fields[1].pixels().shape == (50, 49, 3)
    done = check(tmp_path)
    assert done.exit_code == 0, done.output
    assert "| unknown | 1 | 1 |" in done.output
    source.fields[0].path.write_bytes(b"cut")
    assert "class0.png: image_unreadable" in check(tmp_path).output.replace("\n", "")


def test_idc_sheets(tmp_path):
    rows = ["sheets/7.png,7,0,0,351,1301,0", "sheets/7.png,7,50,0,501,601,1", "sheets/8.png,8,0,0,1,1,1"]
    index = tmp_path / "index.csv"
    index.write_text("sheet,patient,left,top,slide_x,slide_y,idc\n" + "\n".join(rows[:2]))
    draw(tmp_path / "sheets" / "7.png")
    first, second = read_source(tmp_path).fields
    assert (first.patient, first.label, second.label) == ("7", "benign", "malignant")
    whole = cv2.imread(str(first.path))[:, :, ::-1]
    np.testing.assert_array_equal(first.pixels(), whole[:50, :50])
    np.testing.assert_array_equal(second.pixels(), whole[:50, 50:])
    assert content_key([first]) != content_key([replace(first, window=second.window)])
    done = check(tmp_path)
    assert done.exit_code == 0, done.output
    assert "1 file opened; 0 faults" in done.output
    index.write_text(index.read_text().replace("7,50,0", "7,60,0") + "\n" + rows[2])
    said = check(tmp_path).output.replace("\n", "")
    assert "50 pixels from (60, 0) are outside its 100 x 80" in said
    assert "line 4: " in said
    assert "8.png does not exist" in said


def test_unknown_layouts_are_told_the_known_ones(tmp_path):
    done = check(tmp_path)
    assert done.exit_code == 1
    assert all(f"{name}: " in done.output for name in readers())
    with pytest.raises(ValueError, match="no layout 'x'"):
        find_reader(tmp_path, "x")
