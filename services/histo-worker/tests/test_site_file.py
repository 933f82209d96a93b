"""The file of a laboratory, and what it changes."""

import csv
import errno
import json
import os
import re
from datetime import UTC, datetime
from math import log

import numpy as np
import pytest
from typer.testing import CliRunner

from histo_worker import checks
from histo_worker.adaptation.site import Site, read_site
from histo_worker.cli import app
from histo_worker.evaluation.package import compare, evaluate_package
from histo_worker.predict import describer
from histo_worker.settings import HistoSettings
from lobule.diagnosis import Installation
from lobule.errors import AnalysisError
from lobule.words import Words
from lobule.worker.app import WorkerRuntime, _announcement
from lobule_ml.batch import analyse


def odds(probability: float) -> float:
    return log(probability / (1 - probability))


@pytest.fixture
def site_file(pipeline, tmp_path):
    manifest = pipeline.manifest
    site = Site(
        name="Graz",
        measured_on=datetime.now(UTC).date(),
        model=f"{manifest.name} {manifest.version}",
        weights_sha256=manifest.weights_sha256,
        log_odds_shift=1.5,
        measured_shift=1.8,
        standard_error=0.4,
        malignant_share=0.6,
        fields=80,
        patients=8,
        magnifications={"100X": 80},
    )
    site.write(tmp_path / "labs" / "site.json")
    return tmp_path / "labs" / "site.json"


class TestFile:
    def test_it_is_read_as_it_was_written(self, site_file, pipeline):
        site = read_site(site_file, pipeline.manifest)
        assert (site.name, site.log_odds_shift, len(site.version)) == ("Graz", 1.5, 8)

    @pytest.mark.parametrize("content", [None, "{", '{"name": "Graz"}', "\x00"])
    def test_a_missing_or_damaged_one_has_its_own_reason(self, tmp_path, pipeline, content):
        file = tmp_path / "site.json"
        if content is not None:
            file.write_text(content)
        with pytest.raises(AnalysisError) as caught:
            read_site(file, pipeline.manifest)
        assert (caught.value.code, caught.value.reason) == ("model_unavailable", "site")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *[("log_odds_shift", value) for value in (float("nan"), -6.5)],
            *[("measured_shift", value) for value in (float("nan"), float("inf"), 1.4, -1.8)],  # shift 1.5 was edited
            *[("standard_error", value) for value in (float("nan"), -1)],
            *[("malignant_share", value) for value in (float("nan"), 0, 1.5)],
            *[("name", value) for value in ("", "a" * 61, "a\nb", "\u202egraz")],
            ("schema_version", "2"),
            ("patients", 0),
            ("more", 1),
        ],
    )
    def test_one_that_was_edited_is_refused(self, site_file, pipeline, field, value):
        site_file.write_text(json.dumps(json.loads(site_file.read_text()) | {field: value}))
        with pytest.raises(AnalysisError, match=rf"\({field}\)"):
            read_site(site_file, pipeline.manifest)

    def test_what_is_no_file_is_not_opened(self, tmp_path, pipeline):
        os.mkfifo(tmp_path / "pipe")
        for place in (tmp_path, tmp_path / "pipe"):  # opening the pipe would wait for ever
            with pytest.raises(AnalysisError, match="no file"):
                read_site(place, pipeline.manifest)

    def test_a_huge_one_is_not_read(self, tmp_path, pipeline):
        with (tmp_path / "huge").open("wb") as stream:
            stream.truncate(1 << 40)  # more than any memory
        with pytest.raises(AnalysisError, match="no JSON"):
            read_site(tmp_path / "huge", pipeline.manifest)

    @pytest.mark.parametrize("change", [{"weights_sha256": "0" * 64}, {"version": "9.9"}])
    def test_one_for_another_model_or_calibration_is_refused(self, site_file, pipeline, change):
        other = pipeline.manifest.model_copy(update=change)
        with pytest.raises(AnalysisError) as caught:
            read_site(site_file, other)
        assert caught.value.reason == "site_of_other_model"
        assert caught.value.values["model"] != caught.value.values["used"]
        assert "histo-worker adapt" in caught.value.detail

    def test_a_full_disk_leaves_the_one_before(self, site_file, pipeline, monkeypatch):
        def full(_descriptor):
            raise OSError(errno.ENOSPC, "full")

        before, site = site_file.read_bytes(), read_site(site_file, pipeline.manifest)
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="full"):
            site.model_copy(update={"name": "Linz"}).write(site_file)
        assert site_file.read_bytes() == before
        assert list(site_file.parent.iterdir()) == [site_file]


