"""Reads the header of a stored DICOM file, and writes it in the DICOM JSON model (PS3.18, annex F)."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO

from gateway.errors import ProblemError
from lobule import limits

if TYPE_CHECKING:  # pydicom brings NumPy, so it is imported when the first file is read
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset, FileDataset

_DEFLATED = "1.2.840.10008.1.2.1.99"

_BULKY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_INLINE_BYTES = 1024
_PIXELS = 0x7FE00000
Json = dict[str, Any]


def read_header(stream: BinaryIO) -> FileDataset | Dataset:
    """A file's elements before its pixels; of an object without pixels, all. The stream stands behind them then.

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
        return pydicom.dcmread(stream, stop_before_pixels=True, force=True)
    except Exception:  # noqa: BLE001 - pydicom raises whatever a converter raises
        raise ProblemError(500, "instance_unreadable") from None


def transfer_syntax(header: Dataset) -> str:
    """The transfer syntax of a file; implicit little endian where it does not say it."""
    return str(getattr(header.file_meta, "TransferSyntaxUID", "1.2.840.10008.1.2"))


def _is_deflated(stream: BinaryIO) -> bool:
    from pydicom.filereader import _read_file_meta_info, read_preamble

    read_preamble(stream, force=True)
    meta = _read_file_meta_info(stream)
    stream.seek(0)
    return meta.get("TransferSyntaxUID") == _DEFLATED


def _inflated(stream: BinaryIO) -> Dataset:
    """The header of a deflated file: no more is inflated than a header may hold."""
    from pydicom.filereader import _read_file_meta_info, read_dataset, read_preamble

    read_preamble(stream, force=True)
    meta = _read_file_meta_info(stream)
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(stream.read(), limits.MAX_DICOM_INFLATED_HEADER)
    header = read_dataset(
        io.BytesIO(inflated),
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, _vr, _len: tag >= _PIXELS,
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
        header: Of the file.
        bulk_url: The address of the file's bulk data; the tag is added to it.
    """
    found: Json = {}
    for tag in header.keys():  # noqa: SIM118 - a data set iterates over its elements, and reads them
        element = _element(header, int(tag))
        if element is None:
            continue
        if element.VR in _BULKY and len(element.value or b"") > _INLINE_BYTES:
            found[f"{int(tag):08X}"] = {"vr": element.VR, "BulkDataURI": f"{bulk_url}/{int(tag):08X}"}
        elif (said := _said(element)) is not None:
            found[f"{int(tag):08X}"] = said
    return found


def text(header: Dataset, keyword: str) -> str:
    """The text of an element; empty where it is missing or cannot be read."""
    try:
        return str(header.get(keyword) or "").strip()
    except Exception:  # noqa: BLE001 - as above, when the value is looked at
        return ""


def _element(header: Dataset, tag: int) -> DataElement | None:
    from pydicom.tag import BaseTag

    try:
        return header.get(BaseTag(tag))
    except Exception:  # noqa: BLE001 - as above
        return None


def _said(element: DataElement) -> Json | None:
    try:
        return element.to_json_dict(None, 0)
    except Exception:  # noqa: BLE001 - as above; what cannot be written is left out
        return None


def _vr_of(tag: int) -> str:
    from pydicom.datadict import dictionary_VR

    return dictionary_VR(tag).split(" ")[0]
