"""Waits for a job of a running system."""

import time

from lobule.client import Client
from lobule.contracts.progress import Progress


def finish(lobule: Client, job: str, seconds: float = 120) -> list[Progress]:
    """Follow a job to its end; returns every progress document on the way."""
    deadline = time.monotonic() + seconds
    seen: list[Progress] = []
    for progress in lobule.follow(job, time.sleep):
        seen.append(progress)
        assert time.monotonic() < deadline, f"not finished: {progress}"
    return seen
