"""Without a usable model package the worker says so and starts nothing; a training may start from one."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lobule.errors import AnalysisError
from lobule.model_package import open_package
from mammo_worker.calibration import film_features
from mammo_worker.configs import toy
from mammo_worker.films.prepare import prepare_film
from mammo_worker.fusion import fuse
from mammo_worker.nn import config as networks
from mammo_worker.nn.fold import fold
from mammo_worker.nn.mask_rcnn import MaskRCNN, detect_with_each
from mammo_worker.packages import build_detector, build_model, package_folder, read_config, read_networks
from mammo_worker.pipeline import build_pipeline
from mammo_worker.settings import DEFAULT_MODEL, PACKAGES
from mammo_worker.training.network import build, start_backbone
from mammo_worker.training.plan import Phase, TrainingPlan


def test_missing_package_is_told_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("LOBULE_MAMMO_MODEL", str(tmp_path / "no-such-model"))
    with pytest.raises(AnalysisError, match="no-such-model") as caught:
        build_pipeline()
    assert caught.value.code == "model_unavailable"


def test_damaged_manifest_is_refused(monkeypatch, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "model.json").write_text(json.dumps({"name": "broken"}))
    (folder / "MODEL_CARD.md").write_text("# broken")
    monkeypatch.setenv("LOBULE_MAMMO_MODEL", str(folder))
    with pytest.raises(AnalysisError, match="damaged") as caught:
        build_pipeline()
    assert caught.value.code == "model_unavailable"


def test_bare_name_is_a_bundled_package(monkeypatch):
    monkeypatch.setenv("LOBULE_MAMMO_MODEL", "never-bundled")
    with pytest.raises(AnalysisError, match="“never-bundled”"):
        build_pipeline()


@pytest.mark.parametrize("value", [None, ""])
def test_unset_or_empty_is_the_bundled_package(monkeypatch, value):
    """A compose file passes the variable on empty where nobody set it."""
    monkeypatch.delenv("LOBULE_MAMMO_MODEL", raising=False)
    if value is not None:
        monkeypatch.setenv("LOBULE_MAMMO_MODEL", value)
    assert package_folder() == PACKAGES / DEFAULT_MODEL


def test_a_training_may_start_from_the_backbone_of_a_package():
    folder = PACKAGES / DEFAULT_MODEL
    package = open_package(folder)
    config = replace(read_config(package), canvas=(64, 64))
    kept = build_model(config, read_networks(package)[0]).parts.trunk.backbone.get_weights()
    narrow = replace(config, pyramid=replace(config.pyramid, channels=16))
    plan = TrainingPlan(narrow, (Phase(1),))
    model = build(plan, plan.phases[0])
    start_backbone(model, folder)
    assert all((a == b).all() for a, b in zip(model.parts.trunk.backbone.get_weights(), kept, strict=True))


def test_a_package_of_another_backbone_starts_nothing(eager):
    model = build(TrainingPlan(toy.network((64, 64)), (Phase(1),)), Phase(1))
    with pytest.raises(ValueError, match="densenet121, not efficientnet_lite0"):
        start_backbone(model, PACKAGES / DEFAULT_MODEL)


def two_networks():
    """Configuration and arrays of two small networks that differ."""
    plan = TrainingPlan(toy.network(), (Phase(1),))
    first = build(plan, plan.phases[0]).get_weights()
    chance = np.random.default_rng(0)
    return plan.network, first, [w + chance.normal(0, 0.02, w.shape).astype(np.float32) for w in first]


def test_the_findings_of_several_networks_are_fused(eager):
    config, first, second = two_networks()
    variants = [networks.TestTimeVariant(config.canvas), networks.TestTimeVariant(config.canvas, True, network=1)]
    film = np.random.default_rng(1).integers(20, 200, (256, 128)).astype(np.uint8)
    together = build_detector(config, [*first, *second], variants)
    alone = [
        build_detector(config, first, variants[:1]),
        build_detector(config, second, [replace(variants[1], network=0)]),
    ]
    prepared = prepare_film(film, config.canvas)
    each = [found for detector in alone for found, _ in detector.by_variant(prepared.canvas)]
    said = fuse(each)
    kept = said.scores > 0.02
    found = together(prepared, film.shape[0])
    assert kept.any()
    assert not np.allclose(each[0].scores[:1], each[1].scores[:1])
    np.testing.assert_allclose(found.scores, said.scores[kept], atol=1e-5)
    np.testing.assert_allclose(found.malignant, said.malignant[kept], atol=1e-5)


def test_one_network_finds_the_masses_and_another_gives_the_number_of_the_film(eager):
    config, first, second = two_networks()
    find, number = networks.TestTimeVariant(config.canvas), networks.TestTimeVariant(config.canvas, purpose="film")
    film = prepare_film(np.random.default_rng(1).integers(20, 200, (256, 128)).astype(np.uint8), config.canvas)
    both = build_detector(config, [*first, *second], [find, replace(number, network=1)])(film, 256)
    finder, numberer = (build_detector(config, weights, [find])(film, 256) for weights in (first, second))
    np.testing.assert_array_equal(both.boxes, finder.boxes)
    np.testing.assert_array_equal(both.scores, finder.scores)
    assert len(both.boxes)
    assert not np.allclose(film_features(finder), film_features(numberer))
    np.testing.assert_array_equal(film_features(both), film_features(numberer))
    np.testing.assert_array_equal(both.instance_map, numberer.instance_map)
    with pytest.raises(ValueError, match="no variant is for findings"):
        build_detector(config, first, [number])


def test_networks_with_the_same_lower_blocks_compute_them_once(eager):
    config, first, second = two_networks()
    alone = [fold(build_model(config, weights)) for weights in (first, second)]
    lower = len(build_model(config, first).parts.trunk.halved().halves[0].get_weights())
    third = [*first[:lower], *second[lower:]]
    model = fold(build_model(config, third))
    assert alone[0].parts.trunk.sharing(alone[1].parts.trunk) is alone[0].parts.trunk
    trunk = model.parts.trunk.sharing(alone[0].parts.trunk)
    assert trunk.halves[0] is alone[0].parts.trunk.halves[0]
    sharing = MaskRCNN(config, parts=replace(model.parts, trunk=trunk))
    canvas = np.random.default_rng(2).integers(0, 255, (1, *config.canvas, 2)).astype(np.uint8)
    for together, apart in zip(detect_with_each([alone[0], sharing], canvas), (alone[0], model), strict=True):
        for name, value in apart.detect(canvas).items():
            np.testing.assert_array_equal(together[name], value)


def test_arrays_that_do_not_make_up_the_networks_are_refused():
    config, first, _ = two_networks()
    with pytest.raises(ValueError, match="cannot be divided among 2 networks"):
        build_detector(config, first[:-1], [networks.TestTimeVariant(config.canvas, network=1)])
