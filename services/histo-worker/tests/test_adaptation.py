"""A laboratory's file: how it is measured, and what it changes."""

import csv
import json
from datetime import date
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from histo_worker import checks
from histo_worker.adaptation.measure import FEWEST_FIELDS, measure_site, reference_of
from histo_worker.adaptation.shift import estimate_shift
from histo_worker.adaptation.site import Site, read_site
from histo_worker.cli import app
from histo_worker.evaluation.cross_validation import OutOfFold
from histo_worker.evaluation.package import evaluate_package
from histo_worker.predict import describer
from histo_worker.settings import HistoSettings
from lobule.diagnosis import Installation
from lobule.errors import AnalysisError
from lobule.words import Words, make_notice
from lobule_ml.batch import Outcome, analyse

CLASSES = (-2.0, 2.0)
"""Log odds of benign and malignant training fields."""


def laboratory(patients: int, shift: float, malignant: float = 0.5, fields: int = 10):
    """Log odds and patients of fields whose numbers are lower by `shift`."""
    rng = np.random.default_rng(patients)
    of_patient = np.where(np.arange(patients) < malignant * patients, 2.0, -2.0) + rng.normal(0, 0.5, patients)
    log_odds = np.repeat(of_patient, fields) + rng.normal(0, 0.5, patients * fields) - shift
    return log_odds, [str(p) for p in np.repeat(np.arange(patients), fields)]


def shift_of(log_odds, patients, share=0.5):
    return estimate_shift(log_odds, [CLASSES] * len(log_odds), share, patients)


def odds(probability: float) -> float:
    return log(probability / (1 - probability))


class TestShift:
    def test_many_patients_have_their_shift_taken_back(self):
        assert shift_of(*laboratory(40, 3.0)).value == pytest.approx(3.0, abs=0.3)
        assert shift_of(*laboratory(40, -3.0)).value == pytest.approx(-3.0, abs=0.3)

    def test_a_stated_share_of_malignant_fields_is_no_shift(self):
        log_odds, patients = laboratory(40, 0.0, malignant=0.8)
        assert shift_of(log_odds, patients, 0.8).value == pytest.approx(0, abs=0.1)
        assert shift_of(log_odds, patients, 0.5).measured < -1

    def test_few_patients_count_for_less(self):
        few, many = (shift_of(*laboratory(n, 3.0)) for n in (4, 40))
        assert few.error > 1.5 * many.error
        assert 0 <= few.value < few.measured

    def test_a_shift_within_its_error_does_nothing(self):
        log_odds, patients = laboratory(4, 0.3)
        assert shift_of(log_odds, patients).value == 0

    def test_one_patient_tells_nothing(self):
        log_odds, _ = laboratory(1, 9.0, fields=60)
        assert shift_of(log_odds, ["same"] * 60).value == 0

    def test_fields_of_nobody_count_for_less_than_fields_of_their_patients(self):
        log_odds, _ = laboratory(40, 3.0, fields=1)
        own, nobody = (shift_of(log_odds, patients) for patients in (list(map(str, range(40))), None))
        assert nobody.error > own.error
        assert nobody.value < own.value

    def test_without_a_share_a_shift_below_two_errors_does_nothing(self):
        log_odds, patients = laboratory(40, 1.2)
        stated, unknown = shift_of(log_odds, patients), shift_of(log_odds, patients, None)
        assert stated.value > 0.8
        assert unknown.value == 0
        assert shift_of(*laboratory(40, 5.0), None).value == pytest.approx(5.0, abs=1.0)


@pytest.fixture
def one(pipeline, fields):
    """The outcome of one real field."""
    path = next(field.path for field in fields if field.magnification == "100X")
    return next(analyse(pipeline, [path], describer("100X")))


def changed(outcome: Outcome, path: str, log_odds: float, **of_tissue) -> Outcome:
    result = outcome.result.model_copy(update={"probability_malignant": 1 / (1 + exp(-log_odds))})
    tissue = result.tissue.model_copy(update=of_tissue)
    return Outcome(Path(path), result.model_copy(update={"tissue": tissue}))


def fields_of(outcome: Outcome, log_odds, patients) -> list[Outcome]:
    numbers = enumerate(zip(log_odds, patients, strict=True))
    return [changed(outcome, f"/lab/{patient}/{i}.png", x) for i, (x, patient) in numbers]


class TestMeasuring:
    def test_folders_are_patients_and_what_cannot_be_used_is_said(self, one, pipeline):
        log_odds, patients = laboratory(8, 2.5)
        outcomes = [
            changed(one, f"/lab/{p}/{i}.png", x) for i, (x, p) in enumerate(zip(log_odds, patients, strict=True))
        ]
        outcomes[0] = Outcome(Path("/lab/0/0.png"), error="image_truncated", detail="the file ends early")
        outcomes[1] = changed(one, "/lab/0/1.png", float(log_odds[1]), unlike_training=0.99)
        lines: list[str] = []
        found = measure_site(outcomes, pipeline.manifest, "Graz", 0.5, lines.append)
        assert (found.site.fields, found.site.patients, found.unlike) == (79, 8, 1)
        assert found.site.magnifications == {"100X": 79}
        assert lines == ["/lab/0/0.png: image_truncated: the file ends early"]
        assert found.site.weights_sha256 == pipeline.manifest.weights_sha256
        assert 0 < found.site.log_odds_shift < found.site.measured_shift

    def test_fields_in_one_folder_are_of_unknown_patients(self, one, pipeline):
        outcomes = [changed(one, f"/lab/{i}.png", x) for i, x in enumerate(laboratory(8, 2.5)[0])]
        assert measure_site(outcomes, pipeline.manifest, "Graz", 0.5, print).site.patients is None

    def test_fields_without_a_scale_do_not_count(self, one, pipeline):
        result = one.result.model_copy(update={"notices": [make_notice("scale_unknown")]})
        without = Outcome(Path("/lab/a.png"), result)
        with pytest.raises(ValueError, match=f"0 of 60 fields can be used; give at least {FEWEST_FIELDS}"):
            measure_site([without] * 60, pipeline.manifest, "Graz", None, lambda _: None)

    def test_a_package_without_a_reference_is_refused(self, one, pipeline):
        section = pipeline.manifest.calibration.model_copy(update={"reference": None})
        manifest = pipeline.manifest.model_copy(update={"calibration": section})
        with pytest.raises(ValueError, match="train it again"):
            measure_site([one] * 60, manifest, "Graz", None, print)


