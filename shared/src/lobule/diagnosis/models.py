"""The check of a worker's model package."""

from collections.abc import Iterator
from pathlib import Path

from lobule.diagnosis.check import Check
from lobule.errors import AnalysisError
from lobule.model_package import open_package


def check_package(part: str, folder: Path, modality: str) -> Iterator[Check]:
    """Check that a model package is complete and for this modality, and that its weights have the measured hash."""
    try:
        manifest = open_package(folder, modality).manifest
    except AnalysisError as error:
        yield Check(part, "problem", "model_fails", {"folder": folder, "reason": str(error)})
    else:
        yield Check(part, "ok", "model", {"name": manifest.name, "version": manifest.version, "folder": folder})
