"""The real worker reads the films of a case together: service and command line give the same result."""

import csv
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lobule.client import Client
from lobule.launcher.system import DEMO
from mammo_worker.cli import app


@pytest.fixture
def lobule(system_with_models) -> Iterator[Client]:
    """A client of a system with all models."""
    system = system_with_models.start()
    with Client(system.url, DEMO, system.home.secrets["demo_password"]) as client:
        yield client


@pytest.fixture
def films(shared_data: Path) -> list[Path]:
    """Both views of a breast with one mass."""
    folder = shared_data / "cbis_ddsm_mass"
    return [next(folder.rglob(f"00004_LEFT_{view}.jpg")) for view in ("CC", "MLO")]


@pytest.fixture
def mammo_worker(monkeypatch, mammography_pipeline):
    """Runs the command line with the pipeline that the tests share."""
    monkeypatch.setattr("mammo_worker.pipeline.build_pipeline", lambda: mammography_pipeline)

    def run(*arguments) -> None:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert done.exit_code == 0, done.output

    return run


def test_service_and_command_read_a_breast_alike(lobule, mammo_worker, films, tmp_path):
    case = lobule.open_case("P-1")
    for film, view in zip(films, ("CC", "MLO"), strict=True):
        lobule.upload(film, "mammography", case_id=case, view=view, laterality="L")
    deadline = time.monotonic() + 240
    while (said := lobule.examination(case))["state"] != "done":
        assert said["state"] != "failed", said
        assert time.monotonic() < deadline
        time.sleep(0.2)
    [breast] = said["reading"]["breasts"]

    table, rows, details = (tmp_path / name for name in ("views.csv", "breasts.csv", "breasts.json"))
    lines = [f"{film},1,L,{view}" for film, view in zip(films, ("CC", "MLO"), strict=True)]
    table.write_text("\n".join(["file,examination,laterality,view", *lines]))
    mammo_worker("examine", "--views", table, "--output", rows, "--details", details)
    with rows.open() as stream:
        of_breast = next(csv.DictReader(stream))
    told = json.loads(details.read_text())[0]["breasts"][0]
    assert float(of_breast["probability_malignant"]) == pytest.approx(breast["probability_malignant"], abs=1e-5)
    assert (of_breast["assessment"], told["bi_rads"]) == (breast["assessment"], breast["bi_rads"])
    assert told["words"]["en"] == breast["text"]
    assert len(breast["lesions"]) >= 1
    for lesion, other in zip(breast["lesions"], told["lesions"], strict=True):
        assert lesion["probability_malignant"] == pytest.approx(other["suspicion"])
        assert len(lesion["marks"]) == len(other["findings"])


def test_service_and_command_judge_a_region_alike(lobule, mammo_worker, shared_data, tmp_path):
    film = shared_data / "cbis_ddsm_mass" / "fullres_sample" / "Mass-Training_P_00001_LEFT_CC_0.jpg"
    case = lobule.open_case("P-REGION")
    lobule.upload(film, "mammography", case_id=case, view="CC", laterality="L")
    box = {"x": 1000, "y": 1500, "width": 500, "height": 400}
    said = {"image_id": lobule.case(case)["images"][0]["id"], "kind": "mass", "shape": "box", "box": box}
    finding = f"/api/v1/cases/{case}/reader-findings/{uuid.uuid4()}"
    lobule.request("PUT", finding, json=said)
    lobule.request("POST", f"{finding}/opinion")
    deadline = time.monotonic() + 240
    while (told := lobule.request("GET", f"{finding}/opinion").json())["state"] != "done":
        assert told["state"] != "failed", told
        assert time.monotonic() < deadline
        time.sleep(0.2)

    boxes, rows = tmp_path / "boxes.csv", tmp_path / "regions.csv"
    boxes.write_text(f"file,x,y,width,height\n{film},1000,1500,500,400\n")
    mammo_worker("regions", "--boxes", boxes, "--output", rows)
    with rows.open() as stream:
        [row] = csv.DictReader(stream)
    opinion = told["opinion"]
    assert (row["outcome"], row["kind"]) == (opinion["outcome"], opinion["kind"])
    assert float(row["probability_malignant"]) == pytest.approx(opinion["probability_malignant"], abs=1e-5)
    assert opinion["scale_assumed"]
