"""A batch on the command line: a file that fails does not stop the others."""

import csv
import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from histo_worker.cli import app
from lobule.imaging.decode import decode_rgb

ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("TF_CPP_MIN_LOG_LEVEL", "GRPC_VERBOSITY")}


class Fragile:
    """A pipeline that raises an unexpected error for one of the files."""

    def __init__(self, pipeline, fallen_by: bytes) -> None:
        self._pipeline, self._fallen_by = pipeline, fallen_by

    def analyse(self, file, image, progress):
        file.seek(0)
        if file.read() == self._fallen_by:
            raise ZeroDivisionError("a fault of ours")
        return self._pipeline.analyse(file, image, progress)


@pytest.fixture
def use_pipeline(monkeypatch, pipeline):
    monkeypatch.setattr("histo_worker.pipeline.build_pipeline", lambda _, *, pictures: pipeline)


def test_bad_files_have_rows_with_codes_and_the_rest_is_read(monkeypatch, tmp_path, pipeline, fields):
    good = [field.path for field in fields if field.magnification == "100X"][:3]
    cut, text, gone = tmp_path / "cut.jpg", tmp_path / "text.png", tmp_path / "gone.png"
    cut.write_bytes(good[0].read_bytes()[:5000])
    text.write_text("no image at all")
    monkeypatch.setattr(
        "histo_worker.pipeline.build_pipeline", lambda *_, **__: Fragile(pipeline, good[1].read_bytes())
    )
    output = tmp_path / "predictions.csv"
    files = [cut, good[0], text, good[1], gone, good[2]]
    result = CliRunner().invoke(app, ["predict", *map(str, files), "--output", str(output)])
    assert result.exit_code == 1
    with output.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["file"] for row in rows] == list(map(str, files))
    codes = ["image_truncated", "", "unsupported_format", "internal_error", "unreadable_file", ""]
    assert [row["error"] for row in rows] == codes
    assert all(bool(row["probability_malignant"]) == (row["error"] == "") for row in rows)
    assert "ZeroDivisionError" in rows[3]["detail"]
    assert "2 of 6 fields read" in result.output
    assert "4 failed" in result.output
    assert f"{cut}: image_truncated" in result.output.replace("\n", "")


def test_json_has_full_precision_notices_and_the_given_magnification(use_pipeline, tmp_path, pipeline, fields):
    field = next(f for f in fields if f.magnification == "100X")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "x.jpg").write_bytes(field.path.read_bytes())
    rows = {}
    for magnification in (None, "100X", "200X", "400X"):
        option = ["--magnification", magnification] if magnification else []
        result = CliRunner().invoke(app, ["predict", str(tmp_path / "deep"), "--json", "--output", "-", *option])
        assert result.exit_code == 0, result.output
        rows[magnification] = json.loads(result.stdout)
        assert "1 of 1 fields read" in result.stderr
    assert [rows[m]["notices"] for m in rows] == [["scale_estimated"], [], [], ["magnification_not_measured"]]
    data = field.path.read_bytes()
    assert rows["100X"]["probability_malignant"] == pipeline.probabilities(decode_rgb(data), "100X").field
    by_scale = ["predict", str(tmp_path / "deep"), "--json", "--output", "-", "--um-per-pixel"]
    scaled = json.loads(CliRunner().invoke(app, [*by_scale, "0.48"]).stdout)
    assert scaled == rows["100X"] | {"magnification": None}
    assert "not both" in CliRunner().invoke(app, [*by_scale, "0.2", "--magnification", "40X"]).output
    assert CliRunner().invoke(app, ["predict", "x.png", "--magnification", "50X"]).exit_code == 2


def test_standard_output_is_silent_but_for_rows(tmp_path):
    """TensorFlow's start-up lines come from its libraries, so only a separate process shows them."""
    command = [sys.executable, "-m", "histo_worker.cli", "predict", str(tmp_path / "gone.png"), "--output", "-"]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 2
    said = done.stderr.splitlines()
    assert said[0] == "0 of 1 fields read: 0 malignancy_suspected, 0 not_sure, 0 no_sign_of_malignancy; 1 failed"
    assert "".join(said[1:]).startswith(f"{tmp_path / 'gone.png'}: unreadable_file")


def test_a_given_scale_tells_the_tissue_and_maps_are_kept(use_pipeline, tmp_path, fields):
    field = next(f for f in fields if f.magnification == "40X")
    arguments = ["predict", str(field.path), "--json", "--output", "-", "--maps", str(tmp_path / "maps")]
    rows = []
    for um in ("1.2", "0.48"):
        done = CliRunner().invoke(app, [*arguments, "--um-per-pixel", um])
        assert done.exit_code == 0, done.output
        rows.append(json.loads(done.stdout))
    assert [row["um_per_pixel"] for row in rows] == [1.2, 0.48]
    assert all(0 < row["probability_tumour"] < 1 and 0 <= row["unlike_training"] <= 1 for row in rows)
    assert rows[0]["probability_tumour"] != rows[1]["probability_tumour"]
    kinds = sorted(path.name.split(".")[-2] for path in (tmp_path / "maps").iterdir())
    assert kinds == ["evidence", "tumour"]  # a field of 0.2 mm is too small for a map of the tumour
