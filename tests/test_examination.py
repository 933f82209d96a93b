"""The films of a case, read together by the real worker: the service says what the command says."""

import csv
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lobule.client import Client
from lobule.launcher.system import DEMO


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


def test_service_and_command_read_a_breast_alike(lobule, films, tmp_path):
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
    command = [Path(sys.executable).with_name("mammo-worker"), "examine", "--views", table]
    subprocess.run([*command, "--output", rows, "--details", details], check=True, capture_output=True)
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
