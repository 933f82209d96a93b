"""Whatever a decoder leaves in the shared file, it is read as plain data within the file."""

import json
import os

import numpy as np
import pytest

from lobule.decoding.wire import DamagedError, Decoded, read, write, write_failure, write_refusal
from lobule.errors import AnalysisError


@pytest.fixture
def shared_file(tmp_path):
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield fd
    os.close(fd)


ARRAYS = {
    "deep": np.arange(12, dtype=np.uint16).reshape(3, 4)[:, ::-1],
    "colours": np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
    "mask": np.array([[True, False]]),
}


def test_facts_and_arrays_come_back(shared_file):
    write(shared_file, Decoded('{"view": "CC"}', ARRAYS))
    found = read(shared_file)
    assert found.facts == '{"view": "CC"}'
    assert found.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert np.array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype


def test_a_refusal_comes_back(shared_file):
    write_refusal(shared_file, AnalysisError("image_unreadable", "pixels", format="PNG", error="ValueError"))
    with pytest.raises(AnalysisError) as refused:
        read(shared_file)
    assert (refused.value.code, refused.value.reason) == ("image_unreadable", "pixels")
    assert refused.value.values == {"format": "PNG", "error": "ValueError"}


def test_a_failure_comes_back_without_its_words(shared_file):
    write_failure(shared_file, ValueError("words of the file"))
    with pytest.raises(DamagedError, match=r"^ValueError$"):
        read(shared_file)


def head(**arrays):
    return json.dumps({"arrays": arrays}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        (1 << 40).to_bytes(8, "little"),
        b"nonsense",
        head(pixels={"kind": "|O", "shape": [1], "start": 0}),
        head(pixels={"kind": "|u1", "shape": [1 << 40], "start": 0}),
        head(pixels={"kind": "|u1", "shape": [1 << 32, 1 << 32, 1 << 32], "start": 0}),
        head(pixels={"kind": "|u1", "shape": [-1], "start": 0}),
        head(pixels={"kind": "<u2", "shape": [8], "start": 1 << 62}),
        json.dumps({"refusal": {"code": "internal_error"}}).encode(),
        json.dumps({"refusal": {"code": "image_truncated", "reason": "{values}"}}).encode(),
    ],
)
def test_lies_are_noticed(shared_file, content):
    if content.startswith((b"{", b"nonsense")):
        content = len(content).to_bytes(8, "little") + content
    os.write(shared_file, content)
    with pytest.raises(DamagedError):
        read(shared_file)
