"""Reads the headers of TIFF files: the page with the picture, its layout, and whether it is supported."""

import math
from dataclasses import dataclass
from typing import BinaryIO

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.picture_header import Colour, PictureHeader
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
_APERIO = "Aperio"  # begins the description
_FORMATS = {1: "unsigned", 2: "signed", 3: "floating_point", 5: "complex", 6: "complex"}


@dataclass(frozen=True)
class TiffLayout:
    """A readable page.

    Attributes:
        header: Size and kind of the picture.
        directory: Its tags.
        photometric: Photometric interpretation in the file.
        compression: Compression in the file.
        planar: Whether each sample is in a separate plane.
        signed: Whether samples are signed.
        alpha: 0 none, 1 premultiplied, 2 straight, 3 a sample that is not opacity.
        segment: Rows and columns of a strip or tile.
        tiled: Whether segments are tiles, which are complete at the borders, too.
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
        """The tags with the segments' offsets and lengths."""
        return (324, 325) if self.tiled else (273, 279)

    @property
    def segments(self) -> int:
        """The number of strips or tiles."""
        rows, columns = self.segment
        planes = self.header.samples if self.planar else 1
        return math.ceil(self.header.height / rows) * math.ceil(self.header.width / columns) * planes


def read_tiff(stream: BinaryIO) -> TiffLayout:
    """Read a TIFF's header. Thumbnails, masks and whatever follows the first page of an Aperio file are skipped.

    Args:
        stream: Stream at the file's start.

    Raises:
        AnalysisError: `image_unreadable`, `animated_image` or `unsupported_format`.
    """
    pages = list(directories(stream))
    if not pages:
        raise AnalysisError("image_unreadable", "no_pixels", format="TIFF")
    whole = [page for page in pages if not page.number(254, 0) & 0b101 and page.number(255, 1) != 2]
    if len(whole) > 1 and not _is_aperio(pages[0]):
        raise AnalysisError("animated_image", "pictures", count=len(whole))
    page = (whole or pages)[0]
    layers = max(page.number(32997, 1), page.number(32998, 1))
    if layers > 1:
        raise AnalysisError("animated_image", "pictures", count=layers)
    return _layout(page)


def _is_aperio(page: Directory) -> bool:
    """Whether a file comes from an Aperio scanner: smaller copies of its first page are not marked as such."""
    return page.text(270, len(_APERIO)) == _APERIO


def _layout(page: Directory) -> TiffLayout:
    width, height = page.number(256, 0), page.number(257, 0)
    if width < 1 or height < 1:
        raise AnalysisError("image_unreadable", "no_size", format="TIFF")
    samples = page.number(277, 1)
    photometric = page.number(262, 2 if samples >= 3 else 1)
    if photometric not in _COLOURS:
        raise AnalysisError("unsupported_format", "tiff_colours", interpretation=photometric)
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
        raise AnalysisError("unsupported_format", "tiff_sample_count", samples=samples)
    depths = set(page.numbers(258, 16)) or {1}
    if len(depths) > 1:
        raise AnalysisError("unsupported_format", "tiff_mixed_bits")
    bits = depths.pop()
    if bits not in _DEPTHS[colour]:
        raise _unsupported_samples(page.number(339, 1), colour, bits)
    return bits


def _sample_format(page: Directory, colour: Colour) -> bool:
    """Whether samples are signed."""
    kinds = set(page.numbers(339, 16)) or {1}
    kind = kinds.pop()
    if kinds or kind not in (1, 2, 4) or (kind == 2 and colour not in ("grey", "lab")):
        raise _unsupported_samples(kind, colour, page.number(258, 1))
    return kind == 2 and colour == "grey"


def _unsupported_samples(kind: int, colour: Colour, bits: int) -> AnalysisError:
    numbers = _FORMATS.get(kind, "unknown")
    return AnalysisError("unsupported_format", "tiff_samples", numbers=numbers, colour=colour, count=bits)


def _compression(page: Directory, photometric: int, bits: int) -> int:
    compression, predictor = page.number(259, 1), page.number(317, 1)
    if compression not in _COMPRESSIONS:
        raise AnalysisError("unsupported_format", "tiff_compression", compression=compression)
    if predictor not in (1, 2) or (predictor == 2 and bits not in (8, 16)):
        raise AnalysisError("unsupported_format", "tiff_predictor", predictor=predictor)
    if compression != JPEG and photometric == 6:
        raise AnalysisError("unsupported_format", "tiff_ycbcr")
    if compression == JPEG and bits not in (8, 12):
        raise AnalysisError("unsupported_format", "tiff_jpeg_bits", bits=bits)
    if compression == JPEG and photometric in (0, 3, 8, 9):
        raise AnalysisError("unsupported_format", "tiff_jpeg_colours", interpretation=photometric)
    return compression


def _check_segments(layout: TiffLayout) -> None:
    rows, columns = layout.segment
    depth = (1 if layout.planar else layout.header.samples) * (1 if layout.header.bits <= 8 else 2)
    if rows < 1 or columns < 1 or (layout.tiled and rows * columns * depth > limits.MAX_TIFF_TILE_BYTES):
        raise AnalysisError("image_unreadable", "tiff_part_size", width=columns, height=rows)
    found = min(layout.directory.count(tag) for tag in layout.located)
    if layout.segments > limits.MAX_TIFF_SEGMENTS:
        raise AnalysisError("image_unreadable", "tiff_parts", parts=layout.segments)
    if found < layout.segments:
        raise AnalysisError("image_unreadable", "tiff_parts_missing", parts=layout.segments, listed=found)
