"""The worker's entry point."""

import sys

import pytest

from lobule.errors import AnalysisError
from mammo_worker import worker


def test_a_worker_without_a_model_imports_no_tensorflow(monkeypatch):
    monkeypatch.setenv("LOBULE_MAMMO_MODEL", "/nowhere/no-model")
    monkeypatch.setitem(sys.modules, "mammo_worker.pipeline", None)  # an import of it would fail
    with pytest.raises(AnalysisError) as refused:
        worker._build()
    assert refused.value.code == "model_unavailable"
