"""The region classifier: what it learns from, what it sees, and a whole training at toy size."""

import csv
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from lobule.contracts.region import RegionRequest
from lobule.contracts.result import Box, ImageInfo
from lobule.model_package import open_package
from lobule_ml.calibration import Logistic
from lobule_ml.training.loop import AVERAGE_FILE
from mammo_worker.cli import app
from mammo_worker.data.splits import fold_of
from mammo_worker.regions.augment import RegionAugmentation, augment
from mammo_worker.regions.crops import Crop, cbis_crops
from mammo_worker.regions.evaluate import OutOfFold, measure, measure_preparations, read_out_of_fold, write_predictions
from mammo_worker.regions.expert import InstalledExpert
from mammo_worker.regions.inference import classify
from mammo_worker.regions.network import RegionModel, RegionNetwork
from mammo_worker.regions.package import RegionReader, calibrated, write_package
from mammo_worker.regions.plan import RegionPlan
from mammo_worker.regions.preparations import PREPARATIONS
from mammo_worker.regions.prepare import prepare_region, region_at
from mammo_worker.regions.read import regions_of_film
from mammo_worker.regions.table import read_boxes
from mammo_worker.regions.targets import NAMES, encode, malignancy
from mammo_worker.regions.train import train_fold

MASS = {"pathology": "MALIGNANT", "assessment": "4", "mass shape": "IRREGULAR-ROUND", "mass margins": "N/A"}
CALC = {
    "pathology": "BENIGN_WITHOUT_CALLBACK",
    "assessment": "0",
    "calc type": "LUCENT_CENTERED",
    "calc distribution": "CLUSTERED",
}


def known(targets, weights):
    return {name: bool(t) for name, t, w in zip(NAMES, targets, weights, strict=True) if w > 0}


def test_targets_of_a_mass_say_nothing_of_calcifications():
    probabilities = known(*encode("mass", True, MASS))
    assert probabilities["malignant mass"]
    assert not probabilities["calcification"]
    assert probabilities["BI-RADS 4 or 5"]
    assert not probabilities["BI-RADS 5"]
    assert probabilities["mass shape: IRREGULAR"]
    assert probabilities["mass shape: ROUND"]
    assert not probabilities["mass shape: OVAL"]
    assert not any(name.startswith(("calc", "mass margins", "malignant calc")) for name in probabilities if ":" in name)


def test_targets_of_calcifications_without_callback_and_assessment():
    probabilities = known(*encode("calcification", False, CALC))
    assert not probabilities["malignant calcification"]
    assert not probabilities["called back"]
    assert probabilities["calc type: LUCENT_CENTER"]
    assert "BI-RADS 5" not in probabilities


def test_malignancy_weighs_the_kinds():
    probabilities = np.full((1, len(NAMES)), 0.5)
    probabilities[0, :3] = 0.25, 0.8, 0.4  # calcification, malignant mass, malignant calcification
    assert malignancy(probabilities)[0] == pytest.approx(0.75 * 0.8 + 0.25 * 0.4)


def test_spot_of_one_pixel_survives_a_strong_reduction():
    grey = np.full((900, 600), 100, np.uint8)
    grey[450, 300] = 200
    prepared = prepare_region(grey, (900, 600), 100)
    assert prepared.canvas.shape == (100, 100, 3)
    assert prepared.canvas[..., 2].max() > 100
    assert prepared.canvas[..., 0].max() < 110  # the plain grey has lost it


def test_small_region_keeps_its_scale_and_its_size_is_told():
    prepared = prepare_region(np.full((40, 20), 90, np.uint8), (40, 20), 224)
    rows, columns = np.flatnonzero(prepared.canvas[..., 0].any(1)), np.flatnonzero(prepared.canvas[..., 0].any(0))
    assert (len(rows), len(columns)) == (60, 30)
    assert prepared.size[1] == pytest.approx(1.0)
    assert prepared.size[0] < prepare_region(np.full((400, 200), 90, np.uint8), (400, 200), 224).size[0]


