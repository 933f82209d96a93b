"""What is refused by its header, and with which code."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from lobule.errors import AnalysisError
from lobule.imaging.header import is_grey, read_header


def encoded(format_: str, size: tuple[int, int] = (80, 70), mode: str = "RGB", **options) -> io.BytesIO:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, format_, **options)
    buffer.seek(0)
    return buffer


def png_that_announces(width: int, height: int) -> io.BytesIO:
    """A PNG whose header promises more pixels than it has: a decompression bomb's face."""
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + ihdr + struct.pack(">I", zlib.crc32(ihdr))
    idat = b"IDAT" + zlib.compress(b"\0" * 100)
    data = struct.pack(">I", len(idat) - 4) + idat + struct.pack(">I", zlib.crc32(idat))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunk + data)


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "TIFF"])
def test_reads_size_and_format(format_):
    header = read_header(encoded(format_), "histopathology")
    assert (header.format, header.width, header.height) == (format_, 80, 70)


def test_dicom_of_another_kind_is_refused_by_name():
    import pydicom

    path = Path(pydicom.data.get_testdata_file("CT_small.dcm"))
    with pytest.raises(AnalysisError, match="computed tomography") as refused:
        read_header(path, "mammography")
    assert refused.value.code == "not_mammogram"
    with pytest.raises(AnalysisError) as refused:
        read_header(path, "histopathology")
    assert refused.value.code == "unsupported_format"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (io.BytesIO(b""), "empty_file"),
        (io.BytesIO(b"hello, I am a text file\n" * 20), "unsupported_format"),
        (encoded("GIF", mode="P"), "unsupported_format"),
        (encoded("BMP"), "unsupported_format"),
        (encoded("PNG", (1, 1)), "image_too_small"),
        (png_that_announces(60_000, 60_000), "too_many_pixels"),
        (io.BytesIO(b"\0" * 128 + b"DICM" + b"\xff" * 500), "image_unreadable"),
        (io.BytesIO(encoded("PNG").getvalue()[:20]), "image_unreadable"),
    ],
    ids=["empty", "text", "gif", "bmp", "1x1", "bomb", "broken dicom", "cut header"],
)
def test_refuses(content, code):
    content.seek(0)
    with pytest.raises(AnalysisError) as refused:
        read_header(content, "mammography")
    assert refused.value.code == code
    assert len(refused.value.detail) > 20, "the user is told in words"


def test_refuses_animation():
    frames = [Image.new("RGB", (80, 80), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    buffer.seek(0)
    with pytest.raises(AnalysisError) as refused:
        read_header(buffer, "histopathology")
    assert refused.value.code == "animated_image"


def test_every_prefix_of_a_file_is_answered_in_words():
    whole = encoded("JPEG").getvalue()
    codes = {outcome(whole[:end]) for end in range(0, len(whole), 7)}
    assert codes <= {"read", "empty_file", "unsupported_format", "image_unreadable"}
    assert "empty_file" in codes
    assert "read" in codes, "the header is whole long before the pixels are"


def outcome(content: bytes) -> str:
    try:
        read_header(io.BytesIO(content), "histopathology")
    except AnalysisError as error:
        return error.code
    return "read"


@pytest.mark.parametrize(("mode", "grey"), [("L", True), ("I;16", True), ("RGB", False)])
def test_is_grey(tmp_path, mode, grey):
    path = tmp_path / "picture.png"
    path.write_bytes(encoded("PNG", mode=mode).getvalue())
    assert is_grey(path) is grey
