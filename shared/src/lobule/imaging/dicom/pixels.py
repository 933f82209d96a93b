"""Decodes samples as stored, within the limits of tags and codestream."""

from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from lobule import limits
from lobule.errors import AnalysisError
from lobule.imaging.dicom.codestreams import Codestream, begins_codestream, codestream_of
from lobule.imaging.dicom.elements import ITEM, UNDEFINED
from lobule.imaging.dicom.file import DicomFile
from lobule.imaging.dicom.layout import Layout, check_native_length, read_inflated, truncated
from lobule.imaging.dicom.source import EndOfFileError, InflatedSource

_DIFFERENCES = ("YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422")
_MOST_PADDING = 1 << 12  # bytes that a run-length segment may decode to beyond its pixels


@dataclass(frozen=True)
class Cells:
    """Decoded pixels without masking or shifting.

    Attributes:
        values: Unsigned integers, (height, width) or (height, width, 3).
        precision: Bits of a sample in the codestream.
        signed: Whether samples are two's complement.
        differences: Whether colours are one brightness and two differences instead of red, green and blue.
    """

    values: NDArray[Any]
    precision: int
    signed: bool
    differences: bool


def stored_cells(file: DicomFile, layout: Layout) -> Cells:
    """Decode the pixels.

    Raises:
        AnalysisError: `image_truncated` or `image_unreadable`; `unsupported_format` for an unsupported coding.
    """
    assert file.pixels is not None  # layout_of refused it
    if file.pixels.length != UNDEFINED:
        return Cells(_native(file, layout), layout.allocated, layout.signed, layout.photometric in _DIFFERENCES)
    stream = codestream_of(_frame(file), layout)
    try:
        decoded = _decode(stream, layout)
    except AnalysisError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders of hostile bytes can raise any exception
        raise AnalysisError(
            "image_unreadable",
            "dicom_decoding",
            syntax=file.syntax_name,
            bits=layout.stored,
            error=type(error).__name__,
        ) from None
    if decoded.shape[:2] != (layout.height, layout.width) or decoded.ndim not in (2, 3):
        raise AnalysisError("image_unreadable", "dicom_decoded_size")
    unsigned = decoded.view(decoded.dtype.str.replace("i", "u")) if decoded.dtype.kind == "i" else decoded
    converted = stream.codec == "JPEG" and not stream.lossless_jpeg
    differences = layout.photometric in _DIFFERENCES and not converted
    return Cells(unsigned, stream.precision, layout.signed or stream.signed, differences)


def _native(file: DicomFile, layout: Layout) -> NDArray[Any]:
    check_native_length(file, layout)
    pixels = file.pixels
    assert pixels is not None  # layout_of refused it
    try:
        if isinstance(file.source, InflatedSource):
            content = read_inflated(file.source, pixels.length, keep=True)
        else:
            content = file.source.read(layout.bytes)
    except EndOfFileError:
        raise truncated(file) from None
    order = "<" if file.little else ">"
    cells = np.frombuffer(content, f"{order}u{layout.allocated // 8}", layout.bytes * 8 // layout.allocated)
    if layout.allocated == 8 and not file.little and pixels.representation == "OW" and len(cells) % 2 == 0:
        cells = cells.view("<u2").byteswap().view(np.uint8)  # two cells to a big-endian word
    cells = cells.astype(cells.dtype.newbyteorder("="), copy=False)
    if layout.photometric.endswith("_422"):  # two grey values, then the two colour differences that they share
        quads = cells.reshape(-1, 4)
        grey = quads[:, :2].reshape(layout.height, layout.width)
        differences = np.repeat(quads[:, 2:], 2, axis=0).reshape(layout.height, layout.width, 2)
        return np.dstack([grey, differences])
    if layout.samples == 1:
        return cells.reshape(layout.height, layout.width)
    if layout.planar:
        return np.moveaxis(cells.reshape(3, layout.height, layout.width), 0, -1)
    return cells.reshape(layout.height, layout.width, 3)


def _frame(file: DicomFile) -> memoryview:
    """The fragments of the only frame, joined."""
    source, fragments = file.source, list[bytes]()
    if isinstance(source, InflatedSource):
        raise AnalysisError("unsupported_format", "dicom_deflated_codestream")
    item = ITEM.to_bytes(4, "big")
    item = bytes([item[1], item[0], item[3], item[2]])
    try:
        while source.peek(4) == item:
            length = int.from_bytes(source.read(8)[4:], "little")
            if len(fragments) > limits.MAX_DICOM_FRAGMENTS:
                raise AnalysisError("image_unreadable", "dicom_fragments")
            fragments.append(source.read(length))
    except EndOfFileError:
        raise truncated(file) from None
    if fragments and not begins_codestream(fragments[0][:12]):
        del fragments[0]  # the basic offset table, which some writers omit
    if not any(fragments):
        raise truncated(file)
    return memoryview(fragments[0] if len(fragments) == 1 else b"".join(fragments))


def _decode(stream: Codestream, layout: Layout) -> NDArray[Any]:
    data = bytes(stream.data)
    if stream.codec == "JPEG 2000":
        return np.asarray(imagecodecs.jpeg2k_decode(data, planar=False))
    if stream.codec == "JPEG-LS":
        return np.asarray(imagecodecs.jpegls_decode(data))
    if stream.codec == "JPEG":
        plain_colours = stream.components == 3 and (stream.lossless_jpeg or layout.photometric == "RGB")
        colours = "rgb" if plain_colours else None
        return np.asarray(imagecodecs.jpeg8_decode(data, colorspace=colours, outcolorspace=colours))
    return _run_lengths(stream.data, layout)


def _run_lengths(data: memoryview, layout: Layout) -> NDArray[Any]:
    offsets = [int(v) for v in np.frombuffer(data[:64], "<u4")[1 : 1 + layout.samples * layout.allocated // 8]]
    ends = [*offsets[1:], len(data)]
    count, size = layout.width * layout.height, layout.allocated // 8
    cells = np.zeros((count, layout.samples, size), np.uint8)
    for index, (start, end) in enumerate(zip(offsets, ends, strict=True)):
        if not 64 <= start < end <= len(data):
            raise AnalysisError("image_unreadable", "dicom_run_lengths")
        plane = imagecodecs.packbits_decode(bytes(data[start:end]), out=count + _MOST_PADDING)
        if len(plane) < count:
            raise AnalysisError("image_truncated", "dicom_run_lengths")
        cells[:, index // size, size - 1 - index % size] = np.frombuffer(plane, np.uint8, count)
    grey = cells.view(f"<u{size}")[..., 0].reshape(layout.height, layout.width, layout.samples)
    return grey[..., 0] if layout.samples == 1 else grey
