"""Uploaded images as workers read them."""

import hashlib

from lobule.errors import AnalysisError
from lobule.storage import ObjectStore


def read_stored_image(store: ObjectStore, key: str, sha256: str) -> bytes:
    """Read the stored bytes of an image.

    Args:
        store: Store of the image.
        key: Key of the image.
        sha256: Hexadecimal hash of the stored file, from the claim.

    Raises:
        AnalysisError: `image_unreadable` if the bytes differ from those that the gateway stored.
    """
    data = store.get(key)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise AnalysisError("image_unreadable", "stored_image")
    return data
