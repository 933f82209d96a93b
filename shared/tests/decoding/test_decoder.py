"""A decoder process keeps what hostile bytes do to itself: a crash, memory, time, and every right of the worker."""

import contextlib
import io
import json
import os
import signal
import threading
import zlib

import psutil
import pytest

from lobule.decoding.confinement import Bounds
from lobule.decoding.decoder import Decoder
from lobule.errors import AnalysisError

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="decoders are processes on Linux alone")

TASKS = (
    "crash",
    "take_memory",
    "write_much",
    "compute",
    "sleep",
    "raise_anything",
    "attempt",
    "tell_content",
    "tell_environment",
    "use_threads",
)
SECRET = "a secret of this process"


@pytest.fixture(scope="module")
def decoder():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOBULE_SECRET_KEY", SECRET)
        bounds = Bounds(memory=1 << 30, output=1 << 24, cpu_s=1, seconds=60)
        decoder = Decoder(*(f"decoder_tasks:{name}" for name in TASKS), bounds=bounds)
        yield decoder.start()
        decoder.close()


def run(decoder, task, data=b"", **options):
    return decoder.run(f"decoder_tasks:{task}", data, **options)


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ("crash", "image_unreadable"),
        ("raise_anything", "image_unreadable"),
        ("take_memory", "image_too_large"),
        ("write_much", "image_too_large"),
        ("compute", "image_too_large"),
    ],
)
def test_what_ends_a_decoder_refuses_the_file_and_the_next_one_is_decoded(decoder, task, code):
    with pytest.raises(AnalysisError) as refused:
        run(decoder, task, b"words of the file")
    assert refused.value.code == code
    assert not refused.value.retryable
    assert "words of the file" not in refused.value.detail
    assert json.loads(run(decoder, "use_threads").facts) == [1]


def test_a_decoder_that_does_nothing_is_ended():
    decoder = Decoder("decoder_tasks:sleep", bounds=Bounds(seconds=0.2))
    with pytest.raises(AnalysisError) as refused:
        run(decoder, "sleep")
    decoder.close()
    assert refused.value.code == "image_too_large"


@pytest.mark.parametrize(
    "what",
    [
        "read a file",
        "write a file",
        "list a folder",
        "connect",
        "start a program",
        "fork",
        "end its parent",
        "raise its limits",
    ],
)
def test_a_decoder_has_no_rights(decoder, what):
    assert json.loads(run(decoder, "attempt", what=what).facts) == 1, "EPERM"


def test_a_decoder_knows_no_secret(decoder):
    told = run(decoder, "tell_environment").facts
    assert SECRET not in told
    assert not [name for name in json.loads(told)["variables"] if name.startswith("LOBULE")]


class Opened(io.BytesIO):
    """An open file that fails at a position, and remembers how much was read at once."""

    def __init__(self, content: bytes, fails_at: int | None = None) -> None:
        super().__init__(content)
        self.fails_at, self.largest = fails_at, 0

    def read(self, size=-1, /):
        assert size > 0, "the whole file"
        if self.fails_at is not None and self.tell() >= self.fails_at:
            raise OSError("the disk is broken")
        content = super().read(size)
        self.largest = max(self.largest, len(content))
        return content


def test_an_open_file_is_copied_in_pieces_from_its_start(decoder, monkeypatch):
    monkeypatch.setattr("lobule.decoding.decoder.PIECE_BYTES", 1000)
    content = os.urandom(10_500)
    file = Opened(content)
    for _ in range(2):
        assert json.loads(run(decoder, "tell_content", file).facts) == [len(content), zlib.crc32(content)]
    assert file.largest == 1000


def test_a_file_that_cannot_be_read_leaves_nothing_to_the_next_one(decoder, monkeypatch):
    monkeypatch.setattr("lobule.decoding.decoder.PIECE_BYTES", 1000)
    with pytest.raises(OSError, match="the disk is broken"):
        run(decoder, "tell_content", Opened(bytes(10_500), fails_at=5000))
    assert json.loads(run(decoder, "tell_content", b"next").facts) == [4, zlib.crc32(b"next")]


def test_a_decoder_that_was_ended_from_outside_is_started_again(decoder):
    run(decoder, "use_threads")
    decoder.running.process.kill()
    assert json.loads(run(decoder, "use_threads").facts) == [1]


def test_a_file_is_not_at_fault_where_the_system_kills_its_decoder():
    """A system that is short of memory kills processes: the file is tried again, and another attempt may succeed."""
    decoder, ended = Decoder("decoder_tasks:sleep", bounds=Bounds(seconds=60)).start(), threading.Event()

    def kill():
        while not ended.wait(0.2):
            with contextlib.suppress(psutil.NoSuchProcess, AttributeError):
                for child in psutil.Process(decoder.running.process.pid).children():
                    child.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(AnalysisError) as refused:
        run(decoder, "sleep")
    ended.set()
    killer.join()
    decoder.close()
    assert (refused.value.code, refused.value.retryable) == ("internal_error", True)


class InterruptedByTestError(Exception):
    pass


def test_a_time_limit_of_the_step_ends_the_decoder(decoder):
    def interrupt(_number, _frame):
        raise InterruptedByTestError

    run(decoder, "use_threads")
    process = decoder.running.process
    before = signal.signal(signal.SIGUSR1, interrupt)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(InterruptedByTestError):
            run(decoder, "sleep")
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    assert process.poll() is not None
    assert json.loads(run(decoder, "use_threads").facts) == [1]


def test_files_wait_for_each_other(decoder):
    told = []
    threads = [threading.Thread(target=lambda: told.append(run(decoder, "use_threads").facts)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["[1]"] * 4
