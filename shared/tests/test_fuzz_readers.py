"""A short run of `bench/fuzz_readers.py`, and the hostile files that broke readers of this kind before."""

import io
import struct
import time
import zlib

import fuzz_readers
import imagecodecs
import memory
import numpy as np
import pytest
from mutations import FORMATS, mutated, seeds
from PIL import Image

from lobule.contracts.errors import AnalysisError
from lobule.imaging.decode import decode_rgb
from lobule.imaging.header import read_header
from lobule.imaging.read_film import read_film


@pytest.mark.parametrize("file_format", [f for f in FORMATS if f != "dicom"])
def test_changed_files_are_read_or_refused_in_words(file_format):
    tally = fuzz_readers.fuzz(file_format, range(1_000_000, 1_000_300))
    assert tally.falls == []
    assert tally.outcomes["film: read"] > 10, "not every change destroys a file"
    assert tally.outcomes["film: image_unreadable"] > 10


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_seed_is_a_valid_image_and_changes_can_be_repeated(file_format):
    originals = seeds(file_format)
    for data in originals:
        assert min(read_film(data).pixels.shape) == 72 or min(read_film(data).pixels.shape) == 80
    assert mutated(file_format, originals, 7) == mutated(file_format, originals, 7)


@pytest.mark.parametrize("fault", [lambda data: 1 / 0, lambda data: bytearray(160_000_000)], ids=["crash", "memory"])
def test_the_fuzzer_notices_a_reader_that_falls(monkeypatch, fault):
    monkeypatch.setattr(fuzz_readers, "readers", lambda file_format: {"header": fault})
    tally = fuzz_readers.Tally()
    fuzz_readers.examine("png", b"", 0, tally)
    assert len(tally.falls) == 1


# Hostile files. Each must be answered in words, soon, and with little memory.


def png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    body = (struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def ihdr(width: int, height: int, bits: int = 8, kind: int = 0) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)


ZEROS = zlib.compress(b"\0" * 50_000_000, 9)


def png_that_inflates_further() -> bytes:
    return png_of(ihdr(80, 80), (b"IDAT", ZEROS), (b"IEND", b""))


def png_that_has_too_little() -> bytes:
    return png_of(ihdr(9_900, 10_000, 16, 4), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))


def png_of_texts(kind: bytes, before: bytes, count: int) -> bytes:
    packed = zlib.compress(b"\0" * 7_000_000, 9)
    pixels = zlib.compress(b"\0" * (81 * 80))
    return png_of(ihdr(80, 80), *[(kind, before + packed)] * count, (b"IDAT", pixels), (b"IEND", b""))


def tiff_of(entries: list[tuple[int, int, int, int]], tail: bytes = b"", following: int = 0) -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + struct.pack("<I", following) + tail


def tags(width=80, height=80, bits=8, samples=1, rows=80, offset=8, count=6400, **more) -> list:
    base = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 273: offset, 277: samples, 278: rows, 279: count}
    return [(tag, 4, 1, value) for tag, value in (base | {int(k[1:]): v for k, v in more.items()}).items()]


def tiff_of_many_directories() -> bytes:
    one = struct.calcsize("<H") + 12 * 9 + 4
    pages = []
    for number in range(60_000):
        body = b"".join(struct.pack("<HHII", *entry) for entry in tags())
        pages.append(struct.pack("<H", 9) + body + struct.pack("<I", 8 + one * (number + 1)))
    return b"II*\0\x08\0\0\0" + b"".join(pages)


def tiff_of_a_large_jpeg() -> bytes:
    jpeg = bytearray(imagecodecs.jpeg8_encode(np.zeros((80, 80), np.uint8)))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    start = 8 + 2 + 12 * 9 + 4
    return tiff_of(tags(offset=start, count=len(jpeg), t259=7), bytes(jpeg))


