"""Custom data: a labels CSV instead of BreakHis."""

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from histo_worker.cli import app
from histo_worker.data.labels import magnification_at, read_labels
from histo_worker.data.source import read_source
from histo_worker.evaluation.cross_validation import OutOfFold
from histo_worker.field_reader import FieldReader
from histo_worker.training.config import HistologyConfig
from histo_worker.training.package_writer import PackageTerms, write_package
from histo_worker.training.trained import Trained

HEADER = "file,patient,label,magnification,um_per_pixel\n"


def write_images(folder: Path, *names: str) -> None:
    rng = np.random.default_rng(0)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), rng.integers(0, 255, (96, 128, 3), dtype=np.uint8))


def test_rows_become_fields(tmp_path):
    write_images(tmp_path, "a/1.png", "2.png", "3.png")
    table = tmp_path / "labels.csv"
    table.write_text(
        "\ufeff" + HEADER + "a/1.png,P1,Benign,40x,\n2.png,P2,malignant,,0.5\n3.png,P1,benign,,\n", "utf-8"
    )
    source = read_source(table)
    assert [(f.name, f.patient, f.label, f.magnification) for f in source.fields] == [
        ("a/1.png", "P1", "benign", "40X"),
        ("2.png", "P2", "malignant", "100X"),
        ("3.png", "P1", "benign", None),
    ]
    assert source.name == "labels"
    assert "BreakHis" not in source.name + source.terms


def test_every_wrong_row_is_named(tmp_path):
    write_images(tmp_path, "1.png")
    table = tmp_path / "labels.csv"
    rows = ["1.png,P,benign,,", "1.png,P,benign,,", "2.png,P,benign,,", "1.png,,benign,,", "1.png,P,good,,"]
    rows += ["1.png,P,benign,50X,", "1.png,P,benign,,4.0", "1.png,P,benign,,-1"]
    table.write_text(HEADER + "\n".join(rows), "utf-8")
    found = read_labels(table)
    assert len(found.items) == 1
    said = ["already in line 2", "does not exist", "patient is empty", "'good'", "'50X'", "4.0 um a pixel", "'-1'"]
    for line, (problem, words) in enumerate(zip(found.problems, said, strict=True), 3):
        assert f"line {line}: " in problem
        assert words in problem
    with pytest.raises(ValueError, match="7 fields"):
        read_source(table)


def test_columns_that_are_missing_are_named(tmp_path):
    table = tmp_path / "labels.csv"
    for written, said in {
        "file,label\n": "lacks the columns patient: its first line is file,label; it needs file,patient,label",
        "file;patient;label\n": "lacks the columns file, label, patient: its first line is file;patient;label; it",
        "": "it is empty",
    }.items():
        table.write_text(written)
        with pytest.raises(ValueError, match=re.escape(said)):
            read_labels(table)


@pytest.mark.parametrize(
    ("size", "magnification"), [("1.0", "40X"), ("0.5", "100X"), ("0.25", "200X"), ("0.1", "400X")]
)
def test_size_of_pixels_gives_the_magnification(size, magnification):
    assert magnification_at(size) == magnification


def test_check_opens_every_file_and_names_the_bad_ones(tmp_path):
    write_images(tmp_path, "1.png", "2.png")
    table = tmp_path / "labels.csv"
    table.write_text(HEADER + "1.png,P,benign,40X,\n2.png,Q,malignant,40X,\n", "utf-8")
    good = CliRunner().invoke(app, ["data", "check", str(table)])
    assert good.exit_code == 0, good.output
    assert "| 40X | 1 | 1 |" in good.output
    assert "not read" not in good.output
    table.write_text(table.read_text("utf-8").replace("um_per_pixel", "um"), "utf-8")
    slip = CliRunner().invoke(app, ["data", "check", str(table)])
    assert (slip.exit_code, "unused columns: um (" in slip.output) == (0, True)
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:500])
    bad = CliRunner().invoke(app, ["data", "check", str(table)])
    assert bad.exit_code == 1
    assert f"{tmp_path / '2.png'}: image_" in bad.output.replace("\n", "")


def test_check_names_bad_files_of_breakhis(tmp_path, fields):
    shutil.copy(fields[0].path, tmp_path)
    assert CliRunner().invoke(app, ["data", "check", str(tmp_path)]).exit_code == 0
    cut = tmp_path / fields[1].path.name
    cut.write_bytes(fields[1].path.read_bytes()[:4000])
    bad = CliRunner().invoke(app, ["data", "check", str(tmp_path)])
    assert bad.exit_code == 1
    assert f"{cut}: image_truncated" in bad.output.replace("\n", "")


def test_package_names_the_data_it_learned_from(tmp_path):
    names = [f"{patient}-{i}.png" for patient in "abcd" for i in range(2)]
    write_images(tmp_path, *names)
    table = tmp_path / "ours.csv"
    rows = [f"{n},{n[0]},{'malignant' if n[0] in 'cd' else 'benign'},," for n in names]
    table.write_text(HEADER + "\n".join(rows), "utf-8")
    source = read_source(table, "Fields of our clinic", "by agreement")
    target = np.array([[f.target for f in source.fields]])
    oof = OutOfFold(source.fields, (0,), 2, target * 2.0 - 1, target * 0.8 + 0.1)
    config = HistologyConfig(name="ours")
    reader, arrays, learned = FieldReader(32, 32), {"a/kernel": np.ones(2)}, source.fields[2:]
    trained = Trained(config, {"name": "x"}, reader, arrays, oof, learned, 1.0, "By hand")
    terms = PackageTerms(source.name, source.terms, "CC-BY-4.0")
    manifest = write_package(trained, tmp_path / "package", terms)
    assert manifest.trained_on.startswith("Fields of our clinic, 6 fields of 3 patients")
    assert manifest.licence == "CC-BY-4.0"
    card = (tmp_path / "package" / "MODEL_CARD.md").read_text("utf-8")
    for text in (card, manifest.model_dump_json()):
        assert "BreakHis" not in text
        assert "Spanhol" not in text
    assert "by agreement" in card
    assert any(row["magnification"] == "unknown" for row in manifest.metrics)
