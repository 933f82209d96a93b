"""A researcher's way with own films, at toy size: table, training that is stopped, package, service, figures."""

import csv
import json
import re

import cv2
import pytest
from typer.testing import CliRunner

from lobule.model_package import open_package
from mammo_worker.cli import app

PARTS = {"train": range(6), "calibration": range(6, 12), "test": range(12, 16)}
TOY = ("toy", "--set", "training.seed=3")


@pytest.fixture(scope="module")
def run(toy_training):
    def invoke(*arguments, code=0):
        done = CliRunner().invoke(app, [*map(str, arguments)])
        assert done.exit_code == code, done.output
        return done

    with toy_training(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("mammo_worker.pipeline.installed_density", lambda: None)  # its backbone is not a shallow one
        yield invoke


@pytest.fixture(scope="module")
def folder(tmp_path_factory, draw_film):
    """Three labels CSVs of other patients each; every film shows a mass, every other one a malignant one."""
    folder = tmp_path_factory.mktemp("own")
    for part, numbers in PARTS.items():
        lines = ["file,patient,label,view,laterality,boxes"]
        for number in numbers:
            film = draw_film(600, 400, 8, seed=number)
            cv2.ellipse(film, (120, 300), (90, 120), 0, 0, 360, 220 if number % 2 else 180, -1)
            cv2.imwrite(str(folder / f"{number}.png"), film)
            label = "malignant" if number % 2 else "benign"
            lines.append(f"{number}.png,P{number},{label},CC,L,30 180 210 420")
        (folder / f"{part}.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_from_a_table_to_figures(folder, run):
    for part, numbers in PARTS.items():
        assert f"{len(numbers)} films opened; 0 faults" in run("data", "check", folder / f"{part}.csv").stdout
    training = ("train", *TOY, "--data", folder / "train.csv", "--out")
    run(*training, folder / "run", "--until", 3)
    run("release", folder / "run", "--data", folder / "calibration.csv", "--package", folder / "x", code=1)
    assert "4 of 4 steps done" in run(*training, folder / "run").stdout
    record = json.loads((folder / "run" / "run.json").read_text())
    assert (record["seed"], record["examples"]["patients"]) == (3, 6)

    release = ("release", folder / "run", "--plan", *TOY, "--package", folder / "my-films", "--version", "0.1.0")
    release = (*release, "--licence", "ours", "--data")
    done = run(*release, folder / "train.csv", code=1)
    assert "6 patients of the calibration films are also in the training" in done.output
    run(*release, folder / "calibration.csv", "--test", folder / "test.csv")
    package = open_package(folder / "my-films")
    assert (package.manifest.name, package.manifest.version, package.manifest.licence) == ("my-films", "0.1.0", "ours")
    assert package.manifest.trained_on == "6 own films of 6 patients."
    assert {metric.values()["data"] for metric in package.manifest.metrics} == {"test.csv"}
    assert not re.search("CBIS|CESM|MIAS|DDSM", package.card + package.manifest.model_dump_json())

    run("predict", folder / "12.png", "--model", folder / "my-films", "--json", folder / "results")
    said = json.loads((folder / "results" / "12.json").read_text())
    assert said["model"]["name"] == "my-films"
    (folder / "13.png").write_bytes(b"damaged since")
    outputs = ("--predictions", folder / "findings.csv", "--coco", folder / "findings.json")
    done = run("evaluate", "--data", folder / "test.csv", "--model", folder / "my-films", *outputs, code=1)
    assert "13.png" in done.stderr
    assert "triage AUC" in done.stdout
    document = json.loads((folder / "findings.json").read_text())
    assert [image["file_name"] for image in document["images"]] == ["12.png", "14.png", "15.png"]
    with (folder / "findings.csv").open() as stream:
        assert {row["patient"] for row in csv.DictReader(stream)} <= {"P12", "P14", "P15"}
