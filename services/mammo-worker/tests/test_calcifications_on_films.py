"""The search for calcifications on whole films: package, boxes in pixels of the file, and the pipeline's result."""

import json
from copy import copy
from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawn_tissue import dots
from typer.testing import CliRunner

from lobule.contracts.result import Box, Finding, Hanging, ImageInfo
from lobule.errors import AnalysisError
from lobule.imaging.film import Film
from lobule.imaging.hanging import points_in_file
from lobule.model_package import open_package
from lobule.worker.pipeline import no_progress
from lobule_ml.calibration import Logistic
from mammo_worker import cli
from mammo_worker.calcifications import search as module
from mammo_worker.calcifications.network import STRIDE, build_network
from mammo_worker.calcifications.package import write_package
from mammo_worker.calcifications.plan import SearchPlan
from mammo_worker.calcifications.search import CalcificationSearch
from mammo_worker.examination.films import without_calcifications
from mammo_worker.films.hanging import hang_film
from mammo_worker.regions.package import installed_reader

PLAN = SearchPlan(widths=(4, 4, 8, 8))
SPOT = (440, 120)  # centre (row, column) of the calcifications on the drawn film


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages") / "calcifications-search"
    write_package(
        folder, version="0.0.1", plan=PLAN, network=build_network(PLAN.widths), calibration=Logistic((1.0,), 0.0),
        metrics=[], card="# Card\n",
    )  # fmt: skip
    return CalcificationSearch(open_package(folder), installed_reader())


