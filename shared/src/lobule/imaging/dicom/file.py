"""Opens a DICOM file and parses it up to its pixels, within bounds and without decoding anything."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.dicom.elements import KNOWN, Parser, PixelElement
from lobule.imaging.dicom.kind import check_kind
from lobule.imaging.dicom.source import EndOfFileError, InflatedSource, Source, TooMuchError
from lobule.imaging.dicom.tags import Tags
from lobule.imaging.dicom.vocabulary import Tag

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
_JPEG = "1.2.840.10008.1.2.4."
ENCAPSULATED = {
    f"{_JPEG}50": "JPEG Baseline",
    f"{_JPEG}51": "JPEG Extended",
    f"{_JPEG}57": "JPEG Lossless",
    f"{_JPEG}70": "JPEG Lossless SV1",
    f"{_JPEG}80": "JPEG-LS Lossless",
    f"{_JPEG}81": "JPEG-LS Near-lossless",
    f"{_JPEG}90": "JPEG 2000 Lossless",
    f"{_JPEG}91": "JPEG 2000",
    f"{_JPEG}201": "High-Throughput JPEG 2000 Lossless",
    f"{_JPEG}202": "High-Throughput JPEG 2000 RPCL Lossless",
    f"{_JPEG}203": "High-Throughput JPEG 2000",
    "1.2.840.10008.1.2.5": "RLE Lossless",
}
NATIVE = {
    IMPLICIT: "Implicit VR Little Endian",
    EXPLICIT: "Explicit VR Little Endian",
    DEFLATED: "Deflated Explicit VR Little Endian",
    BIG_ENDIAN: "Explicit VR Big Endian",
}
LOSSY = frozenset(_JPEG + end for end in ("50", "51", "81", "91", "203"))
_NAMES = {
    **NATIVE,
    **ENCAPSULATED,
    f"{_JPEG}55": "JPEG Full Progression",
    f"{_JPEG}92": "JPEG 2000 Multi-component Lossless",
    f"{_JPEG}93": "JPEG 2000 Multi-component",
    f"{_JPEG}100": "MPEG-2",
    f"{_JPEG}102": "MPEG-4",
    f"{_JPEG}107": "HEVC",
    f"{_JPEG}110": "JPEG XL Lossless",
    f"{_JPEG}112": "JPEG XL",
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame",
}
PREAMBLE = 132


@dataclass
class DicomFile:
    """A DICOM file, parsed up to its pixels.

    Attributes:
        tags: Tags of its data set.
        syntax: Its transfer syntax; empty if the file does not state it.
        little: Whether words are little endian.
        source: Positioned at the first byte of the pixels if `pixels` is not None.
        pixels: The pixel element.
    """

    tags: Tags
    syntax: str
    little: bool
    source: Source
    pixels: PixelElement | None

    @property
    def syntax_name(self) -> str:
        """The name of the transfer syntax, `unnamed` if the file does not state it."""
        return _NAMES.get(self.syntax, self.syntax[:64]) or "unnamed"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height from the tags.

        Raises:
            AnalysisError: `image_unreadable` if the tags state none.
        """
        width, height = (self.tags.integer(tag) or 0 for tag in (Tag.COLUMNS, Tag.ROWS))
        if width <= 0 or height <= 0:
            raise AnalysisError("image_unreadable", "dicom_no_image")
        return width, height


def looks_like_dicom(start: bytes) -> bool:
    """Whether a file with this start is DICOM, with or without a preamble.

    Args:
        start: The first `PREAMBLE` bytes, or all of a shorter file.
    """
    return start_of(start) is not None


def open_dicom(stream: BinaryIO) -> DicomFile:
    """Parse a film up to its pixels.

    Args:
        stream: Seekable stream, which stays open; the result reads its pixels from it.

    Raises:
        AnalysisError: As raised by `check_kind`; `unsupported_format` for an unsupported transfer syntax;
            `image_unreadable` or `image_truncated` if the file is damaged, ends early, or contains more before its
            pixels than a film does.
    """
    try:
        return _open(stream)
    except (EndOfFileError, TooMuchError, struct.error):
        raise _damaged() from None


def stated_instance(stream: BinaryIO) -> tuple[str | None, str | None]:
    """SOP class and SOP instance that the meta information of a file states, whether or not the file is a film."""
    try:
        meta = _meta(stream)[1]
    except (AnalysisError, EndOfFileError, TooMuchError, struct.error):
        return None, None
    return meta.text(Tag.MEDIA_STORAGE_CLASS_UID), meta.text(Tag.MEDIA_STORAGE_INSTANCE_UID)


def _meta(stream: BinaryIO) -> tuple[Source, Tags]:
    """The meta information of a file, and the file after it."""
    stream.seek(0)
    start = start_of(stream.read(PREAMBLE + 8))
    if start is None:
        raise _damaged()
    source = Source(stream, start)
    return source, Tags(Parser(source).meta())


def _open(stream: BinaryIO) -> DicomFile:
    source, meta = _meta(stream)
    syntax = meta.text(Tag.TRANSFER_SYNTAX_UID) or ""
    if syntax and syntax not in NATIVE and syntax not in ENCAPSULATED:
        raise AnalysisError("unsupported_format", "dicom_syntax", syntax=_NAMES.get(syntax, syntax[:64]))
    if syntax == DEFLATED:
        source = InflatedSource(stream, source.position, limits.MAX_DICOM_INFLATED_HEADER)
    little = is_little(source.peek(6))
    parser = Parser(source, little=little)
    failure: AnalysisError | None = None
    try:
        parser.data_set()
    except (EndOfFileError, struct.error):
        failure = AnalysisError("image_truncated", "dicom_header")
    except TooMuchError:
        failure = AnalysisError("image_unreadable", "dicom_header_too_large")
    tags = Tags(parser.elements, little=little)
    check_kind(tags)  # if parsing ended early, an already known kind of file is the better reason
    if failure is not None:
        raise failure
    return DicomFile(tags, syntax, little, source, parser.pixels)


def _damaged() -> AnalysisError:
    return AnalysisError("image_unreadable", "dicom_header")


def start_of(start: bytes) -> int | None:
    """The offset of a file's first element; None if the file is not DICOM.

    Args:
        start: Its first 140 bytes, or the whole file if it is shorter.
    """
    if start[128:132] == b"DICM":
        return PREAMBLE
    if start[:4] == b"DICM":
        return 4
    group, element = start[:2], start[2:4]
    if group == b"\x02\x00" and start[4:6] in KNOWN:
        return 0
    # Without meta information, the file starts with the identifying group, in any encoding.
    if group in (b"\x08\x00", b"\x00\x08") and len(start) >= 12:
        order = "<" if group == b"\x08\x00" else ">"
        length = struct.unpack(order + "I", start[4:8])[0]
        if struct.unpack(order + "H", element)[0] <= 0x0070 and (start[4:6] in KNOWN or length <= 0x100):
            return 0
    return None


def is_little(start: bytes) -> bool:
    """Whether the byte order is little endian, by the group of the first tag; the meta information may be wrong."""
    return not (len(start) >= 4 and start[0] == 0 and start[1] != 0)
