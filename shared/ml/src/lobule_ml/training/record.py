"""The record of a run: `run.json` with configuration, data and versions."""

import hashlib
import json
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras

RECORD_FILE = "run.json"
_PACKAGES = ("keras", "tensorflow", "torch", "jax", "numpy", "opencv-python-headless", "lobule")


def hash_files(paths: Iterable[Path]) -> str:
    """SHA-256 over names and contents, in the order of the names."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode() + b"\0")
        with path.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def write_record(
    folder: Path, plan: Any, *, seed: int, data_sha256: str, examples: dict[str, int], starts_from: str | None = None
) -> None:
    """Record plan, command, seed, versions and data; a resumed run must agree with an existing record.

    Args:
        folder: Of the run.
        plan: A dataclass.
        seed: Of the run.
        data_sha256: See `hash_files`.
        examples: How many of what the training sees, and the version of their preparation.
        starts_from: Name and hash of the weights that it starts from, where it does.

    Raises:
        ValueError: The folder holds a run of another plan, another seed, other data or other starting weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    identity = {"plan": asdict(plan), "seed": seed, "data_sha256": data_sha256, "examples": examples}
    fixed = json.loads(json.dumps({**identity, "starts_from": starts_from}))
    path = folder / RECORD_FILE
    if path.exists():
        # Records of earlier versions do not say what a run starts from.
        before = {"starts_from": starts_from, **json.loads(path.read_text("utf-8"))}
        other = [key for key, value in fixed.items() if before.get(key) != value]
        if other:
            raise ValueError(f"{folder} holds a run that differs in {', '.join(other)}; choose another folder")
        return
    record = {
        **fixed,
        "command": sys.argv,
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "versions": {name: _version(name) for name in _PACKAGES},
    }
    path.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
