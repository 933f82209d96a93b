"""The base class of streams that read an object in parts."""

import io


class SeekableView(io.RawIOBase):
    """A seekable stream of a known size; subclasses read at `at`.

    Args:
        size: Size in bytes.
    """

    def __init__(self, size: int) -> None:
        self.size, self.at = size, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See `io.IOBase.seek`."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        self.at = max(0, base + offset)
        return self.at

    def tell(self) -> int:
        """See `io.IOBase.tell`."""
        return self.at