def test_predict_moves_the_log_odds_and_says_so(site_file, pipeline, fields, tmp_path):
    path = next(field.path for field in fields if field.magnification == "100X")
    output = tmp_path / "rows.csv"
    command = ["predict", str(path), "--output", str(output), "--site", str(site_file)]
    assert CliRunner().invoke(app, command).exit_code == 0
    with output.open(newline="") as stream:
        row = next(csv.DictReader(stream))
    plain = next(analyse(pipeline, [path], describer(None))).result
    assert odds(float(row["probability_malignant"])) - odds(plain.probability_malignant) == pytest.approx(1.5, abs=1e-3)
    assert "adapted_to_laboratory" in row["notices"].split()
    assert "adapted_to_laboratory" not in [notice.code for notice in plain.notices]


def test_evaluate_names_the_laboratory(site_file, pipeline, fields, tmp_path, shared_evaluation, monkeypatch):
    monkeypatch.setattr(pipeline, "site", read_site(site_file, pipeline.manifest))
    at = [field for field in fields if field.magnification == "100X"]
    for field in (at[0], at[-1]):
        (tmp_path / field.path.name).write_bytes(field.path.read_bytes())
    lines = list(evaluate_package(HistoSettings(), tmp_path, tmp_path / "out", []))
    assert ", adapted to Graz (version " in lines[0]
    assert "log odds moved by +1.50." in lines[0]
    assert re.fullmatch(r"Log loss of all fields: \d\.\d{3} adapted, \d\.\d{3} without\..*", lines[-1])


@pytest.mark.parametrize(("shift", "is_worse"), [(1.0, False), (-1.0, True)])
def test_evaluate_says_whether_an_adaptation_helps(site_file, pipeline, shift, is_worse):
    site = read_site(site_file, pipeline.manifest).model_copy(update={"log_odds_shift": shift})
    target, plain = np.array([0, 1, 1]), np.array([-2.0, 0.5, -0.5])
    [line] = compare(site, target, 1 / (1 + np.exp(-plain - shift)))
    assert ", 0.525 without." in line
    assert ("Do not use" in line) is is_worse
    assert compare(site.model_copy(update={"log_odds_shift": 0.0}), target, plain) == []


@pytest.mark.parametrize(
    ("change", "state", "says"),
    [
        ({}, "ok", "adapted to Graz"),
        ({"weights_sha256": "0" * 64}, "problem", "was measured with"),
        ({"measured_on": "2020-01-31"}, "warning", "more than a year ago"),
    ],
)
def test_the_doctor_reads_the_file(site_file, monkeypatch, change, state, says):
    document = json.loads(site_file.read_text())
    site_file.write_text(json.dumps(document | change))
    monkeypatch.setenv("LOBULE_HISTO_SITE", str(site_file))
    package, laboratory = checks.model(Installation(None, embedded=False, server=None, host="", port=0))
    assert (package.state, laboratory.state) == ("ok", state)
    assert says in laboratory.sentence(Words("en"))


def test_the_worker_announces_the_laboratory(site_file, pipeline, monkeypatch):
    monkeypatch.setattr(pipeline, "site", read_site(site_file, pipeline.manifest))
    announced = _announcement("w", "histo", None, WorkerRuntime(print, pipeline))
    assert announced.adaptation is not None
    assert (announced.adaptation.name, announced.adaptation.half) == ("Graz", "82%")
