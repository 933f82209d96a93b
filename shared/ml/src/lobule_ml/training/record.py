"""The record of a run: `run.json` with configuration, data and versions."""

import hashlib
import json
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras
import numpy as np

RECORD_FILE = "run.json"
_PACKAGES = ("keras", "tensorflow", "torch", "jax", "numpy", "opencv-python-headless", "lobule")


def hash_files(paths: Iterable[Path]) -> str:
    """SHA-256 over names and contents of files, in the order of their paths."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode() + b"\0")
        with path.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def hash_truth(rows: Iterable[Sequence[object]]) -> str:
    """SHA-256 over the truth of examples in any order; a row contains names, numbers and arrays."""
    lines = sorted(repr([v.tolist() if isinstance(v, np.ndarray) else v for v in row]) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def write_record(
    folder: Path,
    plan: Any,
    *,
    seed: int,
    data_sha256: str,
    examples: dict[str, int],
    truth_sha256: str | None = None,
    starts_from: str | None = None,
    always_starts: bool = False,
) -> None:
    """Record plan, command, seed, versions and data; a resumed run must agree with the existing record.

    The plan of a record of an earlier version may lack values.

    Args:
        folder: Folder of the run.
        plan: A dataclass.
        seed: Seed of the run.
        data_sha256: See `hash_files`.
        examples: Numbers of the training's examples, and the version of their preparation.
        truth_sha256: See `hash_truth`; None if `data_sha256` covers the truth.
        starts_from: Name and hash of the weights that the training starts from, if any.
        always_starts: Whether the plan always starts from weights, so that a record without them is of an earlier
            version.

    Raises:
        ValueError: The folder contains a run with another plan, seed, data, truth or starting weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    identity = {"plan": asdict(plan), "seed": seed, "data_sha256": data_sha256, "examples": examples}
    later = {"truth_sha256": truth_sha256, "starts_from": starts_from}
    fixed = json.loads(json.dumps({**identity, **later}))
    path = folder / RECORD_FILE
    if path.exists():
        before = {**later, **json.loads(path.read_text("utf-8"))}  # records of earlier versions lack these
        if always_starts and before["starts_from"] is None:
            before["starts_from"] = starts_from
        plans = list(_differences(before.get("plan"), fixed.pop("plan"), "plan"))
        other = plans + [key for key, value in fixed.items() if before.get(key) != value]
        if other:
            raise ValueError(f"{folder} contains a run that differs in {', '.join(other)}; choose another folder")
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


def require_plan(folder: Path, plan: Any) -> None:
    """Refuse a configuration that differs from the one of a run; records of earlier versions may lack values.

    Args:
        folder: Folder of the run; a folder without a record is accepted.
        plan: A dataclass.

    Raises:
        ValueError: Values differ.
    """
    path = folder / RECORD_FILE
    if not path.exists():
        return
    trained = json.loads(path.read_text("utf-8")).get("plan", {})
    other = list(_differences(trained, json.loads(json.dumps(asdict(plan)))))
    if other:
        raise ValueError(
            f"{folder} was trained with another configuration, which differs in {', '.join(other[:5])}; give the "
            "configuration and the --set options of its training"
        )


def _differences(one: Any, other: Any, name: str = "") -> Iterator[str]:
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from _differences(first, second, f"{name}.{at}".lstrip("."))
        return
    if not (isinstance(one, dict) and isinstance(other, dict)):
        if one != other:
            yield name
        return
    for key in one.keys() & other.keys():
        yield from _differences(one[key], other[key], f"{name}.{key}".lstrip("."))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
