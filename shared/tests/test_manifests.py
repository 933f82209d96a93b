"""The typed manifest reads the packages of both workers, and writes them as they stand."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from lobule.contracts.manifest import Metric
from lobule.contracts.models import ModelManifest

PACKAGES = sorted((Path(__file__).parents[2] / "services").glob("*/src/*/model_packages/*/model.json"))


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.name)
class TestPackages:
    def test_is_written_as_it_was_read(self, path):
        stored = json.loads(path.read_text("utf-8"))
        written = json.loads(ModelManifest.model_validate(stored).model_dump_json())
        assert written.pop("runtime") == stored.pop("runtime", {"engine": "tensorflow", "precision": "float32"})
        assert written == stored

    def test_its_figures_are_typed(self, path):
        manifest = ModelManifest.model_validate_json(path.read_text("utf-8"))
        assert manifest.metrics
        for metric in manifest.metrics:
            assert metric.title
            low, high = metric.confidence or (metric.value, metric.value)
            if str(metric.name).endswith("ece"):
                low = 0.0  # drawing patients again makes a calibration error larger, so it can lie below its interval
            assert low <= metric.value <= high
        assert manifest.calibration.method


def test_a_section_keeps_what_is_a_workers_own():
    metric = Metric.model_validate({"metric": "AUC", "value": 0.9, "films": 12})
    assert dict(metric) == {"metric": "AUC", "value": 0.9, "films": 12}
    assert (metric["films"], metric.get("rule", "none")) == (12, "none")
    with pytest.raises(KeyError):
        metric["rule"]


@pytest.mark.parametrize("wrong", [{"value": 0.9}, {"name": "auc"}, {"name": "auc", "value": 0.9, "interval": [0.8]}])
def test_a_figure_without_name_or_value_or_half_an_interval_is_refused(wrong):
    with pytest.raises(ValidationError):
        Metric.model_validate(wrong)