@pytest.fixture
def spots(monkeypatch):
    """Instead of the network, which has learned nothing, a map that is likely where fine detail is bright."""

    def likely(network, grey, inside):
        rows, columns = (-(-side // STRIDE) for side in grey.shape)
        fine = (grey - cv2.GaussianBlur(grey, (0, 0), 3)) * cv2.erode(inside.astype(np.uint8), np.ones((25, 25)))
        padded = np.zeros((rows * STRIDE, columns * STRIDE), np.float32)
        padded[: grey.shape[0], : grey.shape[1]] = fine
        cells = padded.reshape(rows, STRIDE, columns, STRIDE).max(axis=(1, 3))
        return cv2.dilate(np.where(cells > 40, 4.0, -8.0).astype(np.float32), np.ones((3, 3)))

    monkeypatch.setattr(module, "likely_map", likely)


@pytest.fixture
def film(draw_film):
    """A drawn film of 9 x 5.6 cm with calcifications around `SPOT`."""
    pixels = np.asarray(draw_film(900, 560, 8), np.float32)
    row, column = SPOT
    pixels[row - 72 : row + 88, column - 70 : column + 90] += dots(height=120.0)
    return Film(pixels.clip(0, 255).astype(np.uint8), pixel_spacing_mm=(0.1, 0.1))


def contains(box, x, y):
    return box.x < x < box.x + box.width and box.y < y < box.y + box.height


HANGINGS = [None, Hanging(rotation=90), Hanging(rotation=180, mirrored=True), Hanging(rotation=270, mirrored=True)]


@pytest.mark.parametrize("hanging", HANGINGS)
def test_boxes_are_in_pixels_of_the_file_however_it_hangs(search, spots, film, hanging):
    stored = film.pixels
    if hanging is not None:
        stored = np.rot90(stored[:, ::-1] if hanging.mirrored else stored, hanging.rotation // 90)
    turned = replace(film, pixels=np.ascontiguousarray(stored), hanging=hanging)
    found = search(turned, hang_film(turned, hanging))
    assert len(found) == 1
    [(x, y)] = points_in_file(np.array([SPOT[::-1]], float), hanging, stored.shape)
    assert contains(found[0].box, x, y)
    assert 60 <= found[0].box.width <= 160
    assert found[0].label == "calcification"
    assert found[0].probability == pytest.approx(0.98, abs=0.01)
    assert 0 < found[0].probability_malignant < found[0].probability


def test_pixels_of_another_size_are_searched_at_the_same_scale(search, spots, film):
    large = cv2.resize(film.pixels, None, fx=2, fy=4, interpolation=cv2.INTER_CUBIC)
    fine = replace(film, pixels=large, pixel_spacing_mm=(0.025, 0.05))
    [found] = search(fine, hang_film(fine, None))
    assert contains(found.box, 2 * SPOT[1], 4 * SPOT[0])
    assert found.box.height == pytest.approx(2 * found.box.width, rel=0.3)


def test_film_without_a_breast_or_calcifications_has_no_cluster(search, spots, film, draw_film):
    black = replace(film, pixels=np.zeros((900, 560), np.uint8))
    assert search(black, hang_film(black, None)) == []
    plain = replace(film, pixels=draw_film(900, 560, 8))
    assert search(plain, hang_film(plain, None)) == []


@pytest.mark.parametrize(
    ("spacing", "searched"),
    [((0.1, 0.1), True), ((0.05, 0.1), True), ((0.05, 0.2), False), ((0.1, 0.106), False), (None, False)],
)
def test_only_films_of_known_fine_scale_are_searched(search, film, spacing, searched):
    assert search.can_search(replace(film, pixel_spacing_mm=spacing)) is searched


def test_film_that_is_larger_than_any_by_its_spacing_is_not_searched(search):
    large = Film(np.zeros((10_000, 10), np.uint8), pixel_spacing_mm=(0.05, 0.05))
    assert search.can_search(large)
    assert not search.can_search(replace(large, pixel_spacing_mm=(0.1, 0.1)))


def test_boxes_lie_on_the_film_where_a_false_spacing_leaves_few_pixels(search, monkeypatch, film):
    monkeypatch.setattr(module, "likely_map", lambda network, grey, inside: np.full((2, 2), 4.0, np.float32))
    tiny = replace(film, pixel_spacing_mm=(0.001, 0.001))
    [found] = search(tiny, hang_film(tiny, None))
    height, width = film.pixels.shape
    assert found.box.x + found.box.width <= width
    assert found.box.y + found.box.height <= height
    assert found.probability_malignant is None  # smaller than any region that is classified


def test_untrained_network_searches_a_film(search, film):
    search.warm_up()
    assert len(search(film, hang_film(film, None))) <= 20
    assert search.model.name == "calcifications-search"


def test_package_of_another_network_is_refused(tmp_path):
    folder = tmp_path / "calcifications-search"
    write_package(
        folder, version="0.0.1", plan=replace(PLAN, widths=(4, 4, 8, 16)), network=build_network(PLAN.widths),
        calibration=Logistic((1.0,), 0.0), metrics=[], card="# Card\n",
    )  # fmt: skip
    with pytest.raises(AnalysisError, match="calcifications-search"):
        CalcificationSearch(open_package(folder), installed_reader())


class DrawnClusters:
    """Finds one cluster on every film that is fine enough."""

    def __init__(self, model):
        self.model = model

    def warm_up(self):
        pass

    def can_search(self, film):
        return film.pixel_spacing_mm is not None

    def __call__(self, film, hung):
        box = Box(x=10, y=10, width=80, height=80)
        return [Finding(label="calcification", probability=0.9, probability_malignant=0.85, box=box, outline=None)]


@pytest.fixture(scope="module")
def analyse(pipeline, shared_data):
    from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm

    pixels = cbis_ddsm(shared_data / "cbis_ddsm_mass")[0].read()
    data = cv2.imencode(".png", pixels)[1].tobytes()
    both = copy(pipeline)  # its network is loaded and traced already
    both._clusters = DrawnClusters(pipeline.manifest.info())

    def analyse(searched, spacing=None):
        height, width = pixels.shape
        image = ImageInfo(
            sha256=64 * "0", file_name="film.png", modality="mammography", width=width, height=height,
            pixel_spacing_mm=spacing,
        )  # fmt: skip
        return (both if searched else pipeline).analyse(data, image, no_progress).result

    return analyse


def codes(result):
    return {notice.code for notice in result.notices}


def without_ids(findings):
    return [finding.model_copy(update={"id": ""}) for finding in findings]


def test_calcifications_change_nothing_else(analyse):
    plain, searched = analyse(False, (0.1, 0.1)), analyse(True, (0.1, 0.1))
    assert plain.calcifications is None
    assert searched.calcifications.searched
    [cluster] = [finding for finding in searched.findings if finding.label == "calcification"]
    assert [f.probability for f in searched.findings] == sorted(
        (f.probability for f in searched.findings), reverse=True
    )
    assert searched.marks(cluster)
    assert searched.model_of(cluster) == searched.calcifications.model
    assert searched.assessment == plain.assessment
    assert searched.probability_malignant == plain.probability_malignant
    assert searched.finding_assessment() == plain.finding_assessment()
    assert codes(searched) - codes(plain) == {"calcifications_searched"}
    masses = without_calcifications(searched).findings
    assert without_ids(masses) == without_ids(plain.findings)
    assert [searched.place_of(mass.id) for mass in masses] == [searched.findings.index(mass) for mass in masses]


def test_film_of_unknown_scale_is_said_to_be_unsearched(analyse):
    result = analyse(True)
    assert not result.calcifications.searched
    assert all(finding.label != "calcification" for finding in result.findings)
    assert "calcifications_not_searched" in codes(result)


@pytest.mark.parametrize(
    ("setting", "option", "is_searched"),
    [("", (), False), ("true", (), True), ("true", ("--no-calcifications",), False), ("", ("--calcifications",), True)],
)
def test_predict_searches_as_the_option_or_the_setting_says(
    pipeline, search, film, write_dicom, tmp_path, monkeypatch, setting, option, is_searched
):
    def build(model, clusters):
        built = copy(pipeline)
        built._clusters = clusters
        return built

    monkeypatch.setattr("mammo_worker.pipeline.build_pipeline", build)
    monkeypatch.setattr("mammo_worker.calcifications.package.installed_search", lambda: search)
    monkeypatch.setenv("LOBULE_MAMMO_CALCIFICATIONS", setting)
    path = write_dicom(tmp_path / "film.dcm", film.pixels, 8, ImagerPixelSpacing=[0.1, 0.1])
    done = CliRunner().invoke(cli.app, ["predict", str(path), "--json", str(tmp_path / "results"), *option])
    assert done.exit_code == 0, done.output
    [result] = [json.loads(file.read_text("utf-8")) for file in (tmp_path / "results").iterdir()]
    assert (result["calcifications"] is not None) == is_searched
    assert ("calcifications_searched" in {notice["code"] for notice in result["notices"]}) == is_searched
