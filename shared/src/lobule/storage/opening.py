"""Opens the object store at an address."""

import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lobule.settings import EX_CONFIG, Settings
from lobule.storage.base import ObjectStore
from lobule.storage.keyless import KeylessStore
from lobule.storage.local import LocalStore


def open_store(url: str, s3_endpoint_url: str | None = None) -> ObjectStore:
    """Open the object store at `file:///folder` or `s3://bucket/prefix`.

    Raises:
        ValueError: The address has another form.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        return LocalStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        from lobule.storage.s3 import S3Store  # boto3 is an optional dependency and slow to import

        return S3Store(parts.netloc, parts.path, s3_endpoint_url)
    raise ValueError(f"LOBULE_OBJECT_STORE_URL must be file:///folder or s3://bucket/prefix, not {url!r}")


def open_configured_store(settings: Settings) -> ObjectStore:
    """Open the object store of the settings; ends the process with advice if it cannot be used."""
    try:
        store = open_store(settings.object_store_url, settings.s3_endpoint_url)
        if settings.master_key is None:
            return KeylessStore(store)
        from lobule.storage.encrypted import EncryptedStore
        from lobule.storage.keys import DataKeys, MasterKey

        before = settings.master_key_before
        keys = DataKeys(
            store,
            MasterKey(settings.master_key.get_secret_value()),
            MasterKey(before.get_secret_value()) if before else None,
        )
        return EncryptedStore(store, keys)
    except (ValueError, OSError) as error:
        advice = ""
        if isinstance(error, PermissionError):
            advice = f" The folder, or the volume mounted there, must be writable for user {os.getuid()}."
        print(f"The object store cannot be used: {error}.{advice}", file=sys.stderr)
        sys.exit(EX_CONFIG)
