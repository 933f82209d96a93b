"""A package that is calibrated anew or measured, on what a detector could say of drawn patients' films."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from invented_findings import detections_of
from typer.testing import CliRunner

from lobule.contracts.result import Thresholds
from lobule.model_package import open_package
from lobule_ml.packages import read_weights
from mammo_worker import cli, composition, release
from mammo_worker import package_evaluation as measurement
from mammo_worker.calibration import Calibration, Logistic
from mammo_worker.configs import toy
from mammo_worker.data.splits import split_of
from mammo_worker.nn import config as networks
from mammo_worker.package_evaluation import evaluate_package, write_results
from mammo_worker.packages import write_package
from mammo_worker.release import recalibrate
from mammo_worker.suspicion.breast import BreastCalibration
from mammo_worker.training.plan import Phase, TrainingPlan

pytestmark = pytest.mark.usefixtures("few_resamples")

HEADER = "| data | metric | rule | value | interval_95 |"
PATIENTS = [f"P{i}" for i in range(120)]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The folder of a package whose films are looked at by `detections_of`."""
    films = [
        SimpleNamespace(name=f"{p}_L_{view}.png", patient=p, path=None, laterality="L", view=view)
        for p in PATIENTS
        for view in ("CC", "MLO")
    ]
    for module in (release, measurement):
        monkeypatch.setattr(module, "cbis_ddsm", lambda _: films)
        monkeypatch.setattr(module, "load_detector", lambda _: None)
        monkeypatch.setattr(
            module, "run_detector", lambda _, cases, refused=None: [detections_of(case) for case in cases]
        )
    (tmp_path / "cbis_ddsm_mass").mkdir()
    plain = Logistic((1.0,), 0.0)
    write_package(
        tmp_path / "toy",
        version="1.0.0",
        config=toy.network(),
        variants=[networks.TestTimeVariant((128, 64), False)],
        weights=[np.zeros(3, np.float32)],
        calibration=Calibration(plain, plain, Logistic((1.0, 1.0), 0.0), 0.5),
        calibrated_on="nothing",
        thresholds=Thresholds(low=0.2, high=0.6, finding=0.3),
        trained_on="t",
        licence="l",
        metrics=[],
        card="# toy\n",
    )
    return tmp_path / "toy"


def test_a_package_is_calibrated_anew_and_keeps_its_weights(package, tmp_path):
    before = open_package(package).manifest
    after = recalibrate(package, tmp_path, tmp_path / "docs", version="1.0.1", fppi=0.5, echo=lambda _: None)
    assert open_package(package).manifest.model_dump_json() == after.model_dump_json()
    assert (after.version, after.weights_sha256) == ("1.0.1", before.weights_sha256)
    assert after.input.preprocessing_version == release.PREPROCESSING_VERSION
    assert after.calibration.method == before.calibration.method
    assert Calibration.from_dict(after.calibration.values()) != Calibration.from_dict(before.calibration.values())
    assert "Mask R-CNN on efficientnet_lite0 with a pyramid of 16" in (package / "MODEL_CARD.md").read_text("utf-8")
    held_out = [p for p in PATIENTS if split_of(p) != "train"]
    tested = sum(split_of(p) == "test" for p in PATIENTS)
    calibration = BreastCalibration.from_dict(after.calibration.values()["breast"])
    assert calibration.model.suspicious == after.thresholds.high
    assert f"{len(held_out)} breasts of {len(held_out)} patients" in (tmp_path / "docs" / "breasts.md").read_text(
        "utf-8"
    )
    for file in (package / "MODEL_CARD.md", tmp_path / "docs" / "mammography.md"):
        assert HEADER in file.read_text("utf-8")
        assert f"{2 * tested} films of {tested} patients" in file.read_text("utf-8")


