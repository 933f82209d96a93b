"""Uploaded images as workers read them."""

import hashlib

from lobule.errors import AnalysisError
from lobule.storage import ObjectStore


def stored_image(store: ObjectStore, key: str, sha256: str) -> bytes:
    """The stored bytes of an image.

    Args:
        store: Where they lie.
        key: Theirs.
        sha256: Of the file as it is stored, hexadecimal; the claim has it.

    Raises:
        AnalysisError: `image_unreadable` if they are not those that the gateway stored.
    """
    data = store.get(key)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise AnalysisError("image_unreadable", "stored_image")
    return data
