"""Resident memory of a process, current and peak (Linux)."""

import contextlib
from pathlib import Path


def reset_peak(process: int | str = "self") -> float:
    """Start a new measurement of the peak; returns current resident memory in MB."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{process}/clear_refs").write_text("5")
    return _status(process, "VmRSS")


def peak(process: int | str = "self") -> float:
    """Peak resident memory since the last `reset_peak`, in MB."""
    return _status(process, "VmHWM")


def resident(process: int | str = "self") -> float:
    """Current resident memory in MB."""
    return _status(process, "VmRSS")


def _status(process: int | str, name: str) -> float:
    text = Path(f"/proc/{process}/status").read_bytes()
    return int(text[text.index(name.encode()) :].split(maxsplit=2)[1]) * 1024 / 1e6
