"""Metadata leave pictures, and pixels, colours and orientation stay as they were."""

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from lobule.errors import AnalysisError
from lobule.imaging.colour import Colours
from lobule.imaging.field_scale import scale_in_file
from lobule.imaging.jpeg_pixels import decode_jpeg
from lobule.imaging.metadata import without_metadata
from lobule.imaging.metadata.icc import without_descriptions
from lobule.imaging.metadata.masking import Masking
from lobule.imaging.png_pixels import decode_png
from lobule.imaging.tiff_pixels import decode_tiff

NAME = b"DOE^JANE"
WORD = NAME.decode()
DECODE = {"JPEG": decode_jpeg, "PNG": decode_png, "TIFF": decode_tiff}


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    across, down = np.meshgrid(np.arange(83, dtype=np.uint8), np.arange(70, dtype=np.uint8))
    noise = np.random.default_rng(1).integers(0, 30, across.shape, np.uint8)
    return Image.fromarray(np.dstack([across * 2, down * 3, noise * 8]))


def profile() -> bytes:
    """A profile that changes colours and is named after the patient."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert b"s\0R\0G\0B" in lab or b"sRGB" in lab
    table = {lab[at : at + 4]: at for at in range(132, 132 + 12 * struct.unpack(">I", lab[128:132])[0], 12)}
    red, blue = table[b"rXYZ"], table[b"bXYZ"]
    swapped = bytearray(lab)
    swapped[red + 4 : red + 12], swapped[blue + 4 : blue + 12] = lab[blue + 4 : blue + 12], lab[red + 4 : red + 12]
    offset, size = struct.unpack(">II", lab[table[b"desc"] + 4 : table[b"desc"] + 12])
    swapped[offset + 12 : offset + size] = (NAME * 9)[: size - 12].ljust(size - 12, b" ")
    return bytes(swapped)


def exif() -> bytes:
    said = Image.Exif()
    said[274], said[315], said[270] = 6, WORD, WORD
    return said.tobytes()


def jpeg(picture: Image.Image, **options) -> bytes:
    stream = io.BytesIO()
    picture.save(
        stream, "JPEG", exif=exif(), icc_profile=profile(), comment=NAME, xmp=b"<x>" + NAME, dpi=(300, 300), **options
    )
    data = stream.getvalue()
    others = [(0xED, b"Photoshop 3.0\0" + NAME), (0xE0, b"JFXX\0" + NAME), (0xE2, b"MPF\0" + NAME), (0xEE, NAME)]
    planted = b"".join(struct.pack(">BBH", 0xFF, marker, len(said) + 2) + said for marker, said in others)
    return data[:2] + planted + data[2:] + NAME


def png(picture: Image.Image, **options) -> bytes:
    said = PngImagePlugin.PngInfo()
    said.add_text("Author", WORD)
    said.add_itxt("Title", WORD)
    said.add(b"tIME", b"\x07\xea\1\1\0\0\0")
    stream = io.BytesIO()
    picture.save(stream, "PNG", pnginfo=said, exif=exif(), icc_profile=profile(), dpi=(300, 300), **options)
    content = NAME + b"\0\0" + zlib.compress(NAME)
    packed = struct.pack(">I", len(content)) + b"zTXt" + content + struct.pack(">I", zlib.crc32(b"zTXt" + content))
    data = stream.getvalue()
    return data[:33] + packed + data[33:] + NAME


def tiff(picture: Image.Image, **options) -> bytes:
    said = TiffImagePlugin.ImageFileDirectory_v2()
    for tag in (270, 315, 316, 305, 306, 33432):
        said[tag] = WORD
    said[700], said[33723], said[65000] = b"<x>" + NAME, NAME, NAME
    said[274] = 6
    said.tagtype[700] = said.tagtype[33723] = said.tagtype[65000] = 7
    stream = io.BytesIO()
    picture.save(stream, "TIFF", tiffinfo=said, icc_profile=profile(), dpi=(300, 300), **options)
    return stream.getvalue() + NAME


def copied(data: bytes, file_format) -> bytes:
    sink = io.BytesIO()
    without_metadata(io.BytesIO(data), sink, file_format)
    return sink.getvalue()


CASES = {
    "JPEG": (jpeg, "JPEG", {}),
    "progressive JPEG": (jpeg, "JPEG", {"progressive": True, "restart_marker_rows": 1}),
    "PNG": (png, "PNG", {}),
    "TIFF": (tiff, "TIFF", {}),
    "TIFF, LZW": (tiff, "TIFF", {"compression": "tiff_lzw"}),
    "TIFF, JPEG": (tiff, "TIFF", {"compression": "jpeg"}),
    "BigTIFF": (tiff, "TIFF", {"big_tiff": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_no_name_is_left_and_the_picture_is_the_same(picture, case):
    make, file_format, options = CASES[case]
    data = make(picture, **options)
    assert data.count(NAME) >= 4
    stored = copied(data, file_format)
    assert NAME not in stored
    assert WORD.encode("utf-16-be") not in stored
    before, after = (DECODE[file_format](each) for each in (data, stored))
    assert np.array_equal(before.samples, after.samples)
    assert before.samples.shape[:2] == (83, 70), "turned upright"
    assert after.profile
    assert NAME not in after.profile
    assert not Colours(after).is_plain, "the profile still moves colours"
    rows = [Colours(each).rows(0, 83) for each in (before, after)]
    assert np.array_equal(*rows)
    assert copied(stored, file_format) == stored, "nothing more is taken out of the copy"
    with Image.open(io.BytesIO(stored)) as opened:
        assert round(opened.info["dpi"][0]) == 300


KINDS = {png: ("L", "I;16", "RGBA", "P"), tiff: ("L", "I;16", "RGBA", "P", "CMYK"), jpeg: ("L", "CMYK")}


@pytest.mark.parametrize(("make", "mode"), [(make, mode) for make, modes in KINDS.items() for mode in modes])
def test_every_kind_of_picture_reads_alike(picture, make, mode):
    deep = picture.convert("L").convert("I;16") if mode == "I;16" else picture.convert(mode)
    data, file_format = make(deep), make.__name__.upper()
    stored = copied(data, file_format)
    assert NAME not in stored
    before, after = (DECODE[file_format](each) for each in (data, stored))
    assert np.array_equal(before.samples, after.samples)
    assert (before.bits, before.colour, before.alpha) == (after.bits, after.colour, after.alpha)


def test_a_profile_that_is_damaged_is_refused_as_before():
    assert without_descriptions(b"no profile " + NAME) == bytes(128)
    whole = profile()
    assert without_descriptions(whole[:400]) == bytes(128)


def test_the_scale_that_a_description_states_stays(picture):
    said = TiffImagePlugin.ImageFileDirectory_v2()
    said[270] = f"Aperio Image Library|Patient = {WORD}|AppMag = 20|MPP = 0.4990"
    stream = io.BytesIO()
    picture.save(stream, "TIFF", tiffinfo=said)
    stored = copied(stream.getvalue(), "TIFF")
    assert NAME not in stored
    assert scale_in_file(stored) == scale_in_file(stream.getvalue()) == 0.499


@pytest.mark.parametrize("part", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("make", [jpeg, png, tiff])
def test_a_file_that_ends_early_gives_one_that_does(picture, make, part):
    """Or is refused; it never becomes a whole picture."""
    file_format, whole = make.__name__.upper(), make(picture)
    with pytest.raises(AnalysisError):
        DECODE[file_format](copied(whole[: int(part * len(whole))], file_format))


def coded(kind: str, pixels: np.ndarray) -> bytes:
    """A codestream with a comment, an application segment, and, of JPEG 2000, a comment before its pixels."""
    if kind == "JPEG 2000":
        data = imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k")
        at = data.index(b"\xff\x90")
        return data[:at] + b"\xff\x64\0\x0c\0\1" + NAME + data[at:]
    data = {
        "JPEG": lambda: imagecodecs.jpeg8_encode(pixels.astype(np.uint8), level=95),
        "lossless JPEG": lambda: imagecodecs.ljpeg_encode(pixels),
        "JPEG-LS": lambda: imagecodecs.jpegls_encode(pixels),
    }[kind]()
    return data[:2] + b"\xff\xfe\0\x0a" + NAME + b"\xff\xe1\0\x0e" + b"Exif" + NAME + data[2:]


DECODERS = {
    "JPEG 2000": imagecodecs.jpeg2k_decode,
    "JPEG": imagecodecs.jpeg8_decode,
    "lossless JPEG": imagecodecs.ljpeg_decode,
    "JPEG-LS": imagecodecs.jpegls_decode,
}


@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize("kind", DECODERS)
def test_comments_in_codestreams_become_zeros(kind, size):
    pixels = np.random.default_rng(0).integers(0, 4096, (64, 48), np.uint16)
    one = coded(kind, pixels)
    assert len(one) > 2000
    data = one + b"\0" + one + NAME  # two frames
    masking = Masking()
    masked = b"".join(masking.feed(data[at : at + size]) for at in range(0, len(data), size))
    assert len(masked) == len(data)
    assert NAME not in masked
    first, second = masked[: len(one)], masked[len(one) + 1 : -len(NAME)]
    assert first == second
    assert first[-1500:] == one[-1500:], "the pixels"
    assert np.array_equal(DECODERS[kind](first), DECODERS[kind](one))


def test_what_is_no_codestream_stays():
    masking = Masking()
    data = b"\1\0\0\0\x40\0\0\0" + bytes(range(256)) * 9
    assert masking.feed(data[:10]) + masking.feed(data[10:]) == data
