"""Commands say in a line what is wrong with what they were given, and exit with status 1."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from histo_worker.cli import app
from histo_worker.data.breakhis import parse_name
from histo_worker.data.folds import given_folds
from histo_worker.data.readers import find_reader, idc
from histo_worker.gate.wrong_images import wrong_images
from histo_worker.tissue.reader import PACKAGE

NAME = "SOB_B_A-14-22549AB-100-001.png"


@pytest.fixture
def complaint():
    """Runs a command that must fail; gives what it says."""

    def run(*arguments: object) -> str:
        ended = CliRunner().invoke(app, [str(each) for each in arguments])
        assert (ended.exit_code, type(ended.exception)) == (1, SystemExit)
        return ended.output

    return run


def test_a_slide_that_is_no_picture(complaint, tmp_path):
    Image.new("L", (9, 9)).save(tmp_path / "truth.png")
    (tmp_path / "slide.tif").write_bytes(b"nothing")
    said = complaint("tissue", "slide", tmp_path / "slide.tif", tmp_path / "truth.png", "--um-per-pixel", 3)
    assert "not an image" in said


def test_a_package_that_is_missing(complaint, tmp_path):
    Image.fromarray(np.zeros((460, 700, 3), np.uint8)).save(tmp_path / NAME)
    assert "model_unavailable" in complaint("fit-scale", "--data", tmp_path, "--model", tmp_path / "none")


def test_fields_of_the_gate_that_cannot_be_read(complaint, tmp_path):
    (tmp_path / NAME).write_bytes(b"nothing")
    assert f"{tmp_path / NAME}: unsupported_format" in complaint("fit-gate", "--data", tmp_path)


def test_mammograms_of_the_gate_that_are_missing(tmp_path):
    """Without them it would be fitted all the same, and accept films."""
    with pytest.raises(FileNotFoundError, match="none is not a folder"):
        next(wrong_images("tune", [], tmp_path / "none", 0))


@pytest.mark.parametrize("rows", ["file,fold\n{name}\n", "file,fold\n{name},\n", f'file,fold\n"{"x" * 200_000}\n'])
def test_a_listing_of_folds_that_is_damaged(tmp_path, rows):
    (tmp_path / "folds.csv").write_text(rows.replace("{name}", Path(NAME).stem))
    with pytest.raises(ValueError, match=r"folds\.csv"):
        given_folds([parse_name(Path(NAME))], tmp_path / "folds.csv")


def test_an_index_that_is_damaged(tmp_path):
    heading = ",".join(idc.COLUMNS)
    (tmp_path / "index.csv").write_text(f'{heading}\n"{"x" * 200_000}\n')
    with pytest.raises(ValueError, match=r"index\.csv is not a CSV"):
        find_reader(tmp_path).read(tmp_path)
    (tmp_path / "index.csv").write_text(f'"{"x" * 200_000}\n')
    assert not idc.recognises(tmp_path)


def test_a_package_of_another_network_explains_no_field(complaint, tmp_path):
    (tmp_path / NAME).write_bytes(b"nothing")
    assert "model_unavailable" in complaint("explain", tmp_path / NAME, "--model", PACKAGE)
