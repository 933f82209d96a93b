"""Headers of TIFF files: which page is the picture, how it is laid out, and whether it can be read."""

import math
from dataclasses import dataclass
from typing import BinaryIO

from lobule.imaging import limits
from lobule.imaging.picture_header import Colour, PictureHeader, damaged_header, refuse_kind, several_pictures
from lobule.imaging.tiff_directory import Directory, directories

_COLOURS: dict[int, tuple[Colour, int]] = {  # photometric interpretation: colour, samples without alpha
    0: ("grey", 1),
    1: ("grey", 1),
    2: ("rgb", 3),
    3: ("palette", 1),
    5: ("cmyk", 4),
    6: ("ycbcr", 3),
    8: ("lab", 3),
    9: ("lab", 3),
}
WHITE_IS_ZERO, SIGNED_LAB = 0, 8
UNCOMPRESSED, LZW, JPEG, DEFLATE, PACKBITS, ZSTD = 1, 5, 7, (8, 32946), 32773, 50000
_COMPRESSIONS = (UNCOMPRESSED, LZW, JPEG, *DEFLATE, PACKBITS, ZSTD)
_DEPTHS = {
    "grey": range(2, 17),
    "rgb": (8, 12, 16),
    "palette": (2, 4, 8),
    "cmyk": (8, 16),
    "ycbcr": (8,),
    "lab": (8, 16),
}
_FORMATS = {1: "unsigned", 2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
_MAX_SEGMENT_BYTES = 64 * 1024 * 1024  # of a tile: more than any that is written, and decoded into a buffer of its own
_AS_GREY_OR_RGB = "Please export it as grey or RGB with 8 or 16 bits."


@dataclass(frozen=True)
class TiffLayout:
    """A page that can be read.

    Attributes:
        header: Size and kind.
        directory: Its tags.
        photometric: As in the file.
        compression: As in the file.
        planar: Whether each sample has a plane of its own.
        signed: Whether samples are signed.
        alpha: 0 none, 1 premultiplied, 2 straight, 3 a sample that says nothing of opacity.
        segment: Rows and columns of a strip or tile.
        tiled: Whether segments are tiles, which are whole at the borders too.
    """

    header: PictureHeader
    directory: Directory
    photometric: int
    compression: int
    planar: bool
    signed: bool
    alpha: int
    segment: tuple[int, int]
    tiled: bool

    @property
    def located(self) -> tuple[int, int]:
        """The tags that hold the segments' offsets and lengths."""
        return (324, 325) if self.tiled else (273, 279)

    @property
    def segments(self) -> int:
        """How many strips or tiles there are."""
        rows, columns = self.segment
        planes = self.header.samples if self.planar else 1
        return math.ceil(self.header.height / rows) * math.ceil(self.header.width / columns) * planes


def read_tiff(stream: BinaryIO) -> TiffLayout:
    """Read a TIFF's header. Reduced copies and masks beside the picture are passed over.

    Args:
        stream: At the file's start.

    Raises:
        AnalysisError: `image_unreadable`, `animated_image` or `unsupported_format`.
    """
    pages = list(directories(stream))
    if not pages:
        raise damaged_header("TIFF", "it holds no picture")
    whole = [page for page in pages if not page.number(254, 0) & 0b101 and page.number(255, 1) != 2]
    if len(whole) > 1:
        raise several_pictures(str(len(whole)))
    page = (whole or pages)[0]
    layers = max(page.number(32997, 1), page.number(32998, 1))
    if layers > 1:
        raise several_pictures(str(layers))
    return _layout(page)


def _layout(page: Directory) -> TiffLayout:
    width, height = page.number(256, 0), page.number(257, 0)
    if width < 1 or height < 1:
        raise damaged_header("TIFF", "it does not tell the picture's size")
    samples = page.number(277, 1)
    photometric = page.number(262, 2 if samples >= 3 else 1)
    if photometric not in _COLOURS:
        refuse_kind(
            f"The TIFF's colours are of a rare kind (photometric interpretation {photometric})", _AS_GREY_OR_RGB
        )
    colour, base = _COLOURS[photometric]
    bits = _bits(page, samples, base, colour)
    signed = _sample_format(page, colour)
    compression = _compression(page, photometric, bits)
    size = width * height * (4 if colour == "palette" else samples) * (1 if bits <= 8 else 2)
    header = PictureHeader("TIFF", width, height, bits, samples, colour, size)
    tiled = page.count(322) > 0
    segment = (page.number(323, 0), page.number(322, 0)) if tiled else (min(page.number(278, height), height), width)
    alpha = page.number(338, 0) or 3 if samples > base else 0
    layout = TiffLayout(
        header,
        page,
        photometric,
        compression,
        planar=page.number(284, 1) == 2 and samples > 1,
        signed=signed,
        alpha=alpha if alpha in (1, 2) else min(alpha, 3),
        segment=segment,
        tiled=tiled,
    )
    _check_segments(layout)
    return layout


def _bits(page: Directory, samples: int, base: int, colour: Colour) -> int:
    if not base <= samples <= base + 1:
        refuse_kind(f"The TIFF holds {samples} samples per pixel", _AS_GREY_OR_RGB)
    depths = set(page.numbers(258, 16)) or {1}
    if len(depths) > 1:
        refuse_kind("The TIFF's samples have different numbers of bits", _AS_GREY_OR_RGB)
    bits = depths.pop()
    if bits not in _DEPTHS[colour]:
        kind = _FORMATS.get(page.number(339, 1), "")
        refuse_kind(f"The TIFF holds {kind} {colour} samples of {bits} bit{'s' * (bits != 1)}", _AS_GREY_OR_RGB)
    return bits


def _sample_format(page: Directory, colour: Colour) -> bool:
    """Whether samples are signed."""
    kinds = set(page.numbers(339, 16)) or {1}
    kind = kinds.pop()
    if kinds or kind not in (1, 2, 4) or (kind == 2 and colour not in ("grey", "lab")):
        bits = page.number(258, 1)
        refuse_kind(f"The TIFF holds {_FORMATS.get(kind, 'unknown')} {colour} samples of {bits} bits", _AS_GREY_OR_RGB)
    return kind == 2 and colour == "grey"


def _compression(page: Directory, photometric: int, bits: int) -> int:
    compression, predictor = page.number(259, 1), page.number(317, 1)
    if compression not in _COMPRESSIONS:
        refuse_kind(
            f"The TIFF is compressed in a rare way (compression {compression})",
            "Please export it uncompressed or with LZW, Deflate, PackBits or JPEG.",
        )
    if predictor not in (1, 2) or (predictor == 2 and bits not in (8, 16)):
        refuse_kind(f"The TIFF's samples are predicted in a rare way (predictor {predictor})", _AS_GREY_OR_RGB)
    if compression != JPEG and photometric == 6:
        refuse_kind("The TIFF holds YCbCr without JPEG compression", _AS_GREY_OR_RGB)
    if compression == JPEG and bits not in (8, 12):
        refuse_kind(f"The TIFF holds JPEG of {bits} bits", _AS_GREY_OR_RGB)
    if compression == JPEG and photometric in (0, 3, 8, 9):
        refuse_kind(f"The TIFF holds JPEG of rare colours (photometric interpretation {photometric})", _AS_GREY_OR_RGB)
    return compression


def _check_segments(layout: TiffLayout) -> None:
    rows, columns = layout.segment
    depth = (1 if layout.planar else layout.header.samples) * (1 if layout.header.bits <= 8 else 2)
    if rows < 1 or columns < 1 or (layout.tiled and rows * columns * depth > _MAX_SEGMENT_BYTES):
        raise damaged_header("TIFF", f"its parts have {columns} x {rows} pixels")
    found = min(layout.directory.count(tag) for tag in layout.located)
    if layout.segments > limits.MAX_TIFF_SEGMENTS:
        raise damaged_header("TIFF", f"it consists of {layout.segments} parts")
    if found < layout.segments:
        raise damaged_header("TIFF", f"it consists of {layout.segments} parts, of which {found} are listed")
