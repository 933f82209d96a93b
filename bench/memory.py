"""Resident memory of a process, now and at its highest (Linux)."""

import contextlib
from pathlib import Path


def reset_peak(process: int | str = "self") -> float:
    """Start a new measurement of the peak; resident memory now, in MB."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{process}/clear_refs").write_text("5")
    return _status(process, "VmRSS")


def peak(process: int | str = "self") -> float:
    """The highest resident memory since the measurement was started, in MB."""
    return _status(process, "VmHWM")


def resident(process: int | str = "self") -> float:
    """Resident memory now, in MB."""
    return _status(process, "VmRSS")


def _status(process: int | str, name: str) -> float:
    text = Path(f"/proc/{process}/status").read_bytes()
    return int(text[text.index(name.encode()) :].split(maxsplit=2)[1]) / 1e3
