"""Batches of files for `predict`: arguments of every kind, rows in both formats, a summary of failures."""

import io
import json
import os
from pathlib import Path

import pytest

from lobule.errors import AnalysisError
from lobule_ml.batch import Outcome, Tally, analyse, expand, open_output, readable, row_writer, written_or_exit

SUFFIXES = {".png", ".dcm"}


class Refusing:
    """A pipeline that refuses every file, by its name."""

    manifest, card = None, ""

    def __init__(self, refusals):
        self.refusals = refusals

    def analyse(self, file, image, progress):
        raise self.refusals[image]


def test_files_folders_and_lists(tmp_path):
    for name in ("b/2.PNG", "b/c/1.dcm", "b/notes.txt", "a.png", "with space.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    listed = io.StringIO(f"{tmp_path / 'with space.png'}\r\n\n{tmp_path / 'b'}\n")
    files = expand([tmp_path / "a.png", Path("-"), Path("gone.png")], listed, SUFFIXES)
    names = ["a.png", "with space.png", "b/2.PNG", "b/c/1.dcm"]
    assert files == [*(tmp_path / name for name in names), Path("gone.png")]


def test_a_folder_without_images_fails_and_does_not_stop_the_others(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.png").touch()
    files = expand([tmp_path / "empty", tmp_path / "a.png"], io.StringIO(), SUFFIXES)
    assert files == [tmp_path / "empty", tmp_path / "a.png"]
    pipeline = Refusing({"a.png": AnalysisError("image_truncated", "pixels")})
    folder, picture = analyse(pipeline, files, lambda path, _sha256: path.name)
    assert (folder.error, folder.detail) == ("unreadable_file", "the folder contains no image")
    assert picture.error == "image_truncated"


def test_dicom_files_without_a_suffix_are_found_and_hidden_files_are_not(tmp_path):
    """Media and archives write IM000001 and UIDs; macOS writes ._film.dcm."""
    dicom = bytes(128) + b"DICM"
    names = {
        "IM000001": dicom,
        "1.2.840.1": dicom,
        "DICOMDIR": dicom,
        "._1.dcm": b"",
        ".cache/1.dcm": dicom,
        "README": b"x",
    }
    for name, content in names.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert expand([tmp_path], io.StringIO(), SUFFIXES) == [tmp_path / "1.2.840.1", tmp_path / "IM000001"]
    assert expand([tmp_path], io.StringIO(), {".png"}) == [tmp_path]


def test_a_link_to_a_film_that_is_gone_has_a_row(tmp_path):
    """As in data sets of git-annex whose files were not fetched."""
    for name in ("gone.png", "README", ".hidden.png"):
        (tmp_path / name).symlink_to(tmp_path / "nowhere")
    [file] = expand([tmp_path], io.StringIO(), SUFFIXES)
    assert file == tmp_path / "gone.png"
    [outcome] = analyse(None, [file], lambda path, _sha256: path.name)
    assert outcome.error == "unreadable_file"


def test_names_that_are_not_utf_8_do_not_end_a_run(tmp_path):
    """Such as names in Latin-1 or GBK from an unpacked archive."""
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/br\xfcste.png"))
    file.write_bytes(b"x")
    listed = io.TextIOWrapper(io.BytesIO(os.fsencode(file)), "utf-8")
    assert expand([Path("-")], listed, SUFFIXES) == expand([tmp_path], listed, SUFFIXES) == [file]
    assert readable(file.name) == "br\\xfcste.png"
    with open_output(tmp_path / "films.csv") as stream:
        row_writer(stream, ["file"], as_json=False)({"file": readable(file)})
    tally = Tally("films")
    tally.add(Outcome(file, None, "image_unreadable", "why"))
    assert "\n".join(tally.refused).encode() == os.fsencode(tmp_path) + b"/br\\xfcste.png: image_unreadable: why"


@pytest.mark.parametrize("target", ["folder", "file/films.csv", "/dev/full"])
def test_an_output_that_cannot_be_written_ends_a_run_in_words(tmp_path, capsys, target):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as ended, written_or_exit(), open_output(tmp_path / target) as stream:
        row_writer(stream, ["file"], as_json=False)({"file": "film.dcm"})
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("The results cannot be written: ")
    assert ("Make room on it" in said) == (target == "/dev/full")


def test_every_failure_has_a_code_and_is_counted(tmp_path):
    refusals = {"a": AnalysisError("image_truncated", "pixels"), "b": ZeroDivisionError("a fault of ours")}

    for name in refusals:
        (tmp_path / name).write_bytes(b"x")
    files = [tmp_path / "a", tmp_path / "b", tmp_path / "gone"]
    outcomes = list(analyse(Refusing(refusals), files, lambda path, _sha256: path.name))
    assert [o.error for o in outcomes] == ["image_truncated", "internal_error", "unreadable_file"]
    assert "ZeroDivisionError" in outcomes[1].detail
    tally = Tally("films")
    for outcome in outcomes:
        tally.add(outcome)
    assert str(tally).startswith("0 of 3 films read")
    assert str(tally).endswith("3 failed")
    assert tally.refused[0] == f"{tmp_path / 'a'}: image_truncated: {refusals['a']}"


def test_rows_join_lists_in_csv_and_keep_them_in_json():
    row = {"file": "a", "p": 0.1 + 0.2, "notices": ["x", "y"]}
    table, lines = io.StringIO(), io.StringIO()
    row_writer(table, tuple(row), as_json=False)(row)
    row_writer(lines, tuple(row), as_json=True)(row)
    assert table.getvalue() == "file,p,notices\na,0.30000000000000004,x y\n"
    assert json.loads(lines.getvalue()) == row


def test_a_name_cannot_break_or_colour_the_lines_of_failures():
    tally = Tally("fields")
    tally.add(Outcome(Path("a\nfree\x1b[31m癌\udcff.png"), error="empty_file", detail="nothing"))
    assert tally.refused == [r"a\nfree\x1b[31m癌\xff.png: empty_file: nothing"]
