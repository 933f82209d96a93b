"""Deterministic, format-aware mutations of small images."""

import functools
import io
import random
import struct
import zlib
from typing import Any

import pydicom
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
)

_ODD_NUMBERS = (0, 1, 2, 3, 7, 8, 16, 20, 63, 64, 255, 256, 4095, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_SIDES = (0, 1, 63, 64, 65, 80, 96, 128, 1000, 4096, 65500, 65535)


def mutated(file_format: str, originals: list[bytes], number: int) -> bytes:
    """The input with this number, the same in each run."""
    rng = random.Random(f"{file_format} {number}")
    return changed(file_format, rng.choice(originals), rng, originals)


def changed(file_format: str, data: bytes, rng: random.Random, originals: list[bytes]) -> bytes:
    """A file with some changes, most of which know its format."""
    structured = {"png": _change_png, "jpeg": _change_jpeg, "tiff": _change_tiff, "dicom": _change_dicom}[file_format]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if rng.random() < 0.6:
            data = structured(data, rng)
        else:
            data = rng.choice(_CHANGES)(data, rng, rng.choice(originals))
    return data


# Changes that are independent of the format


def _flip(data: bytes, rng: random.Random, _: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16, 64))):
        if changed:
            changed[_near(rng, len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _number(data: bytes, rng: random.Random, _: bytes) -> bytes:
    size, order = rng.choice((1, 2, 4)), rng.choice(("big", "little"))
    at = _near(rng, max(1, len(data) - size))
    return data[:at] + (rng.choice(_ODD_NUMBERS) & (256**size - 1)).to_bytes(size, order) + data[at + size :]


def _cut(data: bytes, rng: random.Random, _: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _remove(data: bytes, rng: random.Random, _: bytes) -> bytes:
    start = _near(rng, len(data) + 1)
    return data[:start] + data[start + rng.choice((1, 2, 4, 100, 1000)) :]


def _insert(data: bytes, rng: random.Random, _: bytes) -> bytes:
    start = _near(rng, len(data) + 1)
    return data[:start] + rng.choice((rng.randbytes(rng.randrange(200)), b"\0" * 500, b"\xff" * 500)) + data[start:]


def _repeat(data: bytes, rng: random.Random, _: bytes) -> bytes:
    start, size = rng.randrange(len(data) + 1), rng.choice((1, 10, 100, 1000))
    return data[:start] + data[start : start + size] * rng.choice((2, 3, 50)) + data[start + size :]


def _splice(data: bytes, rng: random.Random, other: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


_CHANGES = (_flip, _flip, _number, _number, _cut, _remove, _insert, _repeat, _splice)


def _near(rng: random.Random, length: int) -> int:
    """A random position, more often near the start, where headers are."""
    return rng.randrange(max(1, min(length, rng.choice((64, 256, 1024, 1 << 30)))))


def _some(values: tuple[int, ...], rng: random.Random) -> int:
    return rng.choice(values) if rng.random() < 0.8 else rng.randrange(1 << 16)


# Changes of parts of a format


def _drop_or_repeat(parts: list[Any], at: int, drop: bool, rng: random.Random) -> None:
    if drop:
        del parts[at]
    else:
        parts.insert(rng.randrange(len(parts) + 1), parts[at])


def _change_png(data: bytes, rng: random.Random) -> bytes:
    parts, position = [], 8
    while position + 8 <= len(data) and len(parts) < 2000:
        length = int.from_bytes(data[position : position + 4], "big")
        parts.append((data[position + 4 : position + 8], data[position + 8 : position + 8 + length]))
        position += 12 + length
    if not parts:
        return data
    at = rng.randrange(len(parts))
    kind, content = parts[at]
    mutation = rng.randrange(7)
    if mutation < 2:
        _drop_or_repeat(parts, at, mutation == 0, rng)
    elif mutation == 2:
        parts[at:at] = [rng.choice(_png_bombs())] * rng.choice((1, 3, 1500))
    elif mutation == 3 and len(parts[0][1]) == 13:
        size = (_some(_SIDES, rng), _some(_SIDES, rng))
        kinds = rng.choice((0, 2, 3, 4, 6, 5)), 0, 0, rng.randrange(3)
        parts[0] = (b"IHDR", struct.pack(">IIBBBBB", *size, rng.choice((1, 2, 4, 8, 16, 3)), *kinds))
    elif mutation == 4 and kind == b"IDAT":
        parts[at] = (kind, _deflated(content, rng))
    else:
        parts[at] = (rng.choice((kind, kind, b"iCCP", b"eXIf", b"tRNS", b"PLTE")), _flip(content, rng, b""))
    return data[:8] + b"".join(
        struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in parts
    )


@functools.cache
def _png_bombs() -> list[tuple[bytes, bytes]]:
    packed = zlib.compress(b"\0" * 2_000_000, 9)
    return [
        (b"zTXt", b"Comment\0\0" + packed),
        (b"iTXt", b"Comment\0\1\0\0\0" + packed),
        (b"iCCP", b"Profile\0\0" + packed),
        (b"acTL", struct.pack(">II", 3, 0)),
        (b"eXIf", b"II*\0\x08\0\0\0" + b"\xff" * 200),
    ]


def _deflated(content: bytes, rng: random.Random) -> bytes:
    try:
        raw = zlib.decompressobj().decompress(content, 1 << 20)
    except zlib.error:
        return content
    mutation = rng.randrange(4)
    if mutation == 0:
        return _zeros()
    return zlib.compress((_flip(raw, rng, b""), raw * 40, raw[: len(raw) // 2])[mutation - 1], 1)


@functools.cache
def _zeros() -> bytes:
    return zlib.compress(b"\0" * 4_000_000)


def _change_jpeg(data: bytes, rng: random.Random) -> bytes:
    parts, position = [], 2
    while position + 4 <= len(data) and data[position] == 0xFF and len(parts) < 500:
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        parts.append(data[position:end])
        position = end
        if parts[-1][1] == 0xDA:
            break
    if not parts:
        return data
    rest, at, mutation = data[position:], rng.randrange(len(parts)), rng.randrange(7)
    if mutation < 2:
        _drop_or_repeat(parts, at, mutation == 0, rng)
    elif mutation == 2:
        frame = next((i for i, part in enumerate(parts) if 0xC0 <= part[1] <= 0xCF and part[1] != 0xC4), at)
        sides = struct.pack(">HH", _some(_SIDES, rng), _some(_SIDES, rng))
        parts[frame] = parts[frame][:5] + sides + parts[frame][9:]
    elif mutation == 3:
        rest = rest[: len(rest) // 2] + b"".join(parts[-1:]) * rng.choice((1, 20, 400)) + rest[len(rest) // 2 :]
    elif mutation == 4:
        rest = _flip(rest, rng, b"")
    elif mutation == 5:
        parts[at] = bytes((0xFF, rng.choice((0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA, 0xCB, 0xDC, 0xD8)))) + parts[at][2:]
    else:
        parts[at] = parts[at][:4] + _flip(parts[at][4:], rng, b"")
    return data[:2] + b"".join(parts) + rest


def _change_tiff(data: bytes, rng: random.Random) -> bytes:
    if len(data) < 16:
        return data
    order, big = ("<" if data[:2] == b"II" else ">"), 43 in data[2:4]
    head, entry, form = (8, 20, "HHQQ") if big else (2, 12, "HHII")
    start = struct.unpack(f"{order}Q", data[8:16])[0] if big else struct.unpack(f"{order}I", data[4:8])[0]
    if start + head > len(data):
        return data
    count = struct.unpack(f"{order}{'Q' if big else 'H'}", data[start : start + head])[0]
    at = start + head + entry * rng.randrange(max(1, min(count, 40)))
    if at + entry > len(data):
        return data
    tag, kind, number, value = struct.unpack(f"{order}{form}", data[at : at + entry])
    mutation = rng.randrange(6)
    if mutation == 0:
        tag = rng.choice((254, 258, 262, 266, 274, 277, 278, 284, 317, 320, 322, 323, 338, 339, 347, 530, 32997, 34675))
    elif mutation == 1:
        kind = rng.randrange(20)
    elif mutation == 2:
        number = rng.choice(_ODD_NUMBERS)
    elif mutation == 3:
        value = rng.choice(_ODD_NUMBERS + _SIDES)
    elif mutation == 4:
        value = rng.randrange(len(data))
    else:  # a chain of further directories
        end = start + head + entry * count
        following = rng.choice((start, 8, len(data), rng.randrange(len(data)))).to_bytes(8 if big else 4, "little")
        return data[:end] + (following if order == "<" else following[::-1]) + data[end + len(following) :]
    return data[:at] + struct.pack(f"{order}{form}", tag, kind, number, value) + data[at + entry :]


def _change_dicom(data: bytes, rng: random.Random) -> bytes:
    try:
        read = pydicom.dcmread(io.BytesIO(data))
        element = rng.choice([e for e in read if e.tag.group != 2])
        mutation = rng.randrange(6)
        if mutation == 0:
            del read[element.tag]
        elif mutation == 1:
            read.add_new(element.tag, rng.choice(("LO", "UN", "OB", "UT")), _odd_text(rng).encode("latin-1"))
        elif mutation == 2:
            name = rng.choice(("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel"))
            setattr(read, name, _some(_SIDES, rng))
        elif mutation == 3:
            tag = rng.choice((0x00280030, 0x00281050, 0x00281051, 0x00281052, 0x00281053, 0x00181114, 0x00280008))
            read.add_new(tag, "LO", _odd_text(rng))
        elif mutation == 4:
            content = read.PixelData
            read.PixelData = rng.choice(_CHANGES)(content, rng, content)
        else:
            read.file_meta.TransferSyntaxUID = rng.choice((*_SYNTAXES, UID("1.2.3")))
        stream = io.BytesIO()
        read.save_as(stream)
        return stream.getvalue()
    except Exception:  # noqa: BLE001 - a mutated file may not be parsable for a further mutation
        return _flip(data, rng, b"")


_SYNTAXES: tuple[UID, ...] = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    JPEGLSLossless,
    JPEGLosslessSV1,
    JPEG2000Lossless,
)


def _odd_text(rng: random.Random) -> str:
    return rng.choice(("", "0", "-1", "1e999", "nan", "0,1", "\\\\", "a\0b", "9" * 70, "1\\2\\3", "\xff\xfe", " "))
