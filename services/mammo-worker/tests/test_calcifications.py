"""The search for clusters of calcifications: network, training windows, clusters, images, and measures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_tissue import dots, ground

from lobule.model_package import open_package
from lobule_ml.training.loop import LoopSettings
from mammo_worker.calcifications import evaluate
from mammo_worker.calcifications.clusters import find_clusters
from mammo_worker.calcifications.document import results_document
from mammo_worker.calcifications.evaluate import (
    Measured,
    SearchOutcome,
    at_probability,
    breast_area,
    fit_calibration,
    found_share,
    measure,
    threshold_at,
)
from mammo_worker.calcifications.images import (
    SearchedImage,
    crops_with_pasted_groups,
    fine_part,
    original_crops,
)
from mammo_worker.calcifications.network import STRIDE, build_network, likely_map, search_input, search_loss
from mammo_worker.calcifications.package import DEFAULT_PACKAGE
from mammo_worker.calcifications.plan import SearchPlan
from mammo_worker.calcifications.reading import seen_on_masses
from mammo_worker.calcifications.tissue import tissue
from mammo_worker.calcifications.train import build, learned_from, train_fold, usable
from mammo_worker.calcifications.windows import Sources, batches
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.examination.lesions import lengths
from mammo_worker.regions.crops import cbis_crops
from mammo_worker.settings import PACKAGES

TINY = SearchPlan(
    widths=(4, 4, 8, 8), window=96, calcified=1, pasted=2, textured=1, plain=1, steps=30, learning_rate=1e-2, warm_up=5,
    precision="float32",
)  # fmt: skip


@pytest.fixture(scope="module")
def sources():
    """Drawn images."""
    whole = np.ones((160, 160), bool)
    calcified = [SearchedImage(None, ground(s) + dots(), whole, (0, 0, 160, 160), "a") for s in range(4)]
    masses = [SearchedImage(None, ground(s), whole, None, "b") for s in range(4, 8)]
    return Sources(calcified, [True] * 4, masses, [dots()[50:95, 50:95]], [np.maximum(ground(9, 45) - 115, 0)])


def test_input_does_not_depend_on_gain():
    image = ground(0) + dots()
    assert search_input(image).shape == (160, 160, 2)
    np.testing.assert_allclose(search_input(image * 0.5), search_input(image), rtol=0.03, atol=0.02)


def test_map_has_a_cell_for_every_part_of_an_image():
    network = build_network((4, 4, 8, 8))
    assert likely_map(network, ground(0)).shape == (20, 20)
    assert likely_map(network, ground(0)[:83, :121]).shape == (11, 16)


def test_large_images_have_the_same_map_in_tiles(monkeypatch):
    network = build_network((4, 4, 8, 8))
    image, inside = np.tile(ground(0), (2, 3)), np.ones((320, 480), bool)
    inside[:, 400:] = False
    whole = likely_map(network, image, inside)
    monkeypatch.setattr("mammo_worker.calcifications.network._TILE", 256)
    np.testing.assert_allclose(likely_map(network, image, inside), whole, rtol=1e-4, atol=1e-4)


def test_air_beside_the_tissue_does_not_change_what_is_seen_in_it():
    image, inside = ground(0) + dots(), np.ones((160, 160), bool)
    inside[:, 120:] = False
    with_air = np.where(inside, image, 0)
    np.testing.assert_allclose(search_input(with_air, inside), search_input(np.where(inside, image, 255), inside))
    alone = search_input(image)[40:120, :100]
    beside = search_input(with_air, inside)[40:120, :100]
    assert np.abs(alone - beside).mean() < 0.1 * np.abs(alone).mean()


def test_windows_are_the_same_at_every_visit_and_say_where_calcifications_are(sources):
    batch_of = batches(TINY, sources)
    images, truth = batch_of(3)
    assert images.shape == (5, 96, 96, 2)
    assert truth.shape == (5, 12, 12, 2)
    again, _ = batch_of(3)
    np.testing.assert_array_equal(images, again)
    targets, bags = truth[..., 0], truth[:, 0, 0, 1]
    assert list(bags[1:]) == [0, 0, 0, 0], "only a crop of calcifications is a bag"
    assert bags[0] != 0
    assert all((targets[i] == 1).any() for i in (1, 2)), "pasted groups are targets"
    assert not (targets[3:] == 1).any(), "neither texture nor plain tissue is one"
    assert (targets[3:] == 0).all()


def test_loss_falls_where_calcifications_are_found(sources):
    _, truth = batches(TINY, sources)(0)
    targets = truth[..., 0]
    unsure = np.asarray(search_loss(truth, np.zeros(targets.shape, np.float32)))
    right = np.asarray(search_loss(truth, np.where(targets == 1, 6, -6).astype(np.float32)))
    wrong = np.asarray(search_loss(truth, np.where(targets == 1, -6, 6).astype(np.float32)))
    assert (right[1:] < unsure[1:]).all()
    assert (wrong[1:] > unsure[1:]).all()


def test_few_steps_lower_the_loss(sources, tmp_path, eager):
    from lobule_ml.training.loop import run
    from lobule_ml.training.schedule import Schedule

    network, batch_of = build(TINY), batches(TINY, sources)
    before = network.test_on_batch(*batch_of(1000))
    schedule = Schedule(TINY.steps, TINY.learning_rate, TINY.warm_up)
    run(network, batch_of, schedule, tmp_path, settings=LoopSettings(events=False))
    assert network.test_on_batch(*batch_of(1000)) < 0.9 * before


def test_frames_and_air_are_no_tissue_but_bright_calcifications_are():
    image = (ground(3) + dots(height=200.0)).clip(0, 255)
    image[:, 140:] = 255  # the rest of a white frame at the edge of the crop
    image[:10] = 0
    inside = tissue(image)
    assert not inside[:, 126:].any()
    assert not inside[:10].any()
    assert inside[11:, :120].all()


def test_clusters_are_apart_from_each_other_on_tissue():
    likely = np.full((30, 30), -5.0, np.float32)
    likely[4:7, 4:7] = 3.0
    likely[4:7, 8:11] = 2.0  # within 5 mm of the first
    likely[20:25, 18:22] = 1.0
    likely[12:15, 24:27] = 4.0  # beside the tissue
    inside = np.ones((30 * STRIDE, 30 * STRIDE), bool)
    inside[:, 23 * STRIDE :] = False
    found = find_clusters(likely, inside, least=0.0)
    assert [cluster.score for cluster in found] == pytest.approx([3.0, 1.0])
    assert found[0].centre == (44.0, 44.0)
    x1, y1, x2, y2 = (side / STRIDE for side in found[1].box)
    assert (17, 19) <= (x1, y1) <= (18, 20)
    assert (22, 25) <= (x2, y2) <= (23, 26)
    assert find_clusters(likely, inside, least=3.5) == []


def test_weaker_peak_beside_a_cluster_belongs_to_it_unless_there_is_a_gap():
    likely = np.full((12, 40), -8.0, np.float32)
    likely[3:9, 3:9] = 4.0
    likely[3:9, 9:20] = 1.5
    likely[3:9, 13:17] = 2.5
    inside = np.ones((12 * STRIDE, 40 * STRIDE), bool)
    [whole] = find_clusters(likely, inside, least=0.0)
    assert whole.score == 4.0
    likely[:, 9:12] = -8.0
    assert [cluster.score for cluster in find_clusters(likely, inside, least=0.0)] == [4.0, 2.5]


def test_a_wide_region_is_marked_in_parts():
    likely = np.random.default_rng(0).normal(2.0, 0.3, (60, 60)).astype(np.float32)
    inside = np.ones((60 * STRIDE, 60 * STRIDE), bool)
    found = find_clusters(likely, inside, least=0.0)
    sizes = [(x2 - x1, y2 - y1) for x1, y1, x2, y2 in (cluster.box for cluster in found)]
    assert max(map(max, sizes)) <= 25 * STRIDE  # 2 cm around the peak
    assert len({cluster.box for cluster in found}) == len(found) > 3
    assert find_clusters(likely, inside, 0.0, most=3) == found[:3]


def searched(crop, truth, hit=-np.inf, scores=(), area=10.0):
    return SearchOutcome(crop, area, truth, hit, np.array(scores, float))


def test_share_found_at_a_rate_of_false_clusters():
    tissue_images = [searched(None, False, scores=[5.0, 1.0]), searched(None, False, scores=[3.0])]  # 20 cm2
    groups = [searched(None, True, hit) for hit in (6.0, 4.0, 2.0, -np.inf)]
    assert threshold_at(tissue_images, 1.0, film=20.0) > 3.0  # one false cluster in 20 cm2: that of 5.0
    assert found_share(groups, tissue_images, 1.0, film=20.0) == 0.5
    assert found_share(groups, tissue_images, 0.5, film=20.0) == 0.25
    assert threshold_at(tissue_images, 100.0, film=20.0) == -np.inf
    assert found_share(groups, tissue_images, 100.0, film=20.0) == 0.75


@pytest.fixture(scope="module")
def crops(shared_data):
    if not (shared_data / "cbis_crops").is_dir():
        pytest.skip("the crops are not in shared/data")
    return cbis_crops(shared_data)


def test_groups_are_pasted_into_other_patients(crops):
    groups, masses = usable(crops)
    assert not {c.patient for c in groups} & {c.patient for c in masses}
    for image in original_crops(groups[:3]):
        assert image.grey.shape == image.inside.shape
        assert image.target is not None
    [put] = list(crops_with_pasted_groups([c for c in groups if max(c.native_size) < 200][:1], masses))
    x1, y1, x2, y2 = (int(v) for v in put.target)
    assert put.host != put.crop.patient
    assert 0 <= x1 < x2 <= put.grey.shape[1]
    assert 0 <= y1 < y2 <= put.grey.shape[0]
    assert fine_part(put.crop.read()).max() > 10


def test_masses_with_something_seen_are_not_learned_as_tissue(crops):
    seen = seen_on_masses()
    assert set(seen.values()) == {"single", "group", "marker", "unsure"}
    assert set(seen) <= {c.path.name for c in usable(crops)[1]}
    _, masses = learned_from(crops, 0)
    assert not {c.path.name for c in masses} & set(seen)


def test_real_crops_are_learned_searched_and_measured(crops, tmp_path, monkeypatch, eager):
    monkeypatch.setattr(evaluate, "FOLDS", 2)
    groups, masses = usable(crops)
    few = [*groups[:30], *masses[:30]]
    hosts = set()

    def pasted(groups, masses):
        hosts.update(c.path.name for c in masses)
        return crops_with_pasted_groups(groups, masses)

    monkeypatch.setattr(evaluate, "crops_with_pasted_groups", pasted)
    said = []
    plan = replace(TINY, steps=2)
    with pytest.raises(FileNotFoundError, match="no fold"):
        evaluate.search_folds(few, plan, tmp_path, said.append)
    assert train_fold(plan, few, 0, tmp_path / "fold0", settings=LoopSettings(events=False)) == 2
    with pytest.raises(ValueError, match="another"):
        train_fold(replace(plan, seed=2), few, 0, tmp_path / "fold0")
    measured = evaluate.search_folds(few, plan, tmp_path, said.append)
    assert "fold 1 is not finished" in said
    assert {i.truth for i in measured.cut} == {True, False}
    assert not hosts & set(seen_on_masses())
    tables = [measure(part, 120.0, rounds=10) for part in evaluate.by_tissue(measured)]
    figures = evaluate.metrics(measured, 120.0, rounds=10)
    of_all_tissue = [float(row["at 1"].split()[0]) for row in tables[0]]
    stated = [figure["value"] for figure in figures[: len(of_all_tissue)]]
    assert stated == pytest.approx(of_all_tissue, abs=6e-4, nan_ok=True)
    assert tables[0][0]["groups"].startswith("pasted, all")
    marked = at_probability(measured, fit_calibration(measured, 120.0), 0.3, 120.0)
    assert "120" in results_document(measured, tables, marked, 0.3, 120.0)


def test_probability_of_a_cluster_counts_the_false_ones_of_a_whole_film(crops):
    seen = seen_on_masses()
    groups, masses = usable(crops)
    chance = np.random.default_rng(0)
    plain = [c for c in masses if c.path.name not in seen][:200]
    cut = [
        *[searched(c, True, hit) for c, hit in zip(groups, chance.normal(2, 1, 200), strict=False)],
        *[searched(c, False, scores=[score]) for c, score in zip(plain, chance.normal(0, 1, 200), strict=True)],
    ]
    measured = Measured(cut, cut[:1])
    once = fit_calibration(measured, film=10.0)  # a film has as much tissue as a crop, and so one false cluster
    assert once(np.array([1.0]))[0] == pytest.approx(0.5, abs=0.1)
    often = fit_calibration(measured, film=100.0)
    assert often(np.array([1.0]))[0] < 0.2
    assert often(np.array([6.0]))[0] > 0.9
    [row, *_] = at_probability(measured, once, 0.5, 10.0)
    assert row["as cut"] == pytest.approx(0.84, abs=0.1)
    assert row["false clusters a film"] == pytest.approx(0.16, abs=0.1)


def test_breast_area_is_that_of_a_breast(shared_data):
    folder = shared_data / "cbis_ddsm_mass"
    assert 30 < breast_area(cbis_ddsm(folder)[:4], lengths(folder)) < 300


def test_the_shipped_package_states_the_figures_of_all_tissue():
    """It stated only those where nothing was seen, and did not say so."""
    document = (Path(__file__).parents[3] / "docs" / "results" / "calcifications.md").read_text("utf-8")
    tables = document.split("| groups | at 0.5 |")[1:]
    lines = [line.split("|") for table in tables for line in table.split("\n\n")[0].splitlines()[2:]]
    told = [(cells[1].rpartition(", ")[0].strip(), float(cells[3].split()[0])) for cells in lines]
    manifest = open_package(PACKAGES / DEFAULT_PACKAGE).manifest
    assert len(told) == 15  # five kinds of groups beside three of tissue
    assert [metric.rule for metric in manifest.metrics] == [rule for rule, _ in told]
    assert [metric.value for metric in manifest.metrics] == pytest.approx([value for _, value in told], abs=6e-4)
    assert manifest.metrics[0].data.endswith("on all crops of masses")
