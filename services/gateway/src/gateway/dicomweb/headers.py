"""Reads the header of a stored DICOM file, and writes it in the DICOM JSON model (PS3.18, annex F)."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from gateway.errors import ProblemError
from gateway.streaming import Extent
from lobule import limits
from lobule.imaging.dicom.source import TooMuchError

if TYPE_CHECKING:  # pydicom brings NumPy, so it is imported when the first file is read
    from pydicom.dataelem import DataElement, RawDataElement
    from pydicom.dataset import Dataset, FileDataset

_DEFLATED = "1.2.840.10008.1.2.1.99"

_BULKY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_INLINE_BYTES = 1024
_PIXELS = 0x7FE00000
_UNDEFINED = 0xFFFFFFFF
Json = dict[str, Any]


class BoundedReads:
    """A stream that pydicom may read only so much of: it makes objects of every element and item that it reads.

    Args:
        stream: That is read.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._reads, self._bytes = stream, 0, 0
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, count: int) -> bytes:
        """Read so many bytes.

        Raises:
            TooMuchError: More reads or bytes than the limits allow.
        """
        self._reads += 1
        self._bytes += count
        if self._reads > limits.MAX_DICOM_SERVED_READS or not 0 <= self._bytes <= limits.MAX_DICOM_KEPT:
            raise TooMuchError
        return self._stream.read(count)


def read_header(stream: BinaryIO) -> FileDataset | Dataset:
    """A file's elements before its pixels, or all of an object without pixels; the stream is then behind them.

    Raises:
        ProblemError: `instance_unreadable`, 500.
    """
    import pydicom
    from pydicom import config

    # What a file says is passed on as it stands. Warnings of the library would cite it in the log.
    config.settings.reading_validation_mode = config.IGNORE
    try:
        if _is_deflated(stream):
            return _inflated(stream)
        bounded = cast("BinaryIO", BoundedReads(stream))
        return pydicom.dcmread(bounded, stop_before_pixels=True, force=True, defer_size=limits.MAX_DICOM_SERVED_VALUE)
    except Exception:  # noqa: BLE001 - pydicom raises whatever a converter raises
        raise ProblemError(500, "instance_unreadable") from None


def transfer_syntax(header: Dataset) -> str:
    """The transfer syntax of a file; implicit little endian where it does not say it."""
    return str(getattr(header.file_meta, "TransferSyntaxUID", "1.2.840.10008.1.2"))


def _is_deflated(stream: BinaryIO) -> bool:
    from pydicom.filereader import _read_file_meta_info, read_preamble

    bounded = cast("BinaryIO", BoundedReads(stream))
    read_preamble(bounded, force=True)
    meta = _read_file_meta_info(bounded)
    stream.seek(0)
    return meta.get("TransferSyntaxUID") == _DEFLATED


def _inflated(stream: BinaryIO) -> Dataset:
    """The header of a deflated file; no more is inflated than the largest size of a header."""
    from pydicom.filereader import _read_file_meta_info, read_dataset, read_preamble

    read_preamble(stream, force=True)
    meta = _read_file_meta_info(stream)
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(
        stream.read(limits.MAX_DICOM_INFLATED_HEADER), limits.MAX_DICOM_INFLATED_HEADER
    )
    header = read_dataset(
        cast("BinaryIO", BoundedReads(io.BytesIO(inflated))),
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, _vr, _len: tag >= _PIXELS,
        defer_size=limits.MAX_DICOM_SERVED_VALUE,
    )
    header.file_meta = meta
    return header


def chosen(header: Dataset, tags: Iterable[int]) -> Json:
    """Some elements by tag; those that the file lacks are empty."""
    found: Json = {}
    for tag in sorted(set(tags)):
        element = _element(header, tag)
        said = None if element is None else _said(element)
        found[f"{tag:08X}"] = said if said is not None else {"vr": _vr_of(tag)}
    return found


def everything(header: Dataset, bulk_url: str) -> Json:
    """All elements; large binary ones as the address that they are retrieved from.

    Args:
        header: Header of the file.
        bulk_url: Address of the file's bulk data, to which the tag is added.
    """
    found: Json = {}
    for tag in header.keys():  # noqa: SIM118 - a data set iterates over its elements, and reads them
        if is_long(header, int(tag)):  # not read; only binary ones have an address
            representation = header.get_item(tag, keep_deferred=True).VR or _vr_of(int(tag))
            if representation in _BULKY:
                found[f"{int(tag):08X}"] = {"vr": representation, "BulkDataURI": f"{bulk_url}/{int(tag):08X}"}
            continue
        element = _element(header, int(tag))
        if element is None:
            continue
        if element.VR in _BULKY and len(element.value or b"") > _INLINE_BYTES:
            found[f"{int(tag):08X}"] = {"vr": element.VR, "BulkDataURI": f"{bulk_url}/{int(tag):08X}"}
        elif (said := _said(element)) is not None:
            found[f"{int(tag):08X}"] = said
    return found


def text(header: Dataset, keyword: str) -> str:
    """The text of an element; empty if it is missing, very long or cannot be read."""
    from pydicom.datadict import tag_for_keyword

    try:
        if is_long(header, tag_for_keyword(keyword) or 0):
            return ""
        return str(header.get(keyword) or "").strip()
    except Exception:  # noqa: BLE001 - as above, when the value is looked at
        return ""


def number(header: Dataset, keyword: str) -> int | None:
    """The whole number, from 0, of an element; None if it is missing or no such number."""
    said = text(header, keyword)
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 10 else None


def is_long(header: Dataset, tag: int) -> bool:
    """Whether an element's value was passed over because of its length."""
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import BaseTag

    raw = header.get_item(BaseTag(tag), keep_deferred=True) if tag in header else None
    return isinstance(raw, RawDataElement) and raw.value is None and raw.length > 0


def value_of(stream: BinaryIO, header: Dataset, tag: int) -> bytes | Extent | None:
    """The bytes of an element of the file itself; None if there is none, or no binary one.

    Args:
        stream: The file.
        header: Header of the file.
        tag: Tag of the element.
    """
    from pydicom.tag import BaseTag

    if is_long(header, tag):
        raw = cast("RawDataElement", header.get_item(BaseTag(tag), keep_deferred=True))
        if transfer_syntax(header) == _DEFLATED:  # the stream is not what was read
            return None
        if raw.length == _UNDEFINED or (raw.VR or _vr_of(tag)) not in _BULKY:
            return None
        held = stream.seek(0, 2) - raw.value_tell
        return Extent(raw.value_tell, max(0, min(raw.length, held)))
    element = _element(header, tag)
    return element.value if element is not None and isinstance(element.value, bytes) else None


def _element(header: Dataset, tag: int) -> DataElement | None:
    from pydicom.tag import BaseTag

    try:
        if is_long(header, tag):
            return None
        return header.get(BaseTag(tag))
    except Exception:  # noqa: BLE001 - as above
        return None


def _said(element: DataElement) -> Json | None:
    try:
        said = element.to_json_dict(None, 0)
        json.dumps(said, allow_nan=False)
        return said
    except Exception:  # noqa: BLE001 - as above; what cannot be written is left out
        return None


def _vr_of(tag: int) -> str:
    from pydicom.datadict import dictionary_VR

    return dictionary_VR(tag).split(" ")[0]
