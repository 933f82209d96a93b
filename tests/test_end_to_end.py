"""An image is sent to the API and a report comes back; unsuitable images are refused or fail."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from following import finish
from PIL import Image
from typer.testing import CliRunner

from histo_worker.cli import app as histo_worker
from lobule.client import ApiError, Client
from lobule.launcher.system import DEMO, RunningSystem


def test_a_real_field_becomes_a_report(lobule, real_field):
    job = lobule.upload(real_field, "histopathology", magnification="100X")
    assert finish(lobule, job)[-1].state == "done"
    result = lobule.result(job)
    assert (result.image.width, result.image.height, result.image.magnification) == (700, 460, "100X")
    assert result.patches is not None
    assert result.patches.count >= 1
    assert result.assessment == result.thresholds.assess(result.probability_malignant)
    html = lobule.report(job, "html").decode()
    assert "research use only" in html.lower()
    assert real_field.name in html
    with Image.open(io.BytesIO(lobule.report(job, "png"))) as annotated:
        assert annotated.format == "PNG"
        assert annotated.size[0] >= 700
    assert json.loads(lobule.report(job, "json"))


def test_the_same_image_again_leads_to_the_same_job(lobule, real_field):
    assert lobule.upload(real_field, "histopathology") == lobule.upload(real_field, "histopathology")


def test_the_command_line_and_the_service_agree(lobule, shared_data, tmp_path):
    fields = sorted((shared_data / "breakhis" / "images").glob("SOB_B_*-100-*.jpg"))[:2]
    output = tmp_path / "predictions.csv"
    done = CliRunner().invoke(histo_worker, ["predict", *map(str, fields), "--output", str(output)])
    assert done.exit_code == 0, done.output
    with output.open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == [
        *("file", "width", "height", "magnification", "probability_malignant", "label", "assessment", "patches"),
        *("um_per_pixel", "unlike_training", "probability_tumour", "notices", "error", "detail"),
    ]
    for field, row in zip(fields, rows, strict=True):
        job = lobule.upload(field, "histopathology")
        finish(lobule, job)
        result = lobule.result(job)
        assert float(row["probability_malignant"]) == pytest.approx(result.probability_malignant, abs=1e-6)
        assert row["assessment"] == result.assessment


def test_a_truncated_image_fails_at_the_inference_step_in_words(lobule, real_field, tmp_path):
    whole = real_field.read_bytes()
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole[: len(whole) // 2])
    last = finish(lobule, lobule.upload(cut, "histopathology"))[-1]
    assert last.state == "failed"
    inference = last.steps[2]
    assert inference.state == "failed"
    assert inference.error is not None
    assert inference.error.code == "image_truncated"


def test_mammography_without_a_model_says_so(lobule, tmp_path):
    from lobule.phantoms import write_phantoms

    film = write_phantoms(tmp_path)[-1]
    last = finish(lobule, lobule.upload(film, "mammography"))[-1]
    error = last.steps[2].error
    assert error is not None
    assert (last.steps[2].state, error.code) == ("failed", "model_unavailable")


def test_diagnose_in_one_request(system: RunningSystem, password, shared_data):
    field = sorted((shared_data / "breakhis" / "images").glob("SOB_M_*-100-*.jpg"))[5]
    with field.open("rb") as stream:
        answer = httpx.post(
            f"{system.url}/api/v1/diagnose",
            data={"username": DEMO, "password": password},
            files={"file": (field.name, stream)},
            headers={"Accept": "text/html", "Prefer": "wait=60"},
            timeout=90,
        )
    assert answer.status_code == 200
    assert field.name in answer.text


def test_the_models_at_work_are_named(lobule):
    histo, mammo = lobule.models()
    assert histo["model"]["modality"] == "histopathology"
    assert histo["model"]["metrics"], "a model says how good it is"
    assert "# " in histo["model_card"]
    assert mammo["model"] is None


def cli(system: RunningSystem, password: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lobule.cli", *arguments, "--server", system.url, "--username", DEMO]
    return subprocess.run([*command, "--password", password], capture_output=True, text=True)


def test_diagnose_on_the_command_line(system, password, real_field, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("not an image at all, only words " * 10)
    reports = tmp_path / "reports"
    files = [str(real_field), str(text)]
    done = cli(
        system, password, "diagnose", *files, "--modality", "histopathology", "--json", "--reports", str(reports)
    )
    good, bad = json.loads(done.stdout)
    assert good["result"]["image"]["width"] == 700
    assert bad["error"]["code"] == "unsupported_format"
    assert done.returncode == 1, "one of the two failed"
    assert sorted(path.suffix for path in reports.iterdir()) == [".html", ".json", ".png"]


def test_models_on_the_command_line(system, password):
    done = cli(system, password, "models", "list")
    assert done.returncode == 0
    assert "histopathology" in done.stdout
    assert "none installed" in done.stdout


def test_wrong_password_on_the_command_line(system):
    done = cli(system, "not the password", "models", "list")
    assert done.returncode == 1
    assert "wrong_credentials" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_server_is_told_in_words(real_field):
    with Client("http://127.0.0.1:9", "x", "y") as nobody, pytest.raises(ApiError) as refused:
        nobody.upload(Path(real_field), "histopathology")
    assert refused.value.code == "server_unreachable"


def test_only_the_owner_can_read_what_a_first_start_makes(system):
    made = [system.home.folder, *system.home.folder.glob("lobule.sqlite*"), system.home.folder / "secrets.json"]
    assert [file for file in made if file.stat().st_mode & 0o077] == []
