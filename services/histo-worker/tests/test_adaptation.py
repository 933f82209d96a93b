"""How a laboratory is measured, and its file written."""

import hashlib
import json
from contextlib import nullcontext
from math import exp
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from histo_worker.adaptation.measure import FEWEST_FIELDS, measure_site, reference_of
from histo_worker.adaptation.shift import estimate_shift
from histo_worker.adaptation.site import read_site
from histo_worker.cli import app
from histo_worker.evaluation.cross_validation import OutOfFold
from histo_worker.predict import describer
from lobule.words import make_notice
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
    image = result.image.model_copy(update={"sha256": hashlib.sha256(path.encode()).hexdigest()})
    return Outcome(Path(path), result.model_copy(update={"tissue": tissue, "image": image}))


def fields_of(outcome: Outcome, log_odds, patients) -> list[Outcome]:
    numbers = enumerate(zip(log_odds, patients, strict=True))
    return [changed(outcome, f"/lab/{patient}/{i}.png", x) for i, (x, patient) in numbers]


class TestMeasuring:
    def test_a_small_field_whose_scale_stands_in_its_file_alone_is_left_out(self, one, pipeline):
        """Its scale is in no result, so nobody knows what it compares with."""
        outcomes = fields_of(one, *laboratory(8, 2.5))
        whole = outcomes[0].result
        patches = whole.patches.model_copy(update={"magnification_assumed": None})
        small = whole.model_copy(update={"tissue": None, "patches": patches})
        lines: list[str] = []
        found = measure_site(
            [Outcome(Path("/lab/0/0.png"), small), *outcomes[1:]], pipeline.manifest, "Graz", 0.5, lines.append
        )
        assert found.fields == len(outcomes) - 1
        assert lines[0].startswith("/lab/0/0.png: it is too small")

    def test_folders_are_patients_and_what_cannot_be_used_is_said(self, one, pipeline):
        log_odds, patients = laboratory(8, 2.5)
        outcomes = fields_of(one, log_odds, patients)
        outcomes[0] = Outcome(Path("/lab/0/0.png"), error="image_truncated", detail="the file ends early")
        unlike = outcomes[1].result.model_copy(update={"notices": [make_notice("unlike_training")]})
        outcomes[1] = Outcome(Path("/lab/0/1.png"), unlike)
        outcomes[3] = Outcome(Path("/lab/0/copy.png"), outcomes[2].result)
        lines: list[str] = []
        found = measure_site(outcomes, pipeline.manifest, "Graz", 0.5, lines.append)
        assert (found.fields, found.patients, found.magnifications) == (77, 8, {"100X": 77})
        assert lines[0] == "/lab/0/0.png: image_truncated: the file ends early"
        assert lines[1].startswith("/lab/0/1.png: unlike_training: ")
        assert lines[2:] == ["/lab/0/copy.png: the same file as /lab/0/2.png"]
        assert found.weights_sha256 == pipeline.manifest.weights_sha256
        assert 0 < found.log_odds_shift < found.measured_shift

    def test_fields_in_one_folder_are_of_unknown_patients(self, one, pipeline):
        outcomes = [changed(one, f"/lab/{i}.png", x) for i, x in enumerate(laboratory(8, 2.5)[0])]
        assert measure_site(outcomes, pipeline.manifest, "Graz", 0.5, print).patients is None

    def test_one_field_many_times_is_no_laboratory(self, one, pipeline):
        same = [Outcome(Path(f"/lab/{i}/a.png"), one.result) for i in range(60)]
        with pytest.raises(ValueError, match="1 of 60 fields can be used"):
            measure_site(same, pipeline.manifest, "Graz", 0.5, lambda _: None)

    @pytest.mark.parametrize(
        ("counts", "said"),
        [([20, 20, 20, 20], "4 patients"), ([31, 9, 8, 7, 5], "/lab/0 has 31 of 60 fields"), ([30, 9, 8, 7, 6], None)],
    )
    def test_a_laboratory_is_more_than_one_patient(self, one, pipeline, counts, said):
        patients = [str(patient) for patient, count in enumerate(counts) for _ in range(count)]
        outcomes = fields_of(one, np.linspace(-2, 2, len(patients)), patients)
        with pytest.raises(ValueError, match=said) if said else nullcontext():
            assert measure_site(outcomes, pipeline.manifest, "Graz", 0.5, print).patients == 5

    def test_names_that_are_no_text_are_said(self, one, pipeline):
        lines: list[str] = []
        broken = Outcome(Path("/lab/\udcff.png"), error="empty_file", detail="nothing")
        with pytest.raises(ValueError, match="0 of 1 field"):
            measure_site([broken], pipeline.manifest, "Graz", 0.5, lines.append)
        assert lines == ["/lab/\\xff.png: empty_file: nothing"]

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
        (["--output", "/dev/null"], "a folder or a device"),
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


def test_a_folder_as_output_is_refused_before_anything_is_read(tmp_path):
    result = CliRunner().invoke(app, ["adapt", str(tmp_path), "--output", str(tmp_path)])
    assert result.exit_code == 1
    assert "is a folder" in result.output


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, ["adapt", str(tmp_path), "--output", str(tmp_path / "file" / "site.json")])
    assert result.exit_code == 2
    assert "cannot be written" in result.output
