"""A short run of `bench/fuzz_readers.py`, and the hostile files that broke readers of this kind before."""

import io
import mmap
import struct
import time
import zlib

import fuzz_readers
import memory
import numpy as np
import pytest
from hostile_files import PICTURES, tags, tiff_of
from mutations import mutated
from PIL import Image
from small_images import FORMATS, seeds

from lobule.errors import AnalysisError
from lobule.imaging.decode import decode_rgb
from lobule.imaging.header import read_header
from lobule.imaging.read_film import read_film


@pytest.mark.parametrize("file_format", [f for f in FORMATS if f != "dicom"])
def test_changed_files_are_read_or_refused_in_words(file_format):
    tally = fuzz_readers.fuzz(file_format, range(1_000_000, 1_000_300))
    assert tally.failures == []
    assert tally.outcomes["film: read"] > 10, "not every change destroys a file"
    assert tally.outcomes["film: image_unreadable"] > 10


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_seed_is_a_valid_image_and_changes_can_be_repeated(file_format):
    originals = seeds(file_format)
    for data in originals:
        assert min(read_film(data).pixels.shape) == 72 or min(read_film(data).pixels.shape) == 80
    assert mutated(file_format, originals, 7) == mutated(file_format, originals, 7)


def fresh_memory(data: bytes) -> None:
    """Touch memory that is new to the process, however much its allocator keeps from before."""
    with mmap.mmap(-1, 160_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE):
        pass


@pytest.mark.parametrize("fault", [lambda data: 1 / 0, fresh_memory], ids=["crash", "memory"])
def test_the_fuzzer_notices_a_reader_that_falls(monkeypatch, fault):
    monkeypatch.setattr(fuzz_readers, "readers", lambda file_format: {"header": fault})
    tally = fuzz_readers.Tally()
    fuzz_readers.examine("png", b"", 0, tally)
    assert len(tally.failures) == 1


def outcome(read, data: bytes) -> str:
    try:
        read(data)
    except AnalysisError as error:
        return error.code
    return "read"


@pytest.mark.parametrize("name", PICTURES)
def test_hostile_files_cost_little(name):
    make, expected = PICTURES[name]
    data = make()
    for read, most_mb, most_s in (
        (lambda d: read_header(io.BytesIO(d), "mammography"), 5, 0.5),
        (read_film, 60, 3),
        (lambda d: decode_rgb(d), 60, 3),
    ):
        before, started = memory.reset_peak(), time.perf_counter()
        found = outcome(read, data)
        seconds, grown = time.perf_counter() - started, memory.peak() - before
        assert found in expected | ({"read"} if most_mb == 5 else set())
        assert grown < most_mb, f"{grown:.0f} MB"
        assert seconds < most_s


def test_a_progressive_jpeg_counts_its_coefficients():
    stream = io.BytesIO()
    Image.new("RGB", (80, 80)).save(stream, "JPEG", progressive=True, subsampling=0)
    data = bytearray(stream.getvalue())
    frame = data.index(b"\xff\xc2")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 8_000, 8_000)  # 64 megapixels: 9 bytes for each
    with pytest.raises(AnalysisError) as refused:
        read_header(io.BytesIO(bytes(data)), "histopathology")
    assert refused.value.code == "too_many_pixels"


def test_a_strip_that_is_padded_beyond_the_picture_is_read():
    pixels = np.arange(80 * 80, dtype=np.uint16).reshape(80, 80)
    packed = zlib.compress(pixels.tobytes() + b"\0" * 5000)
    data = tiff_of(tags(bits=16, offset=8 + 2 + 12 * 9 + 4, count=len(packed), t259=8), packed)
    assert np.array_equal(read_film(data).pixels, pixels)
