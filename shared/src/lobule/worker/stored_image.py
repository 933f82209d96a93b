"""Uploaded images as workers read them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from lobule.decoding.image_file import ImageFile
from lobule.errors import AnalysisError
from lobule.storage import ObjectStore


@contextmanager
def open_stored_image(store: ObjectStore, key: str, sha256: str) -> Iterator[ImageFile]:
    """Open a stored image. Reading to its end raises an error if the bytes differ from those that the gateway stored.

    Args:
        store: Store of the image.
        key: Key of the image.
        sha256: Hexadecimal hash of the stored file, from the claim.

    Raises:
        ObjectNotFoundError: There is no such image.
    """
    with store.open(key) as stream:
        yield _Checked(stream, sha256)


class _Checked:
    """A file whose content is compared with its hash at the end."""

    def __init__(self, file: ImageFile, sha256: str) -> None:
        self._file, self._sha256, self._digest = file, sha256, hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """See `ImageFile.read`.

        Raises:
            AnalysisError: `image_unreadable` at the end of other content than the expected.
        """
        content = self._file.read(size)
        self._digest.update(content)
        if (size < 0 or not content) and self._digest.hexdigest() != self._sha256:
            raise AnalysisError("image_unreadable", "stored_image")
        return content

    def seek(self, offset: int, /) -> int:
        """Start again, which is the only position that can be checked."""
        if offset:
            raise ValueError("a file that is checked is read from its start")
        self._digest = hashlib.sha256()
        return self._file.seek(0)
