"""The pipeline on real films, with the model package that ships."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lobule.contracts.result import ImageInfo
from lobule.errors import AnalysisError
from lobule.imaging.exif import ORIENTATION_TAG
from lobule.imaging.film import Film
from lobule.words import make_notice
from lobule.worker.pipeline import no_progress
from mammo_worker import cli
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.films.aspect import squeeze_of
from mammo_worker.films.gate import not_a_mammogram
from mammo_worker.pipeline import assessment_of, shown_small
from mammo_worker.predict import FILM_COLUMNS, FINDING_COLUMNS, TRIAGE


@pytest.fixture(scope="module")
def film(shared_data):
    return cbis_ddsm(shared_data / "cbis_ddsm_mass")[0].read()


def as_png(pixels):
    return cv2.imencode(".png", pixels)[1].tobytes()


def info(data, width, height):
    sha = hashlib.sha256(data).hexdigest()
    return ImageInfo(sha256=sha, file_name="film.png", modality="mammography", width=width, height=height)


def analyse(pipeline, pixels, progress=no_progress):
    data = as_png(pixels)
    return pipeline.analyse(data, info(data, pixels.shape[1], pixels.shape[0]), progress)


@pytest.fixture(scope="module")
def plain(pipeline, film):
    """The result of the film as it is."""
    return analyse(pipeline, film).result


def corners(result):
    marked = result.marked_findings()
    assert marked == result.findings[: len(marked)]
    found = [(f.box.x, f.box.y, f.box.x + f.box.width, f.box.y + f.box.height) for f in marked]
    return np.array(found).reshape(-1, 4)


def test_result_is_whole(pipeline, film):
    said = []
    analysis = analyse(pipeline, film, lambda fraction, words: said.append((fraction, words)))
    result = analysis.result
    assert [f for f, _ in said] == sorted(f for f, _ in said)
    assert said[-1][0] == 1.0
    assert result.density is not None
    assert result.density.category in "abcd"
    assert result.density.model.startswith("density-")
    boxes = corners(result)
    assert len(boxes) > 0
    assert (boxes >= 0).all()
    assert (boxes[:, 2:] <= [film.shape[1], film.shape[0]]).all()
    assert result.assessment == result.thresholds.assess(result.probability_malignant)
    assert max(finding.probability_malignant for finding in result.findings) <= result.probability_malignant
    for finding in result.findings:
        assert finding.probability_malignant <= finding.probability
        for x, y in finding.outline or []:
            assert finding.box.x - 1 <= x <= finding.box.x + finding.box.width + 1
            assert finding.box.y - 1 <= y <= finding.box.y + finding.box.height + 1
    probabilities = [f.probability for f in result.findings]
    assert probabilities == sorted(probabilities, reverse=True)
    shown = cv2.imdecode(np.frombuffer(analysis.files[result.display.file], np.uint8), cv2.IMREAD_UNCHANGED)
    heat = cv2.imdecode(np.frombuffer(analysis.files[result.heat_map.file], np.uint8), cv2.IMREAD_UNCHANGED)
    assert shown.shape == heat.shape == (result.display.height, result.display.width)
    assert set(result.timings_s) == {"read", "prepare", "network", "density", "draw"}


def test_covered_text_is_not_displayed():
    pixels = np.full((100, 80), 9, np.uint8)
    pixels[4:10, 20:60] = 200
    assert shown_small(Film(pixels, covered=((20, 4, 60, 10),))).max() == 9
    assert shown_small(Film(pixels)).max() == 200
    assert pixels.max() == 200


def test_same_film_same_answer(pipeline, film, plain):
    again = analyse(pipeline, film).result
    assert again.findings == plain.findings
    assert again.probability_malignant == plain.probability_malignant


def test_mirrored_film_gives_mirrored_findings(pipeline, film, plain):
    mirrored = analyse(pipeline, film[:, ::-1]).result
    boxes, other = corners(plain), corners(mirrored)
    assert len(boxes) == len(other)
    back = np.stack([film.shape[1] - other[:, 2], other[:, 1], film.shape[1] - other[:, 0], other[:, 3]], axis=1)
    assert np.abs(boxes[0] - back[0]).max() < 6


def test_dicom_and_png_of_a_film_agree(pipeline, film, plain, tmp_path, write_dicom):
    path = write_dicom(tmp_path / "film.dcm", film, 8, ViewPosition="CC", ImageLaterality="R")
    data = path.read_bytes()
    from_dicom = pipeline.analyse(data, info(data, film.shape[1], film.shape[0]), no_progress).result
    assert np.allclose(corners(from_dicom), corners(plain))
    assert (from_dicom.image.view, from_dicom.image.laterality) == ("CC", "R")


def test_sixteen_bits_change_little(pipeline, film, plain):
    deep = analyse(pipeline, film.astype(np.uint16) * 257).result
    assert deep.probability_malignant == pytest.approx(plain.probability_malignant, abs=0.03)
    assert np.abs(corners(deep)[0] - corners(plain)[0]).max() < 6


def test_a_stretched_film_is_noticed_and_mapped_back(pipeline, film, plain):
    stretched = cv2.resize(film, (800, 800), interpolation=cv2.INTER_AREA)
    result = analyse(pipeline, stretched).result
    assert "aspect_assumed" in [n.code for n in result.notices]
    best = corners(result)[0] * np.array([film.shape[1], film.shape[0]] * 2) / 800
    assert np.abs(best - corners(plain)[0]).max() < 60


def test_padded_squares_are_not_taken_for_stretched(shared_data):
    films = [cv2.imread(str(p), 0) for p in sorted((shared_data / "mias" / "images").glob("*.jpg"))[:30]]
    assert np.mean([squeeze_of(f) == 1.0 for f in films]) > 0.9
    raw = [cv2.imread(str(p), 0) for p in sorted((shared_data / "cbis_ddsm_mass" / "images").glob("*.jpg"))[:30]]
    assert np.mean([squeeze_of(f) < 1.0 for f in raw]) > 0.9
    assert all(squeeze_of(f, (0.1, 0.1)) == 1.0 for f in raw), "a file with a spacing was not stretched"


def test_histology_is_no_mammogram(pipeline, shared_data):
    path = next((shared_data / "breakhis" / "images").rglob("*.jpg"))
    data = path.read_bytes()
    with pytest.raises(AnalysisError, match="colour") as caught:
        pipeline.analyse(data, info(data, 700, 460), no_progress)
    assert caught.value.code == "not_mammogram"


def test_gate_knows_films_from_other_grey_pictures(shared_data):
    cells = [cv2.imread(str(p), 0) for p in sorted((shared_data / "breakhis" / "images").rglob("*.jpg"))[:200:10]]
    films = [cv2.imread(str(p), 0) for p in sorted((shared_data / "mias" / "images").glob("*.jpg"))[::10]]
    films += [cv2.imread(str(p), 0) for p in sorted((shared_data / "cdd_cesm" / "images").glob("*.jpg"))[::12]]
    assert np.mean([not_a_mammogram(Film(c)) is not None for c in cells]) >= 0.9
    assert np.mean([not_a_mammogram(Film(f)) is None for f in films]) >= 0.97
    noise = np.random.default_rng(0).integers(0, 255, (300, 200)).astype(np.uint8)
    assert not_a_mammogram(Film(noise)) is not None


@pytest.fixture
def predict(pipeline, monkeypatch):
    monkeypatch.setattr("mammo_worker.pipeline.build_pipeline", lambda model, clusters: pipeline)
    return lambda *arguments: CliRunner().invoke(cli.app, ["predict", *map(str, arguments)])


def test_predict_writes_what_the_pipeline_says(predict, film, plain, tmp_path):
    good, bad = tmp_path / "in" / "film.png", tmp_path / "in" / "deep" / "broken.PNG"
    bad.parent.mkdir(parents=True)
    good.write_bytes(as_png(film))
    bad.write_bytes(b"no picture")
    findings, films = tmp_path / "findings.csv", tmp_path / "films.csv"
    outcome = predict(tmp_path / "in", "--output", findings, "--films", films)
    assert outcome.exit_code == 1
    assert "1 of 2 films read" in outcome.stderr
    assert f"{bad}: unsupported_format" in outcome.stderr.replace("\n", "")
    rows = list(csv.DictReader(io.StringIO(findings.read_text())))
    assert tuple(rows[0]) == FINDING_COLUMNS
    assert [float(r["x"]) for r in rows] == [f.box.x for f in plain.findings]
    assert [float(r["probability_malignant"]) for r in rows] == [f.probability_malignant for f in plain.findings]
    failed, read = csv.DictReader(io.StringIO(films.read_text()))
    assert tuple(read) == FILM_COLUMNS
    assert read["assessment"] == plain.assessment
    assert read["triage"] == TRIAGE[plain.assessment]
    assert float(read["probability_malignant"]) == plain.probability_malignant
    assert (int(read["image_width"]), int(read["image_height"])) == (film.shape[1], film.shape[0])
    assert (failed["file"], failed["error"], failed["probability_malignant"]) == (str(bad), "unsupported_format", "")


def test_predict_writes_whole_results_and_masks_upright(predict, film, plain, tmp_path):
    """A film that is stored turned gives the numbers of the same film stored upright."""
    upright, turned, broken = (tmp_path / name for name in ("a/film.png", "b/film.tif", "c/film.jpg"))
    for file in (upright, turned, broken):
        file.parent.mkdir()
    upright.write_bytes(as_png(film))
    Image.fromarray(np.rot90(film)).save(turned, tiffinfo={ORIENTATION_TAG: 6})
    broken.write_bytes(b"no picture")
    results, masks = tmp_path / "results", tmp_path / "masks"
    outcome = predict(upright, turned, broken, "--json", results, "--masks", masks)
    assert outcome.exit_code == 1
    said, same, failed = (json.loads((results / f"{n}.json").read_text()) for n in ("film", "film-2", "film-3"))
    assert said["findings"] == json.loads(plain.model_dump_json())["findings"]
    assert (said["file"], said["coordinates"], said["error"]) == (str(upright), "upright", None)
    assert [same[key] for key in ("findings", "probability_malignant")] == [
        said[key] for key in ("findings", "probability_malignant")
    ]
    assert (failed["file"], failed["error"]) == (str(broken), "unsupported_format")
    mask = cv2.imread(str(masks / "film.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == film.shape
    assert set(np.unique(mask)) - {0} <= {n for n, f in enumerate(plain.findings, start=1) if f.outline}
    assert mask.any()
    assert (cv2.imread(str(masks / "film-2.png"), cv2.IMREAD_UNCHANGED) == mask).all()
    assert not list(tmp_path.glob("*.csv"))
    assert predict(upright, "--json", upright).exit_code == 2
    refused = predict(upright, "--output", tmp_path / "findings.csv", "--films", tmp_path)
    assert (refused.exit_code, "The results cannot be written" in refused.stderr) == (2, True)
    [line] = predict(upright, "--json", "-").stdout.splitlines()
    assert json.loads(line) == said


def test_predict_without_a_model_says_so(tmp_path):
    """In a process of its own, where TensorFlow's start-up lines would be seen."""
    environment = {k: v for k, v in os.environ.items() if k not in ("TF_CPP_MIN_LOG_LEVEL", "GRPC_VERBOSITY")}
    done = subprocess.run(
        [sys.executable, "-c", "from mammo_worker.cli import main; main()", "predict", "x.png", "--model", "nothing"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("model_unavailable: ")
    assert "nothing" in done.stderr


@pytest.mark.parametrize(
    ("by_number", "assessment"),
    [("no_sign_of_malignancy", "not_sure"), ("not_sure", "not_sure"), ("malignancy_suspected", "malignancy_suspected")],
)
@pytest.mark.parametrize("notice", ["polarity_doubted", "implant", "male_patient", "breast_cut_off", "few_pixels"])
def test_a_kind_of_film_that_was_not_evaluated_is_not_called_negative(by_number, assessment, notice):
    assert assessment_of([make_notice("burnt_in_text"), make_notice(notice)], by_number) == assessment
    assert assessment_of([make_notice("burnt_in_text")], by_number) == by_number
