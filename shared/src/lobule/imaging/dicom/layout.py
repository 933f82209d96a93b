"""The layout of a file's pixels, and a check that the file contains as many bytes as the layout needs."""

from dataclasses import dataclass

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.dicom.elements import UNDEFINED
from lobule.imaging.dicom.file import DicomFile
from lobule.imaging.dicom.source import EndOfFileError, InflatedSource, TooMuchError
from lobule.imaging.dicom.vocabulary import Tag

_PHOTOMETRIC = (
    "MONOCHROME1",
    "MONOCHROME2",
    "PALETTE COLOR",
    "RGB",
    "YBR_FULL",
    "YBR_FULL_422",
    "YBR_PARTIAL_422",
    "YBR_ICT",
    "YBR_RCT",
)


@dataclass(frozen=True)
class Layout:
    """The pixels as the tags describe them.

    Attributes:
        width: Columns.
        height: Rows.
        samples: Per pixel, 1 or 3.
        photometric: One of the standard's photometric interpretations.
        planar: Whether colours lie plane by plane.
        allocated: Bits of a cell: 8, 16 or 32.
        stored: Bits of a sample: 8 to 16.
        shift: Empty bits below a sample: more than 0 if samples are left-justified in their cells.
        signed: Whether samples are two's complement.
    """

    width: int
    height: int
    samples: int
    photometric: str
    planar: bool
    allocated: int
    stored: int
    shift: int
    signed: bool

    @property
    def bytes(self) -> int:
        """The number of bytes of the uncompressed pixels."""
        samples = 2 if self.photometric.endswith("_422") else self.samples
        return self.width * self.height * samples * self.allocated // 8


def layout_of(file: DicomFile) -> Layout:
    """Read the layout.

    Raises:
        AnalysisError: `image_unreadable` without pixels or size; `unsupported_format` for an unsupported layout.
    """
    width, height = file.size
    if file.pixels is None:
        raise AnalysisError("image_unreadable", "dicom_no_pixels", syntax=file.syntax_name)
    if file.pixels.tag != Tag.PIXELS:
        raise AnalysisError("unsupported_format", "dicom_floating_point")
    tags = file.tags
    samples = tags.integer(Tag.SAMPLES_PER_PIXEL) or 1
    photometric = tags.code(Tag.PHOTOMETRIC) or ("MONOCHROME2" if samples == 1 else "RGB")
    if samples not in (1, 3) or photometric not in _PHOTOMETRIC:
        raise AnalysisError("unsupported_format", "dicom_samples", samples=samples, photometric=photometric[:32])
    allocated = tags.integer(Tag.BITS_ALLOCATED) or 0
    stored = tags.integer(Tag.BITS_STORED) or allocated
    allocated = allocated or (8 if stored <= 8 else 16)
    if allocated not in (8, 16, 32):
        raise AnalysisError("unsupported_format", "dicom_bits_allocated", bits=allocated)
    if not 8 <= stored <= min(16, allocated):
        raise AnalysisError("unsupported_format", "dicom_bits_stored", bits=stored)
    high = tags.integer(Tag.HIGH_BIT)
    shift = high + 1 - stored if high is not None and stored <= high + 1 <= allocated else 0
    return Layout(
        width=width,
        height=height,
        samples=samples,
        photometric=photometric,
        planar=tags.integer(Tag.PLANAR_CONFIGURATION) == 1,
        allocated=allocated,
        stored=stored,
        shift=shift,
        signed=tags.integer(Tag.PIXEL_REPRESENTATION) == 1,
    )


def check_length(file: DicomFile) -> None:
    """Compare the length of the pixels with the tags, without decoding anything.

    A deflated file is inflated only up to the end of its pixels, and at most to `limits.MAX_DICOM_INFLATED_AHEAD`
    bytes.

    Raises:
        AnalysisError: As raised by `layout_of`; `image_truncated` or `image_unreadable` if the length does not match.
    """
    layout = layout_of(file)
    assert file.pixels is not None  # layout_of refused it
    length = file.pixels.length
    if length == UNDEFINED:
        return
    check_native_length(file, layout)
    if isinstance(file.source, InflatedSource) and layout.bytes <= limits.MAX_DICOM_INFLATED_AHEAD:
        read_inflated(file.source, length, keep=False)
    if file.source.size is not None and file.source.size - file.source.position < length:
        raise truncated(file)


def check_native_length(file: DicomFile, layout: Layout) -> None:
    """Compare the length of uncompressed pixels with the tags; up to one additional row is accepted.

    Raises:
        AnalysisError: `image_unreadable`.
    """
    assert file.pixels is not None  # see layout_of
    length, row = file.pixels.length, layout.bytes // layout.height
    if not layout.bytes <= length <= layout.bytes + max(2, row):
        raise AnalysisError(
            "image_unreadable",
            "dicom_pixel_bytes",
            found=length,
            expected=layout.bytes,
            width=layout.width,
            height=layout.height,
            syntax=file.syntax_name,
            bits=layout.stored,
        )


def read_inflated(source: InflatedSource, length: int, *, keep: bool) -> bytes:
    """Inflate uncompressed pixels of a known length, and check that the file ends soon after them.

    Args:
        source: Positioned at the first byte of the pixels.
        length: Length of the pixels in bytes.
        keep: Whether to return the pixels; otherwise they are skipped in small pieces.

    Raises:
        AnalysisError: `image_truncated`, or `image_unreadable` if far more follows.
    """
    source.limit = source.position + length
    content = b""
    try:
        if keep:
            content = source.read(length)
        else:
            source.skip(length)
        ends = source.ends_within(limits.MAX_DICOM_TRAILER)
    except (EndOfFileError, TooMuchError):
        raise AnalysisError("image_truncated", "dicom_deflated") from None
    if not ends:
        raise AnalysisError("image_unreadable", "dicom_inflated")
    return content


def truncated(file: DicomFile) -> AnalysisError:
    """The error for pixels that end early."""
    bits = file.tags.integer(Tag.BITS_STORED) or 0
    return AnalysisError("image_truncated", "dicom_pixels", syntax=file.syntax_name, bits=bits)
