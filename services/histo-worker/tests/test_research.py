"""Runs the `histo-worker` commands of docs/research.md as they are written, on toy data.

`tests/test_own_package.py` runs those that lead to the service.
"""

import csv
import json
import os
import shlex
import shutil
from pathlib import Path

import keras
import pytest
import research_page
import toy_fields
from typer.testing import CliRunner

from histo_worker.cli import app
from lobule_ml.backbones import build_backbone, densenet, load_pretrained

WHOLE = densenet.BLOCKS
SERVED = research_page.section("Use your own data in the service")
TOY = {
    "densenet121_deviation": ["folds=2", "seeds=(0,)", "reader.size=32", "reader.window=256"],
    "reference": ["size=64", "variant=toy", "folds=2", "recipe.steps=2", "recipe.batch=2", "final=ensemble"],
}


def commands() -> list[str]:
    served = research_page.commands(SERVED, "histo-worker")
    lines = research_page.commands(research_page.section("Histology"), "histo-worker")
    return [line for line in lines if line not in served]


@pytest.fixture
def place(tmp_path, fields, breakhis, toy_weights, toy_variant, eager, monkeypatch):
    """A working directory with the files that the page expects."""
    toy_fields.write_official(fields, breakhis, tmp_path / "breakhis")
    shutil.copy(tmp_path / "labels.csv", tmp_path / "other-labels.csv")
    (tmp_path / "weights").symlink_to(toy_weights)
    (tmp_path / "fields").mkdir()
    shutil.copy(min((tmp_path / "breakhis").glob("*.png")), tmp_path / "fields" / "a.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def toy(words: list[str]) -> list[str]:
    """The words of a command, with options that make a training small."""
    if words[0] != "train":
        return words
    changes = TOY.get(words[1], TOY["reference"])
    words = ["validate_every=1" if word == "validate_every=20" else word for word in words]
    return [*words, *(word for change in changes for word in ("--set", change))]


def test_the_page_writes_the_weights_of_a_backbone(tmp_path, monkeypatch):
    made = keras.applications.DenseNet121
    monkeypatch.setattr(keras.applications, "DenseNet121", lambda **options: made(weights=None, **options))
    monkeypatch.chdir(tmp_path)
    exec(research_page.code(research_page.section("Set up"), "python"), {})
    load_pretrained("densenet121", build_backbone("densenet121"), tmp_path / "weights")


def test_every_command_of_the_page_runs(place, monkeypatch):
    lines = commands()
    assert {line.split("histo-worker ")[1].split()[0] for line in lines} == {"data", "train", "evaluate", "predict"}
    for line in lines:
        piped, _, said = line.partition("histo-worker ")
        given = os.linesep.join(map(str, Path("fields").iterdir())) if piped else None
        words = toy(shlex.split(said))
        with monkeypatch.context() as patch:
            if words[0] == "predict" and "--model" not in words:
                patch.setattr(densenet, "BLOCKS", WHOLE)  # of the package that ships
            done = CliRunner().invoke(app, words, input=given)
        assert done.exit_code == 0, f"{line}\n{done.output}"
    for run, members in (("deviation", 1), ("small", 2), ("reference-256", 1)):  # one network a fold, or one in all
        record = json.loads((place / "runs" / run / "run.json").read_text())
        manifest = json.loads((place / "packages" / run / "model.json").read_text())
        assert record["plan"]["name"] == manifest["name"]
        assert manifest["architecture"].get("members", 1) == members
    assert json.loads((place / "figures" / "predictions.json").read_text())
    with (place / "predictions.csv").open() as stream:
        (row,) = csv.DictReader(stream)
    assert 0 < float(row["probability_malignant"]) < 1
    assert json.loads((place / "predictions.jsonl").read_text())["label"] in ("benign", "malignant")
