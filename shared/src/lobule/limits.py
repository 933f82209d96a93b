"""The limits on what one file or request may cause: bytes, pixels, pages, fields, seconds.

A file is checked against its header before memory is allocated, and against its content while it is decoded: a reader
stops at the announced size, whatever follows in the file. The table of docs/limits.md is made of this module.
"""

from typing import NamedTuple


class Limit(NamedTuple):
    """One of the limits, as the documentation shows it.

    Attributes:
        of: What it bounds: an image, one of its formats, the decoder, a request.
        what: What is counted.
        value: At most so much; at least, where `what` says so.
        unit: Of the value.
        code: The error code of what is beyond it; empty if that is passed over.
        why: Why it is what it is.
    """

    of: str
    what: str
    value: int
    unit: str
    code: str
    why: str


LIMITS: list[Limit] = []
"""All of them, in the order of the documentation."""


def _limit(of: str, what: str, value: int, unit: str, code: str, why: str) -> int:
    LIMITS.append(Limit(of, what, value, unit, code, why))
    return value


_KB, _MB = 1 << 10, 1 << 20
_UNREADABLE = "image_unreadable"

MIN_SIDE = _limit("image", "a side, at least", 48, "pixels", "image_too_small", "patches of tissue have 50 pixels")
MAX_SIDE = _limit("image", "a side", 32_767, "pixels", "too_many_pixels", "OpenCV resamples no longer side")
MAX_PIXELS = _limit("image", "pixels", 100_000_000, "", "too_many_pixels", "the largest detector has 28 million")
MAX_DECODED_BYTES = _limit(
    "image",
    "samples once decoded",
    400_000_000,
    "bytes",
    "too_many_pixels",
    "four 8-bit or two 16-bit samples of 100 million pixels; the coefficients of a progressive JPEG are counted too",
)
MAX_PROFILE_BYTES = _limit(
    "image", "ICC profile, inflated", 4 * _MB, "bytes", "", "profiles of printing presses have up to 3 MB"
)

MAX_PNG_CHUNKS = _limit(
    "PNG",
    "chunks before the pixels",
    1_000,
    "",
    _UNREADABLE,
    "texts and profiles are skipped, not read; libpng never sees compressed texts",
)
MAX_PNG_DATA_CHUNKS = _limit("PNG", "chunks in the whole file", 1_000_000, "", _UNREADABLE, "each is looked at")

MAX_JPEG_SEGMENTS = _limit(
    "JPEG", "segments before the pixels", 1_000, "", _UNREADABLE, "a profile or a second picture's data take up to 255"
)
MAX_JPEG_SCANS = _limit(
    "JPEG", "scans", 100, "", _UNREADABLE, "each is a pass over all pixels; encoders write about ten"
)

MAX_TIFF_DIRECTORIES = _limit("TIFF", "directories", 32, "", _UNREADABLE, "a pyramid has about ten")
MAX_TIFF_ENTRIES = _limit("TIFF", "tags in a directory", 1_000, "", _UNREADABLE, "a film has about thirty")
MAX_TIFF_SEGMENTS = _limit(
    "TIFF", "strips or tiles", 500_000, "", _UNREADABLE, "together at most twice the file: strips may lie on each other"
)
MAX_TIFF_TILE_BYTES = _limit(
    "TIFF", "a tile, decoded", 64 * _MB, "bytes", _UNREADABLE, "it is decoded into a buffer of its own"
)

