"""The limits on the bytes, pixels, pages, fields and seconds of one file or request.

A file is checked against its header before memory is allocated, and against its content while it is decoded: a reader
stops at the announced size, whatever follows in the file. The table of docs/limits.md is made of this module.
"""

from typing import NamedTuple


class Limit(NamedTuple):
    """A limit and its documentation.

    Attributes:
        of: The limited object: an image, one of its formats, the decoder, a request.
        what: The counted quantity.
        value: Largest permitted value, or the smallest if `what` states "at least".
        unit: Unit of the value.
        code: Error code beyond the limit; empty if the excess is skipped.
        why: Reason for the value.
    """

    of: str
    what: str
    value: int
    unit: str
    code: str
    why: str


LIMITS: list[Limit] = []
"""All limits, in the order of the documentation."""


def _limit(of: str, what: str, value: int, unit: str, code: str, why: str) -> int:
    LIMITS.append(Limit(of, what, value, unit, code, why))
    return value


_KB, _MB = 1 << 10, 1 << 20
_UNREADABLE = "image_unreadable"

MIN_SIDE = _limit(
    "image", "shortest side, at least", 48, "pixels", "image_too_small", "a patch of tissue has 50 pixels"
)
MAX_SIDE = _limit("image", "longest side", 32_767, "pixels", "too_many_pixels", "OpenCV cannot resample a longer side")
MAX_PIXELS = _limit("image", "pixels", 100_000_000, "", "too_many_pixels", "the largest X-ray detector has 28 million")
MAX_DECODED_BYTES = _limit(
    "image",
    "decoded samples",
    400_000_000,
    "bytes",
    "too_many_pixels",
    "four 8-bit or two 16-bit samples of 100 million pixels; the coefficients of a progressive JPEG are counted too",
)
MAX_PROFILE_BYTES = _limit(
    "image",
    "decompressed ICC profile",
    4 * _MB,
    "bytes",
    "",
    "profiles of printing presses have up to 3 MB",
)

MAX_ANALYSES = _limit(
    "image",
    "analyses that are stored",
    50,
    "",
    "too_many_analyses",
    "each keeps its pictures and reports; a new model comes a few times a year",
)

MAX_PNG_CHUNKS = _limit(
    "PNG",
    "chunks before the pixels",
    1_000,
    "",
    _UNREADABLE,
    "texts and profiles are skipped; libpng does not decompress texts",
)
MAX_PNG_DATA_CHUNKS = _limit("PNG", "chunks in the whole file", 1_000_000, "", _UNREADABLE, "the reader visits each")

MAX_JPEG_SEGMENTS = _limit(
    "JPEG",
    "segments before the pixels",
    1_000,
    "",
    _UNREADABLE,
    "a profile, or data of a second picture, has up to 255",
)
MAX_JPEG_SCANS = _limit(
    "JPEG", "scans", 100, "", _UNREADABLE, "each is a pass over all pixels; encoders write about ten"
)

MAX_TIFF_DIRECTORIES = _limit("TIFF", "directories", 32, "", _UNREADABLE, "a pyramid has about ten")
MAX_TIFF_ENTRIES = _limit("TIFF", "tags in a directory", 1_000, "", _UNREADABLE, "a film has about thirty")
MAX_TIFF_SEGMENTS = _limit(
    "TIFF",
    "strips or tiles",
    500_000,
    "",
    _UNREADABLE,
    "together they have at most twice the size of the file, because strips may overlap",
)
MAX_TIFF_TILE_BYTES = _limit(
    "TIFF", "a decoded tile", 64 * _MB, "bytes", _UNREADABLE, "a tile is decoded into a buffer of its own"
)

