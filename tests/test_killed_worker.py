"""A worker is killed in the middle of a job, and the job still ends."""

import os
import signal
import sqlite3
import time

import cv2
import numpy as np
import psutil
import pytest

from lobule.imaging.decode import decode_rgb, encode_png


@pytest.fixture(scope="module")
def system(system_with_short_leases):
    yield system_with_short_leases.start()
    system_with_short_leases.close()  # this module is the last that uses it


@pytest.fixture
def large_field(real_field, tmp_path, request):
    """A field that takes the worker several seconds: a real one, three times as large."""
    large = np.ascontiguousarray(cv2.resize(decode_rgb(real_field.read_bytes()), None, fx=3, fy=3))
    # Different bytes for each test, so that it is not a duplicate.
    large[:4, : 8 * (1 + abs(hash(request.node.name)) % 50)] = 0
    path = tmp_path / "large.png"
    path.write_bytes(encode_png(large))
    return path


def worker_pid(system, job: str) -> int:
    with sqlite3.connect(system.home.folder / "lobule.sqlite") as database:
        row = database.execute("SELECT worker FROM steps WHERE job_id = ? AND name = 'inference'", (job,)).fetchone()
    return int(row[0].rsplit("-", 1)[1])


def until_running(lobule, job: str) -> None:
    deadline = time.monotonic() + 150
    while lobule.progress(job).steps[2].state != "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("victim", ["child", "whole worker"])
def test_kill_9_in_the_middle_of_a_job(system, lobule, large_field, victim):
    job = lobule.upload(large_field, "histopathology")
    until_running(lobule, job)
    pid = worker_pid(system, job)
    if victim == "whole worker":
        for process in (psutil.Process(pid).parent(), psutil.Process(pid)):
            assert process is not None
            os.kill(process.pid, signal.SIGKILL)
    else:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 240  # on a busy machine, a worker takes minutes to start again
    states = set()
    for progress in lobule.follow(job, time.sleep):
        states.add(progress.state)
        assert time.monotonic() < deadline, progress
    assert progress.state == "done", progress
    with sqlite3.connect(system.home.folder / "lobule.sqlite") as database:
        query = "SELECT attempt FROM steps WHERE job_id = ? AND name = 'inference'"
        (attempts,) = database.execute(query, (job,)).fetchone()
    assert attempts >= 2, "the first attempt was killed, another one finished"
    assert lobule.result(job).image.height == 1380
