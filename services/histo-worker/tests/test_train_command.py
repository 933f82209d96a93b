"""Training by command at toy size: shipped configurations, stopping and resuming, custom folds, refusals.

`test_research.py` trains the configurations of docs/research.md.
"""

import csv
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import research_page
from typer.testing import CliRunner

from histo_worker.cli import app
from histo_worker.configs import CONFIGS
from histo_worker.data.breakhis import find_fields
from histo_worker.settings import DEFAULT_MODEL
from histo_worker.training.config import HistologyConfig
from histo_worker.training.network_config import train_on_fields
from lobule_ml.training.configuration import load_plan
from lobule_ml.training.loop import AVERAGE_FILE

SHIPPED = {path.stem for path in CONFIGS.glob("*.py") if not path.stem.startswith("_")}
OF_THE_PAGE = re.findall(r"histo-worker train (\w+)", research_page.section("Histology"))
ELSEWHERE = {"densenet121_redyed"}  # test_fine_tuning.py
TOY_NETWORK = ["size=64", "variant=toy", "recipe.steps=3", "recipe.batch=2"]


pytestmark = pytest.mark.usefixtures("toy_variant")


def run(*arguments) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def toy_data(tmp_path_factory, fields) -> Path:
    """Four patients of each class with two small fields each, cut from real ones."""
    folder = tmp_path_factory.mktemp("toy")
    for label in ("benign", "malignant"):
        at = [f for f in fields if f.label == label and f.magnification == "100X"]
        patients = Counter(f.patient for f in at)
        for patient in sorted(p for p, count in patients.items() if count > 1)[:4]:
            for f in [f for f in at if f.patient == patient][:2]:
                pixels = cv2.imread(str(f.path))[:300, :400]
                cv2.imwrite(str(folder / f"{f.name}.png"), pixels)
    return folder


def toy_changes() -> list[str]:
    return [word for change in ("folds=2", "seeds=(0,)", *TOY_NETWORK) for word in ("--set", change)]


def own_folds(data: Path, folder: Path) -> Path:
    """Two folds of the toy fields by patient."""
    fields = find_fields(data)
    patients = sorted({(f.label, f.patient) for f in fields})
    fold_of = {patient: i % 2 for i, (_, patient) in enumerate(patients)}
    (folder / "folds.csv").write_text("file,fold\n" + "\n".join(f"{f.name},{fold_of[f.patient]}" for f in fields))
    return folder / "folds.csv"


def check_out_of_fold(folder: Path) -> None:
    rows = json.loads((folder / "out-of-fold.json").read_text())
    with (folder / "out-of-fold.csv").open() as stream:
        table = list(csv.DictReader(stream))
    assert len(rows) == len(table) == 16
    assert [float(row["logit"]) for row in table] == [row["logit"] for row in rows]
    assert all(0 <= row["probability_malignant"] <= 1 for row in rows)


def test_the_page_trains_configurations_that_ship():
    assert {name for name in OF_THE_PAGE if name != "mine"} < SHIPPED


@pytest.mark.parametrize("name", sorted(SHIPPED.difference(OF_THE_PAGE, ELSEWHERE)))
def test_shipped_configuration_trains_resumes_evaluates_and_serves(name, toy_data, tmp_path, eager):
    package, folder = tmp_path / "package", tmp_path / "run"
    command = ["train", name, "--data", toy_data, "--output", package, "--run", folder, *toy_changes()]
    command += ["--folds", own_folds(toy_data, tmp_path)]
    stopped = CliRunner().invoke(app, [*map(str, command), "--until", "2"])
    assert stopped.exit_code == 1
    assert "after 2 of 3 steps" in stopped.output
    assert not package.exists()
    output = run(*command, "--licence", "CC0-1.0")
    assert "folds=2" in output
    check_out_of_fold(folder)
    record = json.loads((folder / "run.json").read_text())
    assert record["plan"]["folds"] == 2
    assert record["examples"] == {"fields": 16, "patients": 8}
    assert record["versions"]["keras"] == keras.__version__
    manifest = json.loads((package / "model.json").read_text())
    assert manifest["licence"].startswith("CC0-1.0")
    assert "16 fields of 8 patients" in manifest["trained_on"]
    assert "members" not in manifest["architecture"]
    figures = tmp_path / "figures"
    assert "| 100X | image | 12 |" in run("evaluate", toy_data, "--output", figures, "--model", package, "--limit", 12)
    assert len(json.loads((figures / "predictions.json").read_text())) == 12
    table = tmp_path / "predictions.csv"
    one = next(toy_data.iterdir())
    run("predict", one, "--output", table, "--model", package)
    with table.open() as stream:
        (row,) = csv.DictReader(stream)
    assert 0 < float(row["probability_malignant"]) < 1


