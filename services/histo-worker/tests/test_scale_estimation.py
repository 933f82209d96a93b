"""The scale of a field, estimated from its picture."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from histo_worker.cli import app
from histo_worker.data.breakhis import Field
from histo_worker.models.taps import build_trunk
from histo_worker.scale import UM_OF_MAGNIFICATION, scale_of
from histo_worker.scale_estimation.estimator import FieldScale, ScaleEstimator
from histo_worker.scale_estimation.features import ScaleFeatures
from histo_worker.scale_estimation.fit import fit_estimator
from histo_worker.settings import HistoSettings
from lobule.contracts.result import ImageInfo
from lobule.errors import AnalysisError
from lobule.imaging.decode import encode_png


class Stripes(Field):
    """A field whose stripes are as wide as its magnification says."""

    def pixels(self):
        rng = np.random.default_rng(self.sequence)
        width = int(self.magnification.removesuffix("X")) // 10
        tone = np.where(np.arange(700) // width % 2, 200, 90) + rng.normal(0, 8, (460, 700))
        return np.repeat(np.clip(tone, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def trunk():
    return build_trunk("densenet121", ["block2_middle", "block2"])


@pytest.fixture(scope="module")
def fitted(trunk, tmp_path_factory):
    path = tmp_path_factory.mktemp("none")
    fields = [
        Stripes(f"{m}-{p}", "benign", "", "", str(p), m, 10 * p + i, path)
        for p in range(4)
        for i, m in enumerate(UM_OF_MAGNIFICATION)
    ]
    return fit_estimator(fields, ScaleFeatures(trunk), folds=2)


def test_scales_of_new_patients_are_estimated(fitted):
    _, measured = fitted
    every = next(part for part in measured if part.fields == "all")
    assert (every.total, every.patients) == (16, 4)
    assert every.near >= 0.9
    assert every.interval[0] <= every.near <= every.interval[1]


def test_fields_of_other_cameras_alone_cannot_be_fitted(trunk):
    with pytest.raises(ValueError, match="no field has the size"):
        fit_estimator([], ScaleFeatures(trunk))


def test_an_estimator_is_kept_and_belongs_to_its_backbone(fitted, trunk, tmp_path):
    estimator, _ = fitted
    estimator.save(tmp_path / "estimator.npz")
    kept = ScaleEstimator.load(tmp_path / "estimator.npz")
    field = Stripes("x", "benign", "", "", "9", "200X", 99, tmp_path).pixels()
    assert FieldScale.of(trunk)(field) is None, "another backbone than that of the estimator in use"
    assert kept.backbone == ScaleFeatures(trunk).digest
    mine = FieldScale(kept, ScaleFeatures(trunk))
    assert mine(field) == UM_OF_MAGNIFICATION["200X"]
    assert mine(field[:456]) == UM_OF_MAGNIFICATION["200X"]
    assert mine(np.concatenate([field, field])) is None, "a field of another camera"
    assert FieldScale.of(None)(field) is None


def test_a_damaged_estimator_is_told(tmp_path):
    (tmp_path / "estimator.npz").write_bytes(b"PK")
    with pytest.raises(AnalysisError) as caught:
        ScaleEstimator.load(tmp_path / "estimator.npz")
    assert caught.value.code == "model_unavailable"


def test_a_backbone_with_other_maps_is_refused():
    with pytest.raises(ValueError, match="block2_middle"):
        ScaleFeatures(build_trunk("densenet121", ["block2"]))


def test_the_picture_is_asked_last():
    image = ImageInfo(sha256="0" * 64, file_name="x.png", modality="histopathology", width=700, height=460)
    asked = []

    def estimate():
        asked.append(1)
        return 0.24

    assert scale_of(image, 0.5, None, estimate).source == "file"
    assert scale_of(image, None, "40X", estimate).source == "magnification"
    assert asked == []
    assert scale_of(image, None, None, estimate) == (0.24, "estimated")
    assert scale_of(image, None, None, lambda: None) is None


def test_the_estimator_in_use_was_fitted_on_the_backbone_in_use(pipeline):
    assert pipeline._estimated_scale.features is not None, f"run `histo-worker fit-scale` for {HistoSettings().model}"


def test_a_real_field_without_a_scale_is_read_at_an_estimated_one(monkeypatch, pipeline, fields, tmp_path):
    monkeypatch.setattr("histo_worker.pipeline.build_pipeline", lambda _, *, pictures: pipeline)
    chosen = [next(f for f in fields if f.magnification == m) for m in ("40X", "100X")]
    for number, field in enumerate(chosen):
        (tmp_path / f"{number}.jpg").write_bytes(field.path.read_bytes())
    result = CliRunner().invoke(app, ["predict", str(tmp_path), "--json", "--output", "-"])
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["um_per_pixel"] for row in rows] == [1.2, 0.48]
    assert all("scale_estimated" in row["notices"] for row in rows)
    assert all(row["probability_tumour"] is not None for row in rows)


@pytest.mark.parametrize(
    ("um", "codes", "assessment"),
    [(0.12, ["scale_unknown"], "not_sure"), (0.24, ["scale_estimated", "magnification_not_measured"], None)],
)
def test_what_is_said_of_a_field_at_an_estimated_400x_or_200x(
    pipeline, field_pixels, monkeypatch, um, codes, assessment
):
    """At 400X, as which blurred fields are taken, nothing would compare the field with the training tissue."""
    monkeypatch.setattr(pipeline, "_estimated_scale", lambda field: um)
    height, width = field_pixels[0].shape[:2]
    image = ImageInfo(sha256="0" * 64, file_name="x.png", modality="histopathology", width=width, height=height)
    result = pipeline.analyse(encode_png(field_pixels[0]), image, lambda *_: None).result
    assert [notice.code for notice in result.notices] == codes
    assert result.assessment == (assessment or result.thresholds.assess(result.probability_malignant))
    assert (result.shown_probability is None, result.tissue is None) == (um == 0.12,) * 2
