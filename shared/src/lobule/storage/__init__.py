"""The object store: bytes under keys, in a local folder or behind the S3 API."""

from lobule.storage.base import (
    ObjectNotFoundError,
    ObjectStore,
    ObjectWriter,
    Space,
    StoredObject,
    StoreFullError,
    StoreUnavailableError,
    is_disk_full,
)
from lobule.storage.opening import open_configured_store, open_store

__all__ = [
    "ObjectNotFoundError",
    "ObjectStore",
    "ObjectWriter",
    "Space",
    "StoreFullError",
    "StoreUnavailableError",
    "StoredObject",
    "is_disk_full",
    "open_configured_store",
    "open_store",
]
