"""Copies pictures of each format without their metadata."""

from collections.abc import Callable
from typing import BinaryIO, Protocol

from lobule.contracts.modality import Format
from lobule.imaging.metadata import jpeg, png, tiff


class Sink(Protocol):
    """Receives the bytes of the copy."""

    def write(self, data: bytes, /) -> object:
        """Append bytes."""
        ...


_COPIES: dict[Format, Callable[[BinaryIO, Sink], None]] = {
    "JPEG": jpeg.copy_without_metadata,
    "PNG": png.copy_without_metadata,
    "TIFF": tiff.copy_without_metadata,
}


def without_metadata(stream: BinaryIO, sink: Sink, file_format: Format) -> None:
    """Copy a picture without metadata. The copy of a truncated file is truncated.

    Args:
        stream: The file, which must be seekable.
        sink: Receives the copy.
        file_format: Format of the file.

    Raises:
        AnalysisError: `image_unreadable` if the file is damaged before its pixels.
    """
    stream.seek(0)
    _COPIES[file_format](stream, sink)
