"""Data keys of the encrypted store, each wrapped by the master key (envelope encryption).

A data key belongs to one image, job or instance, whose keys are in a separate folder: deleting that folder makes every
copy of the objects unreadable, including those in backups. Each writing process creates its own data key, so that
processes need not agree on one.
"""

import hmac
import os
from contextlib import suppress
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lobule import layout
from lobule.storage.base import ObjectNotFoundError, ObjectStore, StoreUnavailableError

KEY_BYTES, ID_BYTES, _NONCE_BYTES, _NAME_BYTES = 32, 16, 12, 8
_REMEMBERED = 4096


class MasterKey:
    """A master key.

    Args:
        secret: Secret from which the key is derived; at least 32 characters.
    """

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(hmac.digest(secret.encode(), b"lobule master key", "sha256"))
        self.name = hmac.digest(secret.encode(), b"name of the master key", "sha256")[:_NAME_BYTES]

    def wrap(self, key: bytes, place: str) -> bytes:
        """Wrap a data key for storage: the master key's name, a nonce, and the encrypted key."""
        nonce = os.urandom(_NONCE_BYTES)
        return self.name + nonce + self._cipher.encrypt(nonce, key, place.encode())

    def unwrap(self, wrapped: bytes, place: str) -> bytes | None:
        """Unwrap a data key; None if another master key wrapped it, or it was changed."""
        nonce = wrapped[_NAME_BYTES : _NAME_BYTES + _NONCE_BYTES]
        try:
            return self._cipher.decrypt(nonce, wrapped[_NAME_BYTES + _NONCE_BYTES :], place.encode())
        except (InvalidTag, ValueError):  # a `ValueError` if it was cut off within the nonce
            return None


class DataKeys:
    """Creates, finds and destroys data keys.

    Args:
        store: Store of the wrapped keys.
        master: Wraps new keys.
        before: Previous master key, for data keys that are not rewrapped yet.
    """

    def __init__(self, store: ObjectStore, master: MasterKey, before: MasterKey | None = None) -> None:
        self._store, self._master, self._before = store, master, before
        self._of_writers: dict[str, tuple[bytes, bytes]] = {}
        self._found = lru_cache(_REMEMBERED)(self._find)

    def for_writing(self, object_key: str) -> tuple[bytes, bytes]:
        """The id of a data key for a new object, and the key itself."""
        place = layout.key_folder(object_key)
        known = self._of_writers.get(place)
        if known is not None and self._is_there(place, known[0]):
            return known
        key_id, key = os.urandom(ID_BYTES), AESGCM.generate_key(8 * KEY_BYTES)
        where = layout.file_key(place, key_id.hex())
        self._store.put(where, self._master.wrap(key, where))
        if len(self._of_writers) >= _REMEMBERED:
            self._of_writers.clear()
        self._of_writers[place] = (key_id, key)
        return key_id, key

    def for_reading(self, object_key: str, key_id: bytes) -> bytes:
        """The data key of an object.

        Raises:
            ObjectNotFoundError: The key was destroyed, so the object counts as deleted.
            StoreUnavailableError: Another master key wrapped it.
        """
        return self._found(layout.file_key(layout.key_folder(object_key), key_id.hex()))

    def destroy(self, prefix: str) -> None:
        """Destroy the keys of everything below a prefix, if it contains whole folders of `layout`."""
        place = layout.key_folder(prefix)
        if layout.is_whole(prefix):
            self._store.delete(place)
            self._of_writers.clear()
            self._found.cache_clear()

    def fit(self) -> bool | None:
        """Whether the master keys open the data keys, judged by one of them; None if there is none."""
        for entry in self._store.entries(layout.KEYS):
            with suppress(ObjectNotFoundError):  # the key was destroyed in the meantime
                wrapped = self._store.get(entry.key)
                masters = (self._master, self._before)
                return any(each.unwrap(wrapped, entry.key) is not None for each in masters if each is not None)
        return None

    def wrap_anew(self) -> tuple[int, int]:
        """Rewrap all data keys with the current master key; returns how many succeeded and how many failed."""
        done = failed = 0
        for entry in self._store.entries(layout.KEYS):
            try:
                wrapped = self._store.get(entry.key)
            except ObjectNotFoundError:  # the key was destroyed in the meantime
                continue
            if wrapped[:_NAME_BYTES] == self._master.name:
                continue
            key = self._before.unwrap(wrapped, entry.key) if self._before else None
            if key is None:
                failed += 1
                continue
            self._store.put(entry.key, self._master.wrap(key, entry.key))
            done += 1
        return done, failed

    def _is_there(self, place: str, key_id: bytes) -> bool:
        try:
            with self._store.open(layout.file_key(place, key_id.hex())):
                return True
        except ObjectNotFoundError:
            return False

    def _find(self, where: str) -> bytes:
        wrapped = self._store.get(where)
        for master in (self._master, self._before):
            key = master.unwrap(wrapped, where) if master is not None else None
            if key is not None:
                return key
        raise StoreUnavailableError("a data key was wrapped by another master key (LOBULE_MASTER_KEY_FILE)")
