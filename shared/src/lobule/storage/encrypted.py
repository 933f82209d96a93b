"""An object store with encryption: AES-256-GCM in chunks, so that objects are written as streams and read in parts.

An object consists of a header (magic bytes, id of its data key, start of its nonces) and chunks of 64 KiB, each with
its own tag. A chunk's nonce contains its number and whether it is the last one, so that chunks can be neither exchanged
nor cut off (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015); each chunk also authenticates the
object's key. Objects that were stored without encryption stay readable.
"""

import io
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lobule.storage.base import ObjectStore, ObjectWriter
from lobule.storage.keyless import MAGIC, StoreAround
from lobule.storage.keys import ID_BYTES, DataKeys
from lobule.storage.seekable import SeekableView

CHUNK, _TAG, _START = 64 * 1024, 16, 7
HEAD = len(MAGIC) + ID_BYTES + _START


class ObjectDamagedError(RuntimeError):
    """An encrypted object was changed, cut off, or moved to another key."""


class EncryptedStore(StoreAround):
    """Encrypts what is written to another store, and decrypts what is read.

    Args:
        inner: Store of the encrypted objects and wrapped keys.
        keys: The data keys.
    """

    def __init__(self, inner: ObjectStore, keys: DataKeys) -> None:
        super().__init__(inner)
        self.keys = keys

    @contextmanager
    def writer(self, key: str, *, durable: bool = True) -> Iterator[ObjectWriter]:
        """See `ObjectStore.writer`."""
        key_id, data_key = self.keys.for_writing(key)
        with self.inner.writer(key, durable=durable) as sink:
            encrypting = _Encrypting(sink, key, key_id, data_key)
            yield encrypting
            encrypting.finish()

    def put(self, key: str, data: bytes) -> None:
        """See `ObjectStore.put`."""
        with self.writer(key) as sink:
            sink.write(data)

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        """See `ObjectStore.put_all`."""
        self.inner.put_all({key: self._encrypted(key, data) for key, data in objects.items()})

    def _encrypted(self, key: str, data: bytes) -> bytes:
        sink = io.BytesIO()
        encrypting = _Encrypting(sink, key, *self.keys.for_writing(key))
        encrypting.write(data)
        encrypting.finish()
        return sink.getvalue()

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """See `ObjectStore.open`.

        Raises:
            ObjectDamagedError: The object was changed; raised while opening or reading.
        """
        with self.inner.open(key) as stream:
            head = stream.read(HEAD)
            if not head.startswith(MAGIC):
                stream.seek(0)
                yield stream
                return
            data_key = self.keys.for_reading(key, head[len(MAGIC) : len(MAGIC) + ID_BYTES])
            with io.BufferedReader(_Decrypting(stream, key, head, data_key), CHUNK) as decrypted:
                yield cast("BinaryIO", decrypted)

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`."""
        with self.open(key) as stream:
            return stream.read()

    def delete(self, prefix: str) -> None:
        """See `ObjectStore.delete`. Keys are deleted first, so that no remaining object is readable after a failure."""
        self.keys.destroy(prefix)
        self.inner.delete(prefix)


def is_encrypted(store: ObjectStore, key: str) -> bool:
    """Whether an object is encrypted; `store` must not be the encrypted view."""
    with store.open(key) as stream:
        return stream.read(len(MAGIC)) == MAGIC


class _Encrypting:
    """Encrypts what is written, one chunk behind, because the last chunk is marked."""

    def __init__(self, sink: ObjectWriter, object_key: str, key_id: bytes, data_key: bytes) -> None:
        self._sink, self._cipher, self._number = sink, AESGCM(data_key), 0
        self._start = os.urandom(_START)
        head = MAGIC + key_id + self._start
        self._associated = head + object_key.encode()
        self._waiting = bytearray()
        sink.write(head)

    def write(self, data: bytes) -> None:
        self._waiting += data
        at = 0
        while len(self._waiting) - at > CHUNK:
            self._chunk(bytes(self._waiting[at : at + CHUNK]), last=False)
            at += CHUNK
        del self._waiting[:at]

    def finish(self) -> None:
        self._chunk(bytes(self._waiting), last=True)

    def _chunk(self, content: bytes, *, last: bool) -> None:
        nonce = _nonce(self._start, self._number, last=last)
        self._sink.write(self._cipher.encrypt(nonce, content, self._associated))
        self._number += 1


class _Decrypting(SeekableView):
    """A seekable view of an encrypted object, decrypted chunk by chunk."""

    def __init__(self, stream: BinaryIO, object_key: str, head: bytes, data_key: bytes) -> None:
        self._stream, self._cipher = stream, AESGCM(data_key)
        self._start, self._associated = head[-_START:], head + object_key.encode()
        body = stream.seek(0, io.SEEK_END) - HEAD
        self._chunks = max(1, -(-body // (CHUNK + _TAG)))
        self._held = (-1, b"")
        super().__init__(max(0, body - self._chunks * _TAG))
        if body - (self._chunks - 1) * (CHUNK + _TAG) <= _TAG:  # no read would reach a last chunk without content
            self._chunk(self._chunks - 1)

    def readall(self) -> bytes:
        if self.at >= self.size:
            return b""
        number, offset = divmod(self.at, CHUNK)
        pieces = [self._chunk(each) for each in range(number, self._chunks)]
        self.at = self.size
        return b"".join(pieces)[offset:]

    def readinto(self, buffer: Any) -> int:
        number, offset = divmod(self.at, CHUNK)
        if self.at >= self.size:
            return 0
        piece = self._chunk(number)[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def _chunk(self, number: int) -> bytes:
        if self._held[0] != number:
            self._stream.seek(HEAD + number * (CHUNK + _TAG))
            sealed = self._stream.read(CHUNK + _TAG)
            nonce = _nonce(self._start, number, last=number == self._chunks - 1)
            try:
                self._held = (number, self._cipher.decrypt(nonce, sealed, self._associated))
            except (InvalidTag, ValueError):
                raise ObjectDamagedError("an encrypted object is not as it was written") from None
        return self._held[1]


def _nonce(start: bytes, number: int, *, last: bool) -> bytes:
    return start + struct.pack(">IB", number, last)