MAX_DICOM_ELEMENTS = _limit(
    "DICOM", "elements before the pixels, with those of sequences", 50_000, "", _UNREADABLE, "a mammogram has hundreds"
)
MAX_DICOM_ITEMS = _limit("DICOM", "items of sequences", 10_000, "", _UNREADABLE, "those of private groups are skipped")
MAX_DICOM_DEPTH = _limit("DICOM", "sequences in each other", 16, "", _UNREADABLE, "a mammogram has four")
MAX_DICOM_VALUE = _limit(
    "DICOM", "a value that is read", 256 * _KB, "bytes", "", "a lookup table of 65,536 words has 128 KB"
)
MAX_DICOM_KEPT = _limit("DICOM", "all values that are read", 4 * _MB, "bytes", _UNREADABLE, "a mammogram has some KB")
MAX_DICOM_INFLATED_HEADER = _limit(
    "DICOM", "deflated: before the pixels", 16 * _MB, "bytes", _UNREADABLE, "it is inflated as a stream"
)
MAX_DICOM_INFLATED_AHEAD = _limit(
    "DICOM", "deflated: pixels that the gateway passes over", 32 * _MB, "bytes", "", "to see where the file ends"
)
MAX_DICOM_TRAILER = _limit(
    "DICOM", "deflated: after the pixels", 1 * _MB, "bytes", _UNREADABLE, "writers put a few bytes of padding there"
)
MAX_DICOM_SERVED_READS = _limit(
    "DICOM",
    "served by DICOMweb: reads of a header",
    100_000,
    "",
    "instance_unreadable",
    "two or three an element",
)
MAX_DICOM_SERVED_VALUE = _limit(
    "DICOM", "served by DICOMweb: a value in metadata", 1 * _MB, "bytes", "", "longer ones have an address of their own"
)
MAX_DICOM_SERVED_FRAMES = _limit(
    "DICOM",
    "served by DICOMweb: frames of an object",
    10_000,
    "",
    "instance_unreadable",
    "masks have some",
)
MAX_DICOM_SERVED_BITS = _limit(
    "DICOM",
    "served by DICOMweb: a frame of single bits",
    32 * _MB,
    "bytes",
    "instance_unreadable",
    "shifted in memory",
)
MAX_DICOM_FRAGMENTS = _limit("DICOM", "fragments", 100_000, "", _UNREADABLE, "one picture has one, or some hundreds")
MAX_DICOM_JPEG_SCANS = _limit(
    "DICOM", "scans of a baseline, extended or lossless JPEG", 4, "", _UNREADABLE, "one for each colour"
)

MAX_DECODER_MEMORY = _limit(
    "decoder",
    "address space that decoding a file may add",
    1536 * _MB,
    "bytes",
    "image_too_large",
    "a film of 100 megapixels in JPEG 2000 takes 0.8 GB",
)
MAX_DECODER_OUTPUT = _limit(
    "decoder", "samples that it hands over", 512 * _MB, "bytes", "image_too_large", "400 MB and a mask of the padding"
)
MAX_DECODER_FACTS = _limit("decoder", "what it says of them", 1 * _MB, "bytes", _UNREADABLE, "a film's facts have 2 KB")
MAX_DECODER_CPU_S = _limit(
    "decoder", "computing for a file", 60, "seconds", "image_too_large", "100 megapixels of JPEG 2000 take 13"
)
MAX_DECODER_S = _limit(
    "decoder", "a file, on a machine that is busy", 120, "seconds", "image_too_large", "a step may take 300"
)

MAX_BODY_BYTES = _limit(
    "request", "a body other than an upload", 1 * _MB, "bytes", "request_too_large", "it is held in memory as a whole"
)
BODY_GRACE_S = _limit(
    "request", "waiting for a body's next bytes at its start", 30, "seconds", "request_timeout", "a slow line may pause"
)
MIN_BODY_BYTES_PER_S = _limit(
    "request",
    "after that, at least, on average",
    16 * _KB,
    "bytes per second",
    "request_timeout",
    "a body that drips would hold its connection for ever",
)
REST_OF_BODY_S = _limit(
    "request",
    "reading the rest of a body that was answered before its end",
    30,
    "seconds",
    "",
    "a client that still sends would not see the response",
)
MAX_FIELDS = _limit("upload", "fields of the form, and headers of one", 20, "", "malformed_upload", "there are ten")
MAX_FIELD_BYTES = _limit("upload", "a field, or a header of one", 4 * _KB, "bytes", "malformed_upload", "a note")

DECODER_KEEPS = 32 * _MB
"""Bytes of memory that a decoder keeps ready for each of file, samples and the way between them."""