def tiff_of_strips_on_each_other() -> bytes:
    content = zlib.compress(b"\0" * 80, 9) + b"\xff" * 3_000_000
    start = 8 + 2 + 12 * 9 + 4
    entries = [entry for entry in tags(height=30_000, rows=1, t259=8) if entry[0] not in (273, 279)]
    entries += [(273, 4, 30_000, start + len(content)), (279, 4, 30_000, start + len(content) + 120_000)]
    offsets, counts = struct.pack("<I", start) * 30_000, struct.pack("<I", len(content)) * 30_000
    return tiff_of(entries, content + offsets + counts)


def tiff_strip_that_inflates_further() -> bytes:
    return tiff_of(tags(offset=8 + 2 + 12 * 9 + 4, count=len(ZEROS), t259=8), ZEROS)


def jpeg_of_many_scans() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (640, 640)).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    scan = data.rindex(b"\xff\xda")
    return data[:scan] + data[scan:-2] * 20_000 + b"\xff\xd9"


def jpeg_with_two_sizes() -> bytes:
    data = bytes(imagecodecs.jpeg8_encode(np.zeros((80, 80), np.uint8)))
    frame = data.index(b"\xff\xc0")
    length = struct.unpack(">H", data[frame + 2 : frame + 4])[0]
    second = bytearray(data[frame : frame + 2 + length])
    second[5:9] = struct.pack(">HH", 60_000, 60_000)
    return data[: frame + 2 + length] + bytes(second) + data[frame + 2 + length :]


def jpeg_that_has_too_little() -> bytes:
    data = bytearray(imagecodecs.jpeg8_encode(np.zeros((80, 80), np.uint8)))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 9_000, 9_000)
    return bytes(data)


HOSTILE = {
    "PNG that inflates further": (png_that_inflates_further, {"read", "image_unreadable"}),
    "PNG that has too little": (png_that_has_too_little, {"image_truncated"}),
    "PNG with 900 compressed texts": (lambda: png_of_texts(b"zTXt", b"Comment\0\0", 900), {"read"}),
    "PNG with 900 international texts": (lambda: png_of_texts(b"iTXt", b"C\0\1\0\0\0", 900), {"read"}),
    "PNG with a profile of 7 MB": (lambda: png_of_texts(b"iCCP", b"Profile\0\0", 1), {"read"}),
    "PNG with 1,500 chunks": (lambda: png_of_texts(b"tEXt", b"C\0", 1500), {"image_unreadable"}),
    "TIFF with 60,000 directories": (tiff_of_many_directories, {"image_unreadable"}),
    "TIFF with a directory that leads to itself": (lambda: tiff_of(tags(), b"\0" * 6400, 8), {"read"}),
    "BigTIFF that points beyond all files": (
        lambda: b"II+\0\x08\0\0\0" + b"\xff" * 8 + b"\0" * 200,
        {"image_unreadable"},
    ),
    "TIFF of 20 layers": (lambda: tiff_of(tags(9000, 9000, t32997=20)), {"animated_image"}),
    "TIFF of 60,000 samples": (lambda: tiff_of(tags(samples=60_000)), {"unsupported_format"}),
    "TIFF with a huge strip": (lambda: tiff_of(tags(count=0xFFFFFFFF)), {"image_truncated"}),
    "TIFF that has too little": (lambda: tiff_of(tags(9900, 9900, rows=9900)), {"image_truncated"}),
    "TIFF with a huge tile": (
        lambda: tiff_of(tags(t322=60_000, t323=60_000, t324=8, t325=100)),
        {"image_unreadable"},
    ),
    "TIFF whose JPEG is larger": (tiff_of_a_large_jpeg, {"image_unreadable"}),
    "TIFF whose strips lie on each other": (tiff_of_strips_on_each_other, {"image_unreadable"}),
    "TIFF whose strip inflates further": (tiff_strip_that_inflates_further, {"read"}),
    "JPEG of 20,000 scans": (jpeg_of_many_scans, {"image_unreadable"}),
    "JPEG with two sizes": (jpeg_with_two_sizes, {"image_unreadable"}),
    "JPEG that has too little": (jpeg_that_has_too_little, {"image_truncated"}),
}


def outcome(read, data: bytes) -> str:
    try:
        read(data)
    except AnalysisError as error:
        return error.code
    return "read"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_cost_little(name):
    make, expected = HOSTILE[name]
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