MAX_DICOM_ELEMENTS = _limit(
    "DICOM",
    "elements before the pixels, including those in sequences",
    50_000,
    "",
    _UNREADABLE,
    "a mammogram has hundreds",
)
MAX_DICOM_ITEMS = _limit("DICOM", "items of sequences", 10_000, "", _UNREADABLE, "items of private groups are skipped")
MAX_DICOM_DEPTH = _limit("DICOM", "nested sequences", 16, "", _UNREADABLE, "a mammogram has four")
MAX_DICOM_VALUE = _limit(
    "DICOM", "a value that is read", 256 * _KB, "bytes", "", "a lookup table of 65,536 words has 128 KB"
)
MAX_DICOM_KEPT = _limit(
    "DICOM", "all values that are read, together", 4 * _MB, "bytes", _UNREADABLE, "a mammogram has a few KB"
)
MAX_DICOM_INFLATED_HEADER = _limit(
    "DICOM",
    "deflated file: inflated bytes before the pixels",
    16 * _MB,
    "bytes",
    _UNREADABLE,
    "they are inflated as a stream",
)
MAX_DICOM_INFLATED_AHEAD = _limit(
    "DICOM",
    "deflated file: inflated pixels that the gateway skips",
    32 * _MB,
    "bytes",
    "",
    "the gateway skips them to find the end of the file",
)
MAX_DICOM_TRAILER = _limit(
    "DICOM",
    "deflated file: inflated bytes after the pixels",
    1 * _MB,
    "bytes",
    _UNREADABLE,
    "writers put a few bytes of padding there",
)
MAX_DICOM_SERVED_READS = _limit(
    "DICOM",
    "served by DICOMweb: reads of a header",
    100_000,
    "",
    "instance_unreadable",
    "an element needs two or three",
)
MAX_DICOM_SERVED_VALUE = _limit(
    "DICOM",
    "served by DICOMweb: a value in metadata",
    1 * _MB,
    "bytes",
    "",
    "longer values have an address of their own",
)
MAX_DICOM_SERVED_FRAMES = _limit(
    "DICOM",
    "served by DICOMweb: frames of an object",
    10_000,
    "",
    "instance_unreadable",
    "masks have several",
)
MAX_DICOM_FRAGMENTS = _limit("DICOM", "fragments", 100_000, "", _UNREADABLE, "a picture has one, or some hundreds")
MAX_DICOM_JPEG_SCANS = _limit(
    "DICOM", "scans of a baseline, extended or lossless JPEG", 4, "", _UNREADABLE, "there is one for each colour"
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
    "decoder",
    "samples that the decoder returns",
    512 * _MB,
    "bytes",
    "image_too_large",
    "400 MB and a mask of the padding",
)
MAX_DECODER_FACTS = _limit(
    "decoder", "description of the samples", 1 * _MB, "bytes", _UNREADABLE, "that of a film has 2 KB"
)
MAX_DECODER_CPU_S = _limit(
    "decoder", "processor time for a file", 60, "seconds", "image_too_large", "100 megapixels in JPEG 2000 take 13 s"
)
MAX_DECODER_S = _limit(
    "decoder",
    "elapsed time for a file",
    120,
    "seconds",
    "image_too_large",
    "a step may take 300 s; the machine may be busy",
)

HEADERS_S = _limit(
    "request",
    "time for its headers",
    15,
    "seconds",
    "",
    "the connection is closed: a client that sends a byte now and then would occupy it for ever",
)
MAX_BODY_BYTES = _limit(
    "request", "a body other than an upload", 1 * _MB, "bytes", "request_too_large", "the whole body is held in memory"
)
BODY_GRACE_S = _limit(
    "request",
    "grace period of a body",
    30,
    "seconds",
    "request_timeout",
    "a slow connection may pause",
)
MIN_BODY_BYTES_PER_S = _limit(
    "request",
    "average rate after the grace period, at least",
    16 * _KB,
    "bytes per second",
    "request_timeout",
    "a slower body would occupy its connection for too long",
)
REST_OF_BODY_S = _limit(
    "request",
    "reading the rest of a body after an early answer",
    30,
    "seconds",
    "",
    "a client that is still sending would not receive the answer",
)
ANSWER_GRACE_S = _limit(
    "answer",
    "time in which bytes wait for the client",
    30,
    "seconds",
    "",
    "the connection is closed: what a client does not take lies in memory",
)
MIN_ANSWER_BYTES_PER_S = _limit(
    "answer",
    "average rate beyond that time, at least",
    16 * _KB,
    "bytes per second",
    "",
    "a client that takes a byte now and then would hold its answer for ever",
)
MAX_ANSWERS_BYTES = _limit(
    "answer",
    "bytes of all answers together that wait for their clients",
    256 * _MB,
    "bytes",
    "",
    "the connection that has taken nothing for longest is closed; a gateway has 768 MiB",
)
MAX_PREVIEWS = _limit(
    "preview", "previews of a user, which are kept for an hour", 200, "", "queue_full", "a case has tens of files"
)
MAX_FIELDS = _limit(
    "upload", "fields of the form, and headers of a field", 20, "", "malformed_upload", "the form has ten fields"
)
MAX_FIELD_BYTES = _limit(
    "upload", "a field, or a header of a field", 4 * _KB, "bytes", "malformed_upload", "the longest field is a note"
)

DECODER_KEEPS = 32 * _MB
"""Bytes of memory that a decoder keeps ready for each of file, samples and the way between them."""
