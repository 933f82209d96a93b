"""The `mammo-worker` commands of docs/research.md, as they are written, at toy size: own films, figures, tables."""

import csv
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import research_page
import toy_public_films
from typer.testing import CliRunner

from lobule.model_package import open_package
from lobule_ml.backbones import BACKBONES, build_backbone
from lobule_ml.training.loop import AVERAGE_FILE
from lobule_ml.variables import get_variables
from mammo_worker.cli import app
from mammo_worker.configs import toy
from mammo_worker.configs.names import PLANS
from mammo_worker.training.plan import Phase

COMMANDS = research_page.commands(research_page.section("Mammography"), "mammo-worker")
PARTS = {"train": range(6), "calibration": range(6, 12), "test": range(12, 16)}


def plans_at_toy_size():
    """The plans of the page with toy networks."""
    small = PLANS["table14-o+p+e+l"](toy.anchor_network())
    return {
        "light": toy.plan().training,
        "table14-o+p+e+l": replace(small, phases=(Phase(2, canvas=(64, 64)),)),
    }


@pytest.fixture(scope="module")
def run(place, toy_training):
    def invoke(line, *arguments, code=0):
        done = CliRunner().invoke(app, [*shlex.split(line)[1:], *map(str, arguments)])
        assert done.exit_code == code, f"{line}\n{done.output}"
        return done

    with toy_training(), pytest.MonkeyPatch.context() as patch:
        write_weights(place / "weights")
        patch.chdir(place)
        patch.setattr("mammo_worker.pipeline.installed_density", lambda: None)  # its backbone is not a shallow one
        patch.setattr("mammo_worker.packages.installed_package", lambda: open_package(place / "packages" / "films"))
        for name, plan in plans_at_toy_size().items():
            patch.setitem(PLANS, name, lambda plan=plan: plan)
        yield invoke


def write_weights(folder):
    """Weights by chance in the places of the pretrained ones."""
    spec = BACKBONES["efficientnet_lite0"]
    arrays = {spec.key(n): a for n, a in get_variables(build_backbone("efficientnet_lite0")).items()}
    for path in (folder / spec.archive, folder.parent / "resnet101.npz"):
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays)


@pytest.fixture(scope="module")
def place(tmp_path_factory, draw_film):
    """A working directory as the page expects it: three labels CSVs of other patients each, and the public sets."""
    place = tmp_path_factory.mktemp("page")
    for part, numbers in PARTS.items():
        lines = ["file,patient,label,view,laterality,boxes"]
        for number in numbers:
            folder = place / ("learned" if part == "train" else "films")
            folder.mkdir(exist_ok=True)
            film = draw_film(600, 400, 8, seed=number)
            cv2.ellipse(film, (120, 300), (90, 120), 0, 0, 360, 220 if number % 2 else 180, -1)
            cv2.imwrite(str(folder / f"{number}.png"), film)
            label = "malignant" if number % 2 else "benign"
            lines.append(f"{folder.name}/{number}.png,P{number},{label},CC,L,30 180 210 420")
        (place / f"{part}.csv").write_text("\n".join(lines) + "\n")
    side = toy_public_films.SIDE
    toy_public_films.write_public(place / "data", lambda seed: draw_film(side, side, 8, seed=seed))
    return place


def line_of(command):
    """The first line of the page that calls a command."""
    return next(line for line in COMMANDS if line.startswith(f"mammo-worker {command} "))


def test_every_command_of_the_page_runs(place, run):
    assert {line.split()[1] for line in COMMANDS} == {
        "data", "train", "release", "predict", "evaluate", "measure-elsewhere", "measure-processed"
    }  # fmt: skip
    for line in COMMANDS:
        run(line)

    record = json.loads(Path("runs/films/run.json").read_text())
    assert (record["plan"]["learning_rate"], record["examples"]["patients"]) == (3e-4, 6)
    assert record["starts_from"].startswith("efficientnet_lite0")
    package = open_package(Path("packages/films"))
    assert (package.manifest.name, package.manifest.licence) == ("films", "by agreement")
    assert package.manifest.trained_on == "6 own films of 6 patients."
    assert {metric.values()["data"] for metric in package.manifest.metrics} == {"test.csv"}
    assert not re.search("CBIS|CESM|MIAS|DDSM", package.card + package.manifest.model_dump_json())
    for number in (6, 15):
        assert json.loads(Path(f"results/{number}.json").read_text())["model"]["name"] == "films"
        assert cv2.imread(f"masks/{number}.png", cv2.IMREAD_GRAYSCALE).shape == (600, 400)
    assert Path("films.csv").read_text().count("films/") == 10
    assert "CBIS-DDSM" in Path("figures/mammography.md").read_text()
    assert "mini-MIAS" in Path("figures/mammography-elsewhere.md").read_text()
    assert "processed by a pyramid" in Path("figures/mammography-processed.md").read_text()
    assert Path("runs/table14", AVERAGE_FILE).is_file()


def test_a_stopped_training_is_gone_on_with_and_released_when_it_is_finished(place, run):
    training, release = line_of("train").replace("runs/films", "runs/stopped"), line_of("release")
    release = release.replace("runs/films", "runs/stopped").replace("packages/films", "packages/stopped")
    run(training, "--until", 3)
    assert "not finished" in run(release, code=1).stderr
    assert "4 of 4 steps done" in run(training).stdout
    assert "differs in learning_rate" in run(release, "--set", "learning_rate=0.1", code=1).stderr
    assert "6 patients of the calibration films" in run(release, "--data", "train.csv", code=1).stderr
    run(release)
    weights = [np.load(f"runs/{name}/{AVERAGE_FILE}") for name in ("films", "stopped")]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0].files)


def test_a_damaged_film_is_named_and_the_others_are_measured(place, run):
    (place / "films" / "13.png").write_bytes(b"damaged since")
    assert "13.png" in run(line_of("data").replace("train.csv", "test.csv"), code=1).stderr
    done = run(next(line for line in COMMANDS if "predictions.json" in line), code=1)
    assert "13.png" in done.stderr
    assert "triage AUC" in done.stdout
    document = json.loads(Path("predictions.json").read_text())
    assert [Path(image["file_name"]).name for image in document["images"]] == ["12.png", "14.png", "15.png"]
    with Path("predictions.csv").open() as stream:
        assert {row["patient"] for row in csv.DictReader(stream)} <= {"P12", "P14", "P15"}
