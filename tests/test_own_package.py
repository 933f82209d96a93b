"""The steps of docs/research.md from custom fields to a package in use: the service's answers name it."""

import csv

import pytest
from following import finish

from lobule.client import Client
from lobule.launcher.system import DEMO


@pytest.fixture(scope="module")
def lobule(system_with_additions):
    system = system_with_additions.start()
    with Client(system.url, DEMO, system.home.secrets["demo_password"]) as client:
        yield client


def test_the_service_answers_with_it_as_the_command_does(lobule, own_package):
    with (own_package / "mine.csv").open() as stream:
        (row,) = csv.DictReader(stream)
    job = lobule.upload(own_package / "fields" / "a.png", "histopathology", magnification=row["magnification"])
    assert finish(lobule, job)[-1].state == "done"
    result = lobule.result(job)
    assert (result.model.name, result.model.version) == ("our-clinic", "1.0.0")
    assert "4 fields of 4 patients" in result.model.trained_on
    assert result.probability_malignant == pytest.approx(float(row["probability_malignant"]), abs=1e-6)
    assert "our-clinic" in lobule.report(job, "html").decode()


def test_the_server_names_it_with_its_data_and_terms(lobule, own_package):
    [status] = [status for status in lobule.models() if status["modality"] == "histopathology"]
    assert status["model"]["name"] == "our-clinic"
    assert status["model"]["licence"].startswith("CC-BY-4.0")
    card = (own_package / "packages" / "mine" / "MODEL_CARD.md").read_text("utf-8")
    assert "Fields of our clinic" in card
    assert "BreakHis" not in card
