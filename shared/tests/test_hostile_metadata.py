"""Pictures that are made to harm whoever takes their metadata out."""

import io
import struct
import zlib

import pytest
from picture_files import by_hand

from lobule.errors import AnalysisError
from lobule.imaging.metadata import without_metadata
from lobule.imaging.metadata.icc import without_descriptions
from lobule.imaging.png_pixels import decode_png

STRIPS, SIZE = 200, 40_000
BIG_ENTRY = "<HHQQ"


class Bounded(io.BytesIO):
    """A sink that fails once it holds more than a picture of these tests may become."""

    def write(self, data) -> int:
        assert self.tell() + len(data) < 4 * SIZE
        return super().write(data)


def copied(data: bytes, file_format) -> bytes:
    sink = Bounded()
    without_metadata(io.BytesIO(data), sink, file_format)
    return sink.getvalue()


def big_tiff(offsets: list[int], lengths: list[int]) -> bytes:
    """A BigTIFF of one row a strip; its strips lie where they are said to."""
    count = len(offsets)
    start = 16 + 8 + 20 * 8 + 8
    tags = [(256, 4, 1, SIZE), (257, 4, 1, count), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    tags += [(273, 16, count, start), (278, 4, 1, 1), (279, 16, count, start + 8 * count)]
    directory = struct.pack("<Q", len(tags)) + b"".join(struct.pack(BIG_ENTRY, *tag) for tag in tags) + bytes(8)
    head = b"II" + struct.pack("<HHHQ", 43, 8, 0, 16) + directory
    return head + struct.pack(f"<{2 * count}Q", *offsets, *lengths) + bytes(SIZE)


def test_strips_that_overlap_are_not_copied_one_by_one_though_one_is_missing():
    data = big_tiff([16] * (STRIPS - 1) + [1 << 40], [SIZE] * STRIPS)
    with pytest.raises(AnalysisError, match="overlap"):
        copied(data, "TIFF")


@pytest.mark.parametrize("tag", ["t273", "t279"])
@pytest.mark.parametrize(("kind", "number"), [(9, -1), (17, -5), (16, 1 << 33)])
def test_places_that_no_file_has_are_refused_by_name(tag, kind, number):
    data = bytearray(by_hand(b"\0" * 80 * 70, 80, 70, 8))
    directory = struct.unpack_from("<I", data, 4)[0]
    for at in range(directory + 2, directory + 2 + 12 * struct.unpack_from("<H", data, directory)[0], 12):
        if struct.unpack_from("<H", data, at)[0] == int(tag[1:]):
            wide = kind != 9
            struct.pack_into("<HI", data, at + 2, kind, 1)
            struct.pack_into("<I" if wide else "<i", data, at + 8, len(data) if wide else number)
            data += struct.pack("<q", number) if wide else b""
    with pytest.raises(AnalysisError, match="tag") as refused:
        copied(bytes(data), "TIFF")
    assert refused.value.code == "image_unreadable"


def profile_of(tags: list[tuple[bytes, int, int]], size: int) -> bytes:
    head = bytes(36) + b"acsp" + bytes(88)
    return (head + struct.pack(">I", len(tags)) + b"".join(struct.pack(">4sII", *tag) for tag in tags)).ljust(
        size, b"x"
    )


def test_a_profile_does_not_grow_by_tags_that_overlap():
    names = [f"{way}{intent}".encode() for way in ("A2B", "B2A", "D2B", "B2D") for intent in range(4)]
    whole = [(name, 400, SIZE - 400 - index) for index, name in enumerate(names)]
    assert without_descriptions(profile_of(whole, SIZE)) == bytes(128)


def test_the_first_tag_of_a_name_counts():
    repeated = [(b"wtpt", 400, 20 + index) for index in range(90)]
    copy = without_descriptions(profile_of(repeated, 2000))
    assert struct.unpack_from(">I4sII", copy, 128) == (1, b"wtpt", 144, 20)
    assert len(copy) < 200


def test_the_first_exif_of_a_png_turns_the_copy_too():
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    upright, turned = (b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 274, 3, 1, way, 0, 0) for way in (1, 6))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(80) for _ in range(70))))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 80, 70, 8, 0, 0, 0, 0))
    data += chunk(b"eXIf", upright) + chunk(b"eXIf", turned) + pixels + chunk(b"IEND", b"")
    assert decode_png(data).samples.shape[:2] == decode_png(copied(data, "PNG")).samples.shape[:2] == (70, 80)
