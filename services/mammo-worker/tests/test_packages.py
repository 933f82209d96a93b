"""Without a usable model package the worker says so and starts nothing."""

import json

import pytest

from lobule.contracts.errors import AnalysisError
from mammo_worker.pipeline import build_pipeline


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
    with pytest.raises(AnalysisError, match="'never-bundled'"):
        build_pipeline()
