"""Small valid images of every format, and deterministic changes of them that know the formats' structure."""

import functools
import io
import random
import struct
import zlib

import imagecodecs
import numpy as np
import pydicom
import tifffile
from PIL import Image, ImageCms
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
)

FORMATS = ("png", "jpeg", "tiff", "dicom")
_ODD_NUMBERS = (0, 1, 2, 3, 7, 8, 16, 20, 63, 64, 255, 256, 4095, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_SIDES = (0, 1, 63, 64, 65, 80, 96, 128, 1000, 4096, 65500, 65535)


@functools.cache
def seeds(file_format: str) -> list[bytes]:
    """Valid images of a format, as different as its readers' paths are."""
    return {"png": _pngs, "jpeg": _jpegs, "tiff": _tiffs, "dicom": _dicoms}[file_format]()


def mutated(file_format: str, originals: list[bytes], number: int) -> bytes:
    """The input of this number: the same one whenever it is asked for."""
    rng = random.Random(f"{file_format} {number}")
    data = rng.choice(originals)
    structured = {"png": _change_png, "jpeg": _change_jpeg, "tiff": _change_tiff, "dicom": _change_dicom}[file_format]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if rng.random() < 0.6:
            data = structured(data, rng)
        else:
            data = rng.choice(_CHANGES)(data, rng, rng.choice(originals))
    return data


def _film(bits: int = 8) -> np.ndarray:
    y, x = np.mgrid[:72, :80]
    tissue = np.clip(1 - np.hypot(x / 80, (y - 36) / 36), 0, 1)
    noise = np.random.default_rng(0).integers(0, 9, tissue.shape)
    return ((tissue * 200 + noise) * 2 ** (bits - 8)).astype(np.uint8 if bits == 8 else np.uint16)


def _colour() -> np.ndarray:
    return np.stack([_film(), 255 - _film(), _film()[::-1]], axis=-1)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _pngs() -> list[bytes]:
    colour, exif = Image.fromarray(_colour()), Image.Exif()
    exif[274] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    arrays = [_film(), _film(16), _colour(), np.dstack([_film(16)] * 2), np.dstack([_colour(), _film()])]
    return [
        *(bytes(imagecodecs.png_encode(a)) for a in arrays),
        _saved(colour.quantize(16), "PNG", bits=4, transparency=1),
        _saved(colour, "PNG", exif=exif, icc_profile=profile, dpi=(300, 300)),
    ]


def _jpegs() -> list[bytes]:
    colour, exif = Image.fromarray(_colour()), Image.Exif()
    exif[274] = 8
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return [
        _saved(Image.fromarray(_film()), "JPEG"),
        _saved(colour, "JPEG", exif=exif, icc_profile=profile),
        _saved(colour, "JPEG", progressive=True),
        _saved(colour.convert("CMYK"), "JPEG"),
        _saved(colour, "JPEG", subsampling=0, restart_marker_blocks=4),
        bytes(imagecodecs.jpeg8_encode(_film(16) >> 4, bitspersample=12)),
        bytes(imagecodecs.jpeg8_encode(_film(16), lossless=True, bitspersample=16)),
    ]


def _tiffs() -> list[bytes]:
    made = [
        (_film(), {}),
        (_film(16), {"compression": "zlib", "predictor": 2, "rowsperstrip": 7}),
        (_film(16), {"compression": "lzw", "tile": (32, 32), "byteorder": ">"}),
        (_film(16), {"bigtiff": True, "compression": "packbits"}),
        (_colour(), {"photometric": "rgb", "compression": "jpeg", "tile": (32, 32)}),
        (np.moveaxis(_colour(), -1, 0), {"photometric": "rgb", "planarconfig": "separate"}),
        (_film(), {"photometric": "palette", "colormap": np.arange(768, dtype=np.uint16).reshape(3, 256) * 85}),
        (np.dstack([_colour(), _film()]), {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
        (np.dstack([_colour(), _film()]), {"photometric": "separated", "compression": "zstd"}),
        (_colour(), {"photometric": "cielab"}),
        (_film(16).astype(np.int16), {"extratags": [(274, "H", 1, 5, True)]}),
    ]
    files = []
    for pixels, options in made:
        stream = io.BytesIO()
        tifffile.imwrite(stream, pixels, **{"photometric": "minisblack", "metadata": None, **options})
        files.append(stream.getvalue())
    return files


def _dicoms() -> list[bytes]:
    deep = _film(16) >> 4
    codestreams: list[tuple[UID, bytes]] = [
        (JPEGLSLossless, bytes(imagecodecs.jpegls_encode(deep))),
        (JPEGLosslessSV1, bytes(imagecodecs.jpeg8_encode(deep, lossless=True, predictor=1, bitspersample=12))),
        (JPEG2000Lossless, bytes(imagecodecs.jpeg2k_encode(deep, codecformat="j2k", level=0, reversible=True))),
    ]
    plain = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian)
    return [dicom_of(deep, syntax=uid, bits=12) for uid in plain] + [
        dicom_of(deep, stream, uid, bits=12) for uid, stream in codestreams
    ]


def dicom_of(
    pixels: np.ndarray, codestream: bytes | None = None, syntax: UID | None = None, bits: int | None = None
) -> bytes:
    """A mammogram in DICOM.

    Args:
        pixels: What its tags announce, and what it holds where there is no codestream.
        codestream: Its pixels, compressed.
        syntax: JPEG 2000 where there is a codestream, else explicit little endian.
        bits: Stored ones; all of the type without.
    """
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    meta.TransferSyntaxUID = syntax or (JPEG2000Lossless if codestream else ExplicitVRLittleEndian)
    d = Dataset()
    d.file_meta = meta
    d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    d.Modality, d.PresentationIntentType, d.ImageLaterality, d.ViewPosition = "MG", "FOR PRESENTATION", "L", "CC"
    d.Rows, d.Columns = pixels.shape
    d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, "MONOCHROME2", 0
    d.BitsAllocated = 8 * pixels.dtype.itemsize
    d.BitsStored = bits or d.BitsAllocated
    d.HighBit = d.BitsStored - 1
    d.ImagerPixelSpacing, d.WindowCenter, d.WindowWidth = [0.1, 0.1], [2048, 1000], [4096, 500]
    d.PatientName, d.PatientID, d.PatientOrientation, d.StudyDate = "Test^Film", "1", ["A", "R"], "20200102"
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "R-10242", "SRT", "cranio-caudal"
    d.ViewCodeSequence = [item]
    d.PixelData = encapsulate([codestream]) if codestream else pixels.tobytes()
    if codestream:
        d["PixelData"].is_undefined_length, d["PixelData"].VR = True, "OB"
    elif pixels.dtype == np.uint16:
        d["PixelData"].VR = "OW"
    stream = io.BytesIO()
    d.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


# Changes that know nothing of the format


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
    """A place, more often near the start, where headers are."""
    return rng.randrange(max(1, min(length, rng.choice((64, 256, 1024, 1 << 30)))))


def _some(values: tuple[int, ...], rng: random.Random) -> int:
    return rng.choice(values) if rng.random() < 0.8 else rng.randrange(1 << 16)


# Changes of what a format consists of


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
    deed = rng.randrange(7)
    if deed == 0:
        del parts[at]
    elif deed == 1:
        parts.insert(rng.randrange(len(parts) + 1), parts[at])
    elif deed == 2:
        parts[at:at] = [rng.choice(_png_bombs())] * rng.choice((1, 3, 1500))
    elif deed == 3 and len(parts[0][1]) == 13:
        size = (_some(_SIDES, rng), _some(_SIDES, rng))
        kinds = rng.choice((0, 2, 3, 4, 6, 5)), 0, 0, rng.randrange(3)
        parts[0] = (b"IHDR", struct.pack(">IIBBBBB", *size, rng.choice((1, 2, 4, 8, 16, 3)), *kinds))
    elif deed == 4 and kind == b"IDAT":
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
    deed = rng.randrange(4)
    if deed == 0:
        return _zeros()
    return zlib.compress((_flip(raw, rng, b""), raw * 40, raw[: len(raw) // 2])[deed - 1], 1)


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
    rest, at, deed = data[position:], rng.randrange(len(parts)), rng.randrange(7)
    if deed == 0:
        del parts[at]
    elif deed == 1:
        parts.insert(rng.randrange(len(parts) + 1), parts[at])
    elif deed == 2:
        frame = next((i for i, part in enumerate(parts) if 0xC0 <= part[1] <= 0xCF and part[1] != 0xC4), at)
        sides = struct.pack(">HH", _some(_SIDES, rng), _some(_SIDES, rng))
        parts[frame] = parts[frame][:5] + sides + parts[frame][9:]
    elif deed == 3:
        rest = rest[: len(rest) // 2] + b"".join(parts[-1:]) * rng.choice((1, 20, 400)) + rest[len(rest) // 2 :]
    elif deed == 4:
        rest = _flip(rest, rng, b"")
    elif deed == 5:
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
    deed = rng.randrange(6)
    if deed == 0:
        tag = rng.choice((254, 258, 262, 266, 274, 277, 278, 284, 317, 320, 322, 323, 338, 339, 347, 530, 32997, 34675))
    elif deed == 1:
        kind = rng.randrange(20)
    elif deed == 2:
        number = rng.choice(_ODD_NUMBERS)
    elif deed == 3:
        value = rng.choice(_ODD_NUMBERS + _SIDES)
    elif deed == 4:
        value = rng.randrange(len(data))
    else:  # a chain of directories that leads on
        end = start + head + entry * count
        following = rng.choice((start, 8, len(data), rng.randrange(len(data)))).to_bytes(8 if big else 4, "little")
        return data[:end] + (following if order == "<" else following[::-1]) + data[end + len(following) :]
    return data[:at] + struct.pack(f"{order}{form}", tag, kind, number, value) + data[at + entry :]


def _change_dicom(data: bytes, rng: random.Random) -> bytes:
    try:
        read = pydicom.dcmread(io.BytesIO(data))
        element = rng.choice([e for e in read if e.tag.group != 2])
        deed = rng.randrange(6)
        if deed == 0:
            del read[element.tag]
        elif deed == 1:
            read.add_new(element.tag, rng.choice(("LO", "UN", "OB", "UT")), _odd_text(rng).encode("latin-1"))
        elif deed == 2:
            name = rng.choice(("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel"))
            setattr(read, name, _some(_SIDES, rng))
        elif deed == 3:
            tag = rng.choice((0x00280030, 0x00281050, 0x00281051, 0x00281052, 0x00281053, 0x00181114, 0x00280008))
            read.add_new(tag, "LO", _odd_text(rng))
        elif deed == 4:
            content = read.PixelData
            read.PixelData = rng.choice(_CHANGES)(content, rng, content)
        else:
            read.file_meta.TransferSyntaxUID = rng.choice((*_SYNTAXES, UID("1.2.3")))
        stream = io.BytesIO()
        read.save_as(stream)
        return stream.getvalue()
    except Exception:  # noqa: BLE001 - a file that was changed before cannot always be changed again
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