def test_same_seed_gives_the_same_weights_and_a_stopped_run_too(toy_data, tmp_path):
    changes = [*TOY_NETWORK, "recipe.steps=4"]
    plan = load_plan("reference_small", HistologyConfig, CONFIGS, changes)
    fields = find_fields(toy_data)
    for name, stops in (("first", ()), ("again", ()), ("stopped", (2,))):
        for until in (*stops, None):
            train_on_fields(plan, fields, tmp_path / name, until=until)
    first, *others = (np.load(tmp_path / name / AVERAGE_FILE) for name in ("first", "again", "stopped"))
    for other in others:
        for key in first.files:
            np.testing.assert_array_equal(first[key], other[key])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_such"], "densenet121_deviation, densenet121_redyed, reference_256, reference_best, reference_small"),
        (["reference_small", "--set", "recipe.step=3"], "there is no 'step' in Recipe"),
        (["reference_small", "--set", "size=96"], "not 8x8"),
        (["reference_small", "--set", "operation=none"], "there is no operation 'none'"),
        (["reference_small", "--set", "cropping=none"], "there is no cropping 'none'"),
        (["reference_small", "--set", "variant=none"], "none"),
        (["reference_small", "--set", "keep=best"], "validate_every=N"),
        (["reference_small", "--set", "final=none"], "there is no final 'none'"),
        (["densenet121_deviation"], "--weights"),
        (
            ["densenet121_deviation", "--weights", "no_such"],
            "no_such does not exist; give the folder of the pretrained",
        ),
        (["reference_small", "--set", "folds=9"], "9 folds need as many benign patients; there are 4"),
        (["reference_small", "--set", "folds=1"], "a cross-validation needs at least 2 folds; folds is 1"),
    ],
)
def test_what_cannot_be_trained_is_told(arguments, said, toy_data, tmp_path):
    places = ["--data", str(toy_data), "--output", str(tmp_path / "p"), "--run", str(tmp_path / "r")]
    result = CliRunner().invoke(app, ["train", *arguments, *places])
    assert result.exit_code == 1
    assert said in result.output
    assert not (tmp_path / "r").exists()


def _labels(data, table, patients):
    """A labels CSV of the toy data, its classes in turn, with the given patient for each field."""
    fields = find_fields(data)
    classes = [[f for f in fields if f.label == label] for label in ("benign", "malignant")]
    given = [f for pair in zip(*classes, strict=True) for f in pair][: len(patients)]
    rows = [f"{f.path},{patient},{f.label},{f.magnification}" for f, patient in zip(given, patients, strict=True)]
    table.write_text("file,patient,label,magnification\n" + "\n".join(rows))


@pytest.mark.parametrize(
    ("patients", "said"),
    [
        ("axay", "at least 2 benign patients; the data have 1"),
        ("aabc", "trains without fields of both classes"),  # two patients of each class, but one patient has both
    ],
)
def test_patients_that_no_fold_can_hold_out_are_told(patients, said, toy_data, tmp_path):
    _labels(toy_data, tmp_path / "labels.csv", patients)
    places = ["--data", str(tmp_path / "labels.csv"), "--output", str(tmp_path / "p"), "--run", str(tmp_path / "r")]
    result = CliRunner().invoke(
        app, ["train", "reference_small", *places, "--set", "folds=2", "--set", "seeds=(0,1,2,3)"]
    )
    assert result.exit_code == 1
    assert said in result.output
    assert not (tmp_path / "r").exists()


@pytest.fixture
def damaged(toy_data, tmp_path) -> Path:
    """The first file of toy data in `data`, which is no picture; the last one is the only field at 40X."""
    data = tmp_path / "data"
    shutil.copytree(toy_data, data)
    damaged, *_, other = sorted(data.iterdir())
    other.rename(other.with_name(other.name.replace("-100-", "-40-")))
    damaged.write_bytes(b"no picture")
    return damaged


def test_training_names_a_file_that_cannot_be_read(damaged, tmp_path, eager):
    places = ["--data", str(damaged.parent), "--output", str(tmp_path / "p"), "--run", str(tmp_path / "r")]
    result = CliRunner().invoke(app, ["train", "reference_small", *places, *toy_changes()])
    assert result.exit_code == 1
    assert f"{damaged}: unsupported_format: " in result.output.replace("\n", "")


def test_evaluation_names_a_file_that_cannot_be_read(damaged, tmp_path, shared_evaluation):
    result = CliRunner().invoke(app, ["evaluate", str(damaged.parent), "--output", str(tmp_path / "figures")])
    assert result.exit_code == 1
    assert f"{damaged}: unsupported_format: " in result.output.replace("\n", "")
    assert "| 100X | image | 14 |" in result.output
    assert "40X: no figures, because its 1 fields are of one class" in result.output


def test_a_configuration_may_stand_anywhere(toy_data, tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from histo_worker.configs.reference_small import plan as base\n\n\ndef plan():\n    return base()\n"
    )
    places = ["--data", str(toy_data), "--output", str(tmp_path / "p"), "--run", str(tmp_path / "r")]
    result = CliRunner().invoke(app, ["train", str(mine), *places, "--set", "folds=9"])
    assert "9 folds need" in result.output  # the file was read and changed


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_own_weights_do_not_carry_the_name_of_the_model_that_ships(name):
    assert load_plan(name, HistologyConfig, CONFIGS).name != DEFAULT_MODEL