def test_augmentation_is_repeatable_and_changes_the_region():
    region = prepare_region(np.random.default_rng(0).integers(60, 200, (80, 60), np.uint8), (80, 60), 96)
    first, second, other = (augment(region, RegionAugmentation(), np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.canvas, second.canvas)
    assert (first.canvas != other.canvas).any()


@pytest.fixture
def toy_data(tmp_path):
    """A data folder with 24 drawn lesions of 12 patients: the malignant ones are ragged."""
    chance = np.random.default_rng(0)
    (tmp_path / "cbis_crops" / "images").mkdir(parents=True)
    (tmp_path / "cbis_ddsm_mass" / "csv").mkdir(parents=True)
    index, tables = [], {"mass": [], "calc": []}
    for number in range(24):
        kind, malignant = ("mass", "calc")[number % 2], number % 4 < 2
        patient = f"P_{number // 2:05d}"
        picture = chance.integers(60, 90, (70, 50), np.uint8)
        if kind == "mass":
            cv2.circle(picture, (25, 35), 18, 160, -1)
        else:
            picture[chance.integers(0, 70, 20), chance.integers(0, 50, 20)] = 250
        file = f"images/{kind}_{number}.png"
        cv2.imwrite(str(tmp_path / "cbis_crops" / file), picture)
        index.append(
            {
                "file": file,
                "kind": kind,
                "label": "malignant" if malignant else "benign",
                "patient": patient,
                "laterality": "LEFT",
                "view": "CC",
                "abnormality_id": "1",
                "width": "50",
                "height": "70",
            }
        )
        description = dict(MASS if kind == "mass" else CALC)
        description |= {"pathology": "MALIGNANT" if malignant else "BENIGN"}
        description |= {
            "patient_id": patient,
            "left or right breast": "LEFT",
            "image view": "CC",
            "abnormality id": "1",
        }
        tables[kind].append(description)
    write_csv(tmp_path / "cbis_crops" / "index.csv", index)
    for kind, rows in tables.items():
        write_csv(tmp_path / "cbis_ddsm_mass" / "csv" / f"{kind}_case_description_train_set.csv", rows)
    return tmp_path


def write_csv(path, rows):
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_training_resumes_bit_for_bit_and_predicts_out_of_fold(toy_data, tmp_path, eager):
    crops = cbis_crops(toy_data)
    network = RegionNetwork(side=64)
    plan = RegionPlan(network=network, steps=6, batch=4, views=2, warm_up=2)
    fold = fold_of(crops[0].patient)
    runs = tmp_path / "runs"
    train_fold(plan, crops, fold, tmp_path / "through", None, cache=tmp_path / "views")
    train_fold(plan, crops, fold, runs / f"fold{fold}", None, cache=tmp_path / "views", until=3)
    train_fold(plan, crops, fold, runs / f"fold{fold}", None, cache=tmp_path / "views")
    with np.load(tmp_path / "through" / AVERAGE_FILE) as one, np.load(runs / f"fold{fold}" / AVERAGE_FILE) as two:
        for name in one.files:
            np.testing.assert_array_equal(one[name], two[name])

    results = list(read_out_of_fold(plan, crops, runs, None, lambda _: None, PREPARATIONS[::3]))
    assert [row["read"] for row in measure_preparations(results)] == [
        preparation.name for preparation in PREPARATIONS[::3]
    ]
    result = results[0]
    assert {fold_of(c.patient) for c in result.crops} == {fold}
    assert measure(result)
    write_predictions(result, tmp_path / "predictions.csv")
    with (tmp_path / "predictions.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == len(result.crops)

    with pytest.raises(ValueError, match="another configuration"):
        train_fold(replace(plan, seed=2), crops, fold, tmp_path / "other", None, cache=tmp_path / "views")


def toy_package(folder, chance):
    """A package with untrained weights, calibrated on made-up outputs."""
    crops = []
    for i in range(40):
        kind = ("mass", "calcification")[i % 2]
        targets, weights = encode(kind, i % 4 < 2, MASS if kind == "mass" else CALC)
        crops.append(Crop(Path(f"{i}.png"), kind, str(i), str(i), "CC", i % 4 < 2, (50, 50), targets, weights))
    probabilities = chance.uniform(0.1, 0.9, (40, len(NAMES)))
    network = RegionNetwork(side=64)
    whole = RegionModel(network).whole
    result = OutOfFold(crops, np.zeros(40, int), probabilities)
    write_package(folder, version="0.0.1", network=network, whole=whole, result=result, metrics=[], card="# toy\n")
    return network, whole


def test_package_says_what_the_network_said(tmp_path):
    chance = np.random.default_rng(0)
    network, whole = toy_package(tmp_path / "toy", chance)
    reader = RegionReader(open_package(tmp_path / "toy"))
    region = prepare_region(chance.integers(0, 255, (60, 80), np.uint8), (60, 80), network.side)
    opinion = reader([region])[0]
    probabilities = classify(whole, [region])
    assert opinion.kind == ("calcification" if probabilities[0, 0] >= 0.5 else "mass")
    values = reader.manifest.calibration
    by_kind = {k: Logistic(tuple(values[k]["weights"]), values[k]["bias"]) for k in ("mass", "calcification")}
    assert opinion.probability_malignant == pytest.approx(malignancy(calibrated(probabilities, by_kind))[0], abs=2e-3)
    assert reader([]) == []


def test_a_region_is_judged_alike_however_it_is_turned():
    """By a network that looks at one corner alone, and so tells each orientation from the others."""
    corner = SimpleNamespace(predict_on_batch=lambda given: given[0][:, 20, 27].astype(np.float32) / 255)
    chance = np.random.default_rng(0)
    region = prepare_region(chance.integers(0, 255, (60, 80), np.uint8), (60, 80), 64)
    seen = [np.rot90(canvas, turns) for canvas in (region.canvas, region.canvas[::-1]) for turns in range(4)]
    probabilities = [classify(corner, [replace(region, canvas=canvas)]) for canvas in seen]
    assert len({float(canvas[20, 27, 0]) for canvas in seen}) > 4
    for each in probabilities[1:]:
        np.testing.assert_allclose(each, probabilities[0])


def test_a_region_of_a_coarser_film_has_the_same_size():
    grey = np.random.default_rng(0).integers(60, 200, (300, 200), np.uint8)
    coarse = cv2.resize(grey, (100, 150), interpolation=cv2.INTER_AREA)
    fine, enlarged = region_at(grey, 0.05, 96), region_at(coarse, 0.1, 96)
    np.testing.assert_array_equal(fine.size, enlarged.size)
    assert np.corrcoef(fine.canvas[..., 0].ravel(), enlarged.canvas[..., 0].ravel())[0, 1] > 0.9


def test_the_service_answers_as_the_command_does(tmp_path, monkeypatch):
    chance = np.random.default_rng(0)
    toy_package(tmp_path / "toy", chance)
    reader = RegionReader(open_package(tmp_path / "toy"))
    monkeypatch.setattr("mammo_worker.regions.expert.installed_reader", lambda: reader)
    film = chance.integers(60, 200, (600, 400), np.uint8)
    data = cv2.imencode(".png", film)[1].tobytes()
    told = {"sha256": "0" * 64, "file_name": "film.png", "modality": "mammography", "width": 400, "height": 600}
    box = Box(x=50, y=100, width=130, height=100)
    expert = InstalledExpert()
    fine = expert(RegionRequest(image=ImageInfo(**told, pixel_spacing_mm=(0.05, 0.05)), key="", box=box), data)
    [region] = regions_of_film(data, [box], reader.side, (0.05, 0.05))
    assert (fine.outcome, fine.scale_assumed) == ("answered", False)
    assert fine.probability_malignant == reader([region.prepared])[0].probability_malignant
    assert fine.assessment == reader.manifest.thresholds.assess(fine.probability_malignant)
    coarse = expert(RegionRequest(image=ImageInfo(**told), key="", box=box), data)
    assert (coarse.outcome, coarse.probability_malignant, coarse.scale_assumed) == ("too_coarse", None, True)


def test_regions_command_reads_pictures_and_boxes_and_names_what_it_cannot(tmp_path):
    chance = np.random.default_rng(0)
    toy_package(tmp_path / "toy", chance)
    film = np.zeros((600, 400), np.uint8)
    film[:, :250] = chance.integers(60, 200, (600, 250))
    cv2.imwrite(str(tmp_path / "film.png"), film)
    cv2.imwrite(str(tmp_path / "crop.png"), film[100:200, 50:180])
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "boxes.csv").write_text("file,x,y,width,height\nfilm.png,50,100,130,100\nfilm.png,900,0,99,99\n")
    (tmp_path / "empty").mkdir()
    files = [str(tmp_path / name) for name in ("crop.png", "broken.png", "empty", "gone.png")]
    options = ["--output", str(tmp_path / "out.csv"), "--package", str(tmp_path / "toy"), "--mm-per-pixel", "0.05"]
    done = CliRunner().invoke(app, ["regions", *files, "--boxes", str(tmp_path / "boxes.csv"), *options])
    assert done.exit_code == 1
    assert "broken.png: unsupported_format: " in done.stderr
    assert "empty: unreadable_file: the folder contains no image\n" in done.stderr
    assert "gone.png: unreadable_file: No such file or directory\n" in done.stderr
    with (tmp_path / "out.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(Path(r["file"]).name, r["outcome"], r["error"]) for r in rows] == [
        ("crop.png", "answered", ""),
        ("broken.png", "", "unsupported_format"),
        ("empty", "", "unreadable_file"),
        ("gone.png", "", "unreadable_file"),
        ("film.png", "answered", ""),
        ("film.png", "too_small", ""),
    ], "a box that lies outside of the film is no fault of the others"
    assert rows[0]["probability_malignant"] == rows[4]["probability_malignant"]
    assert rows[4]["width"] == "130.0"
    refused = CliRunner().invoke(app, ["regions", files[0], *options, "--output", str(tmp_path)])
    assert (refused.exit_code, "The results cannot be written" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("file,x,y,width\na.png,1,2,3\n", "lacks the columns height; it needs file,x,y,width,height"),
        ("file,x,y,width,height\na.png,1,2,3,4\na.png,1,two,3,4\n", "line 3: y is 'two'; write pixels"),
        ("file,x,y,width,height\na.png,nan,2,3,4\n", "line 2: x is 'nan'; write pixels"),
        ("file,x,y,width,height\na.png,1,2,3\n", "line 2: height is ''; write pixels"),
        ("file,x,y,width,height\na.png,1,2,0,4\n", "line 2: width is '0'; write pixels, width and height above 0"),
    ],
)
def test_a_table_of_boxes_that_is_wrong_says_where(tmp_path, table, said):
    (tmp_path / "boxes.csv").write_text(table)
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        read_boxes(tmp_path / "boxes.csv")
    assert "\n" not in str(refused.value)
