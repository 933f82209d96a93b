"""Hostile files: small files that announce huge sizes, inflate far or cause endless work, with their refusals."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache

import imagecodecs
import numpy as np
import pydicom
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGLSLossless
from small_images import dicom_of


def png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    body = (struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def ihdr(width: int, height: int, bits: int = 8, kind: int = 0) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)


@cache
def zeros() -> bytes:
    """50 MB of zeros, compressed, which takes a third of a second."""
    return zlib.compress(b"\0" * 50_000_000, 9)


def png_that_inflates_further() -> bytes:
    return png_of(ihdr(80, 80), (b"IDAT", zeros()), (b"IEND", b""))


def png_that_has_too_little() -> bytes:
    return png_of(ihdr(9_900, 10_000, 16, 4), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))


def png_of_texts(kind: bytes, before: bytes, count: int) -> bytes:
    packed = zlib.compress(b"\0" * 7_000_000, 9)
    pixels = zlib.compress(b"\0" * (81 * 80))
    return png_of(ihdr(80, 80), *[(kind, before + packed)] * count, (b"IDAT", pixels), (b"IEND", b""))


def tiff_of(entries: list[tuple[int, int, int, int]], tail: bytes = b"", following: int = 0) -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + struct.pack("<I", following) + tail


def tags(
    width: int = 80,
    height: int = 80,
    bits: int = 8,
    samples: int = 1,
    rows: int = 80,
    offset: int = 8,
    count: int = 6400,
    **more: int,
) -> list[tuple[int, int, int, int]]:
    """Entries of a grey TIFF with one strip; other entries are named `t` and their number."""
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
    return tiff_of(tags(offset=8 + 2 + 12 * 9 + 4, count=len(zeros()), t259=8), zeros())


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


PICTURES: dict[str, tuple[Callable[[], bytes], set[str]]] = {
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


def deflated_bomb(megabytes: int = 700) -> bytes:
    """A deflated film that inflates to much more than its tags announce."""
    plain = dicom_of(np.zeros((64, 64), np.uint16), syntax=DeflatedExplicitVRLittleEndian)
    meta = pydicom.dcmread(io.BytesIO(plain)).file_meta
    start = 132 + 12 + meta.FileMetaInformationGroupLength
    press, zeros = zlib.compressobj(9, zlib.DEFLATED, -15), b"\0" * (1 << 20)
    tags_before = zlib.decompressobj(-15).decompress(plain[start:])
    padding = struct.pack("<HH2s2xI", 0xFFFC, 0xFFFC, b"OB", megabytes << 20)
    body = press.compress(tags_before + padding) + b"".join(press.compress(zeros) for _ in range(megabytes))
    return plain[:start] + body + press.flush()


def larger_codestream(side: int = 16_000) -> bytes:
    """A film whose JPEG 2000 codestream is larger than its tags."""
    large = imagecodecs.jpeg2k_encode(np.zeros((side, side), np.uint8), codecformat="j2k", level=0, reversible=True)
    return dicom_of(np.zeros((80, 80), np.uint8), bytes(large))


def larger_jpegls() -> bytes:
    """A film whose JPEG-LS stream is larger than its tags."""
    large = imagecodecs.jpegls_encode(np.zeros((12_000, 12_000), np.uint8))
    return dicom_of(np.zeros((80, 80), np.uint8), bytes(large), JPEGLSLossless)


def dicom_of_many_elements(count: int = 400_000) -> bytes:
    """A film with many private elements before its size."""
    plain = dicom_of(np.zeros((80, 80), np.uint16))
    at = plain.index(b"\x28\0\x02\0US")
    elements = b"".join(struct.pack("<HH2sH", 0x0021, 0x1000 + n % 0xEFFF, b"LO", 0) for n in range(count))
    return plain[:at] + elements + plain[at:]


def dicom_of_deep_sequences(depth: int = 20_000) -> bytes:
    """A film with deeply nested sequences."""
    plain = dicom_of(np.zeros((80, 80), np.uint16))
    at = plain.index(b"\x28\0\x02\0US")
    opened = struct.pack("<HH2s2xIHHI", 0x0021, 0x1001, b"SQ", 0xFFFFFFFF, 0xFFFE, 0xE000, 0xFFFFFFFF)
    return plain[:at] + opened * depth + plain[at:]


def dicom_of_a_long_text(megabytes: int = 150) -> bytes:
    """A film with a private text of many megabytes before its size."""
    plain = dicom_of(np.zeros((80, 80), np.uint16))
    at = plain.index(b"\x28\0\x02\0US")
    text = struct.pack("<HH2s2xI", 0x0021, 0x1001, b"UT", megabytes << 20) + b"a" * (megabytes << 20)
    return plain[:at] + text + plain[at:]


DICOMS: dict[str, Callable[[], bytes]] = {
    "DICOM, deflated, inflates to 700 MB": deflated_bomb,
    "DICOM whose JPEG 2000 is larger than its tags": larger_codestream,
    "DICOM whose JPEG-LS is larger than its tags": larger_jpegls,
    "DICOM of 400,000 elements": dicom_of_many_elements,
    "DICOM of 20,000 sequences in each other": dicom_of_deep_sequences,
    "DICOM with a text of 150 MB": dicom_of_a_long_text,
}


def uploads() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """All hostile files by name."""
    yield from ((name, make) for name, (make, _) in PICTURES.items())
    yield from DICOMS.items()
    yield "PNG of 100 megapixels, sound", lambda: bytes(imagecodecs.png_encode(np.zeros((10_000, 10_000), np.uint16)))