@pytest.fixture
def site_file(pipeline, tmp_path):
    manifest = pipeline.manifest
    site = Site(
        name="Graz",
        measured_on=date(2026, 11, 30),
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

    def test_numbers_that_are_none_are_refused(self, site_file, pipeline):
        site_file.write_text(site_file.read_text().replace("1.5", "NaN"))
        with pytest.raises(AnalysisError, match="log_odds_shift"):
            read_site(site_file, pipeline.manifest)

    def test_one_for_another_model_is_refused(self, site_file, pipeline):
        other = pipeline.manifest.model_copy(update={"weights_sha256": "0" * 64})
        with pytest.raises(AnalysisError) as caught:
            read_site(site_file, other)
        assert caught.value.reason == "site_of_other_model"
        assert "histo-worker adapt" in caught.value.detail


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


def test_the_command_writes_a_file_that_the_model_takes(monkeypatch, one, pipeline, tmp_path):
    log_odds, patients = laboratory(8, 2.5)
    outcomes = fields_of(one, log_odds, patients)
    monkeypatch.setattr("histo_worker.pipeline.build_pipeline", lambda *_, **__: pipeline)
    monkeypatch.setattr("lobule_ml.batch.analyse", lambda *_: iter(outcomes))
    output = tmp_path / "site.json"
    command = ["adapt", str(tmp_path), "--output", str(output), "--name", "Graz", "--malignant-share", "0.5"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "80 fields of 8 patients" in result.output
    assert read_site(output, pipeline.manifest).log_odds_shift == json.loads(output.read_text())["log_odds_shift"] > 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--magnification", "100X", "--um-per-pixel", "0.5"], "not both"),
        (["--name", ""], "1 to 60 characters"),
        (["--name", "a\nb"], "printable"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_read(tmp_path, arguments, reason):
    output = tmp_path / "site.json"
    result = CliRunner().invoke(app, ["adapt", str(tmp_path), "--output", str(output), *arguments])
    assert result.exit_code == 1
    assert reason in result.output
    assert not output.exists()


def test_the_reference_is_the_mean_over_patients_of_each_class(fields):
    target = np.array([field.target for field in fields])
    logits = target * 2.0 - 1 + np.random.default_rng(0).normal(0, 0.1, (2, len(fields)))
    oof = OutOfFold(fields, (0, 1), 5, logits, 1 / (1 + np.exp(-logits)))
    calibration, reference = oof.final_calibration(), oof.class_log_odds()
    assert set(reference) == {"40X", "100X"}  # at the others, a class has fewer than five patients
    chosen = [i for i, field in enumerate(fields) if (field.magnification, field.target) == ("40X", 1)]
    patients = {fields[i].patient for i in chosen}
    of_patient = [np.mean([logits[:, i].mean() for i in chosen if fields[i].patient == p]) for p in patients]
    expected = calibration.slope * np.mean(of_patient) + calibration.intercept
    assert reference["40X"][1] == pytest.approx(expected, abs=1e-4)


def test_the_package_that_ships_can_be_adapted(pipeline):
    assert all(benign < 0 < malignant for benign, malignant in reference_of(pipeline.manifest).values())


def test_evaluate_names_the_laboratory(site_file, pipeline, fields, tmp_path, shared_evaluation, monkeypatch):
    monkeypatch.setattr(pipeline, "site", read_site(site_file, pipeline.manifest))
    at = [field for field in fields if field.magnification == "100X"]
    for field in (at[0], at[-1]):
        (tmp_path / field.path.name).write_bytes(field.path.read_bytes())
    lines = list(evaluate_package(HistoSettings(), tmp_path, tmp_path / "out", []))
    assert ", adapted to Graz (version " in lines[0]
    assert "log odds moved by +1.50." in lines[0]


@pytest.mark.parametrize(
    ("weights", "state", "says"), [(None, "ok", "adapted to Graz"), ("0" * 64, "problem", "was measured with")]
)
def test_the_doctor_reads_the_file(site_file, monkeypatch, weights, state, says):
    document = json.loads(site_file.read_text())
    site_file.write_text(json.dumps(document | ({"weights_sha256": weights} if weights else {})))
    monkeypatch.setenv("LOBULE_HISTO_SITE", str(site_file))
    package, laboratory = checks.model(Installation(None, embedded=False, server=None, host="", port=0))
    assert (package.state, laboratory.state) == ("ok", state)
    assert says in laboratory.sentence(Words("en"))


def test_a_folder_as_output_is_refused_before_anything_is_read(tmp_path):
    result = CliRunner().invoke(app, ["adapt", str(tmp_path), "--output", str(tmp_path)])
    assert result.exit_code == 1
    assert "is a folder" in result.output