def test_what_evaluate_writes_has_the_columns_of_the_committed_tables(package, tmp_path):
    opened = open_package(package)
    measured = evaluate_package(opened, tmp_path)
    assert {m["metric"] for m in measured.metrics} >= {"calibration error (ECE)", "malignant films, no sign"}
    assert measured.breasts == [], "the calibration was not fitted on these films"
    write_results(opened.manifest.with_metrics(measured.metrics), measured, tmp_path / "docs")
    assert HEADER in (tmp_path / "docs" / "mammography.md").read_text("utf-8")
    out = tmp_path / "out"
    done = CliRunner().invoke(
        cli.app, ["evaluate", "--model", str(package), "--data", str(tmp_path), "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert HEADER in (out / "mammography.md").read_text("utf-8")
    assert "metrics" in json.loads((package / "model.json").read_text())


def test_a_calibration_is_measured_without_the_patients_that_it_was_fitted_on(package, tmp_path):
    options = {"version": "1.0.1", "fppi": 0.5, "echo": lambda _: None}
    manifest = recalibrate(package, tmp_path, tmp_path / "docs", **options)
    measured = evaluate_package(open_package(package), tmp_path)
    assert manifest.metrics == manifest.with_metrics(measured.metrics).metrics
    stored = Calibration.from_dict(manifest.calibration.values())
    assert all(film.probability != float(stored.film(film.features)[0]) for film in measured.films)
    few = evaluate_package(open_package(package), tmp_path, limit=4)
    assert len(few.films) == 4
    assert not [m for m in few.metrics if m["rule"] in ("film", "share") or "calibration" in m["metric"]]


def of_patients(run, *patients):
    """Make a run whose network has learned from these patients."""
    run.mkdir()
    (run / "films.csv").write_text("film,patient\n" + "".join(f"{p}.png,{p}\n" for p in patients))
    np.savez(run / "average.npz", np.full((2, 2), 0.5), np.ones(3), np.ones(3))
    return run


@pytest.fixture
def public_sets(package, monkeypatch):
    """CDD-CESM with one patient, beside the patients of `package`; networks are not built."""
    monkeypatch.setattr(release, "cdd_cesm", lambda _: [SimpleNamespace(patient="CESM")])
    monkeypatch.setattr(release, "build_detector", lambda config, weights, variants: None)


@pytest.mark.parametrize("other", ["unknown", next(p for p in PATIENTS if split_of(p) == "test")])
def test_a_run_on_other_patients_is_not_released(package, public_sets, tmp_path, other):
    run = of_patients(tmp_path / "run", next(p for p in PATIENTS if split_of(p) == "train"), other)
    command = ["release", str(run), "--data", str(tmp_path), "--package", str(tmp_path / "new")]
    command += ["--docs", str(tmp_path / "docs")]
    done = CliRunner().invoke(cli.app, command)
    assert done.exit_code == 1
    assert f"no training patients of CBIS-DDSM or CDD-CESM: {other}" in " ".join(done.output.split())
    assert not (tmp_path / "new").exists()
    done = CliRunner().invoke(cli.app, [*command, "--plan", "none"])
    assert done.exit_code == 2
    assert "there is no configuration" in done.output


def released(package, tmp_path, *, supervision="full", **options):
    """Release a run of 64 x 64 pixels beside a package."""
    network = toy.network((64, 64))
    assert network.mask is not None
    plan = TrainingPlan(replace(network, mask=replace(network.mask, supervision=supervision)), (Phase(1),))
    folder = tmp_path / "run"
    run = (
        folder if folder.exists() else of_patients(folder, next(p for p in PATIENTS if split_of(p) == "train"), "CESM")
    )
    manifest = release.release(
        run, plan, tmp_path, tmp_path / "both", tmp_path / "docs", version="2", fppi=0.5, echo=lambda _: None, **options
    )
    return manifest, (tmp_path / "both" / "MODEL_CARD.md").read_text("utf-8")


def says_it_learned_from_the_same_patients(package):
    said = json.loads((package / "model.json").read_text("utf-8"))
    (package / "model.json").write_text(json.dumps(said | {"trained_on": composition.TRAINED_ON}))


@pytest.mark.parametrize("option", ["fuse", "findings_of"])
def test_a_run_is_released_beside_a_package_of_the_same_patients_and_network_only(
    package, public_sets, tmp_path, monkeypatch, option
):
    with pytest.raises(ValueError, match="other patients"):
        released(package, tmp_path, **{option: package})
    says_it_learned_from_the_same_patients(package)
    other = replace(toy.network((64, 64)), triage=None)
    monkeypatch.setattr(toy, "network", lambda _: other)
    with pytest.raises(ValueError, match="another network"):
        released(package, tmp_path, **{option: package})
    with pytest.raises(ValueError, match="not both"):
        released(package, tmp_path, fuse=package, findings_of=package)


def test_a_run_is_fused_with_a_package(package, public_sets, tmp_path):
    says_it_learned_from_the_same_patients(package)
    manifest, card = released(package, tmp_path, fuse=package)
    assert [view.get("network") for view in manifest.input["views"]] == [0, 1]
    assert [w.shape for w in read_weights(tmp_path / "both" / manifest.weights_file)] == [(2, 2), (3,), (3,), (3,)]
    assert manifest.trained_on.count("CDD-CESM") == 2
    assert "64 x 64, network 1; 128 x 64, network 2" in card
    assert "Backbone: efficientnet_lite0; licence of its pretrained weights: Apache-2.0." in card


def test_a_run_gives_the_numbers_of_films_beside_the_findings_of_a_package(package, public_sets, tmp_path):
    says_it_learned_from_the_same_patients(package)
    run = of_patients(tmp_path / "run", next(p for p in PATIENTS if split_of(p) == "train"), "CESM")
    np.savez(run / "average.npz", np.full((2, 2), 0.5))  # as many arrays as the package's network
    manifest, card = released(package, tmp_path, findings_of=package, supervision="weak")
    seen = [(view["network"], view["purpose"]) for view in manifest.input["views"]]
    assert seen == [(0, "findings"), (1, "film")]
    shapes = [w.shape for w in read_weights(tmp_path / "both" / manifest.weights_file)]
    assert shapes == [(3,), (2, 2)], "the package's network is the first one"
    assert manifest.trained_on == composition.TRAINED_ON, "both networks have learned from the same films"
    assert "128 x 64, network 1; 64 x 64, network 2, for the number of the film" in card
    (tmp_path / "both").rename(tmp_path / "before")
    again, _ = released(tmp_path / "before", tmp_path, findings_of=tmp_path / "before")
    assert again.input["views"] == manifest.input["views"], "the network for films is replaced, and not added to"
    assert [w.shape for w in read_weights(tmp_path / "both" / again.weights_file)] == shapes
