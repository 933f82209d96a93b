"""The files that are decoded, as their readers see them."""

from typing import Protocol

PIECE_BYTES = 8 << 20
"""The most that is read at once: an object store behind S3 answers each piece with a request of its own."""


class ImageFile(Protocol):
    """A file that is open for reading in binary mode, such as an object of the store, or `io.BytesIO`."""

    def read(self, size: int = ..., /) -> bytes:
        """Read up to this number of bytes; fewer only at the end, and none after it. Without a number, read the rest.

        Raises:
            AnalysisError: The content is not that of the image.
        """
        ...

    def seek(self, offset: int, /) -> int:
        """Continue at this position."""
        ...
