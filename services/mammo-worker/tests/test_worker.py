"""The worker's entry point."""

import sys

import pytest

from lobule.errors import AnalysisError
from mammo_worker import worker


@pytest.mark.parametrize(("setting", "beside"), [("", []), ("true", ["calcifications-search"])])
def test_the_search_for_calcifications_is_announced_only_if_it_is_on(monkeypatch, setting, beside):
    """Otherwise the page of models would say that films are searched for calcifications."""
    monkeypatch.setenv("LOBULE_MAMMO_CALCIFICATIONS", setting)
    names = ["density-efficientnet-lite0", "mammo-densenet121", "regions-efficientnet-lite0"]
    assert [folder.name for folder in worker.packages()] == [*beside, *names]


def test_a_worker_without_a_model_imports_no_tensorflow(monkeypatch):
    monkeypatch.setenv("LOBULE_MAMMO_MODEL", "/nowhere/no-model")
    monkeypatch.setitem(sys.modules, "mammo_worker.pipeline", None)  # an import of it would fail
    with pytest.raises(AnalysisError) as refused:
        worker._build()
    assert refused.value.code == "model_unavailable"
