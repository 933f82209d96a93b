"""Which films `mammo-worker train` uses, what it refuses, and its former name for CBIS-DDSM alone."""

import json

import numpy as np
import pytest
import toy_public_films
from typer.testing import CliRunner

from mammo_worker.cli import app


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    toy_public_films.write_public(folder, lambda number: np.full((toy_public_films.SIDE,) * 2, 90, np.uint8))
    return folder


@pytest.fixture
def train(data, tmp_path, monkeypatch):
    """Runs the command without training; returns the names of the films and what else the training was given."""
    given = []

    def stub(plan, films, out, weights, **others):
        given.append((sorted(film.name for film in films), weights, others))
        return 0

    monkeypatch.setattr("mammo_worker.detector.train.train_detector", stub)
    monkeypatch.setattr("mammo_worker.training.films.train", stub)

    def invoke(*words, command="train", plan="toy", code=0):
        line = [command, plan, "--data", data, "--weights", tmp_path, "--out", tmp_path / "run", *words]
        done = CliRunner().invoke(app, [str(word) for word in line])
        assert done.exit_code == code, done.output
        return given.pop() if code == 0 else " ".join(done.output.replace("│", " ").split())

    return invoke


def test_the_former_name_is_training_on_cbis_ddsm_alone(train):
    assert train(command="train-detector") == train("--cbis-ddsm", "all")
    assert train("--patients", "train", command="train-detector") == train("--cbis-ddsm", "train")
    words = ("--fold", "1", "--ahead", "3", "--until", "2")
    former = train(*words, command="train-detector")
    assert former == train(*words, "--cbis-ddsm", "all")
    assert former[2]["settings"].ahead == 3
    assert former[2]["until"] == 2
    assert "train-detector" not in CliRunner().invoke(app, ["--help"]).output


def test_films_of_the_public_data_sets(train, data):
    every = [film.name for film in (data / "cbis_ddsm_mass" / "images").iterdir()]
    usual, alone, learned = (train(*words)[0] for words in ((), ("--cbis-ddsm", "all"), ("--cbis-ddsm", "train")))
    assert alone == sorted(every)
    assert set(learned) < set(alone)
    assert set(learned) < set(usual)
    assert not set(usual) - set(learned) & set(alone)


def test_a_fold_of_all_patients_is_held_out(train):
    held_out = [train("--cbis-ddsm", "all", "--fold", fold)[0] for fold in range(5)]
    every = train("--cbis-ddsm", "all")[0]
    assert sum(len(every) - len(films) for films in held_out) == len(every)


def test_a_package_trains_on_its_patients(train, tmp_path):
    films, _, others = train("--package", tmp_path)
    assert films == train("--cbis-ddsm", "train")[0]
    assert others["package"] == tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cbis-ddsm", "train", "--fold", "1"), "hold out different patients"),
        (("--package", ".", "--fold", "1"), "a package has seen patients of every fold"),
    ],
)
def test_a_fold_and_the_patients_of_a_package_are_not_held_out_together(train, words, said):
    assert said in train(*words, code=2)
    if "train" in words:
        assert said in train("--patients", "train", "--fold", "1", command="train-detector", code=2)


def test_a_package_is_refused_where_it_cannot_start(train, tmp_path):
    assert "--package needs a DetectorPlan; light is" in train("--package", ".", plan="light", code=2)
    (tmp_path / "model.json").write_text(json.dumps({}))
    assert "has seen patients of every fold" in train("--fold", "1", plan="light", code=1)


def test_own_films_are_not_cbis_ddsm(train, tmp_path):
    assert "need the folder of the public data sets" in train("--data", tmp_path, "--cbis-ddsm", "all", code=1)


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("measure-elsewhere", "cdd_cesm/index.csv"),
        ("measure-asymmetry", "mias/index.csv"),
        (
            "train-regions regions --weights . --cache v --out r",
            "cbis_ddsm_mass/csv/mass_case_description_train_set.csv",
        ),
        ("evaluate-detector toy --runs . --predictions p.csv", "cbis_masks/index.csv"),
        ("baseline --out .", "cbis_ddsm_mass/lesions.csv"),
    ],
)
def test_a_data_set_that_is_missing_is_named_in_a_line(tmp_path, monkeypatch, command, missing):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [*command.split(), "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == f"{tmp_path / missing} does not exist"
