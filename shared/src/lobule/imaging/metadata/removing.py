"""Copies pictures of each format without metadata."""

from collections.abc import Callable
from typing import BinaryIO, Protocol

from lobule.contracts.modality import Format
from lobule.imaging.metadata import jpeg, png, tiff


class Sink(Protocol):
    """Takes the bytes of the copy."""

    def write(self, data: bytes, /) -> object:
        """Append bytes."""
        ...


_COPIES: dict[Format, Callable[[BinaryIO, Sink], None]] = {
    "JPEG": jpeg.copy_without_metadata,
    "PNG": png.copy_without_metadata,
    "TIFF": tiff.copy_without_metadata,
}


def without_metadata(stream: BinaryIO, sink: Sink, file_format: Format) -> None:
    """Copy a picture without metadata. A file that ends early gives a copy that ends early.

    Args:
        stream: The file; seekable.
        sink: Where the copy goes.
        file_format: Of the file.

    Raises:
        AnalysisError: `image_unreadable` if the file is damaged before its pixels.
    """
    stream.seek(0)
    _COPIES[file_format](stream, sink)
