"""Applies the policy for names to DICOM files as they come in, and reads them with their identity if it is kept."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from sqlalchemy.orm import Session

from gateway.database import SessionFactory, read
from gateway.images.identity import Fingerprints
from gateway.names import repository
from gateway.names.cipher import IdentityCipher, pseudonym_of
from gateway.names.models import KeptIdentity
from gateway.settings import GatewaySettings
from gateway.streaming import Extent, RewoundPieces, part_of, pieces_of
from lobule import layout
from lobule.contracts.modality import Format
from lobule.imaging.dicom.deidentify import Replaced, deidentify, restored
from lobule.imaging.dicom.retained import Scope
from lobule.imaging.dicom.vocabulary import Tag
from lobule.imaging.header import DicomIdentity
from lobule.imaging.metadata import without_metadata
from lobule.storage import ObjectStore, ObjectWriter


@dataclass(frozen=True)
class StoredFile:
    """A file as it is stored.

    Attributes:
        sha256: SHA-256 of the file, hexadecimal.
        size_bytes: Size of the file.
        identity: The removed identity, encrypted; None if it is not kept.
    """

    sha256: str
    size_bytes: int
    identity: KeptIdentity | None


class NamePolicy:
    """The policy of this server.

    Args:
        settings: The policy and its key.
        prints: Gives the UIDs that replace others, and by how many days dates are shifted.
    """

    def __init__(self, settings: GatewaySettings, prints: Fingerprints) -> None:
        self._policy, self._prints = settings.names, prints
        self._key = settings.names_key.get_secret_value() if settings.names_key else ""
        self._cipher = IdentityCipher(self._key) if self._key else None

    def deidentify(self, store: ObjectStore, key: str, scope: Scope, identity: DicomIdentity) -> StoredFile:
        """De-identify a received DICOM file; the new file takes its place in the store.

        Args:
            store: The object store.
            key: Key of the file.
            scope: Kind of the object.
            identity: Identity in the file's header.

        Raises:
            AnalysisError: `image_unreadable` if the file cannot be read.
        """
        with store.open(key) as stream, store.writer(key) as sink:
            counted = _Counted(sink)
            replaced = deidentify(
                stream,
                counted,
                scope,
                self._prints.new_uid,
                days=self._prints.days(identity),
                pseudonym=self._pseudonym(identity),
            )
        return StoredFile(counted.digest.hexdigest(), counted.size, self._kept(key, replaced))

    def remove_metadata(self, store: ObjectStore, key: str, file_format: Format) -> StoredFile:
        """Take the metadata out of a received picture, with every policy; the new file takes its place in the store.

        Raises:
            AnalysisError: `image_unreadable` if the file is damaged before its pixels.
        """
        with store.open(key) as stream, store.writer(key) as sink:
            counted = _Counted(sink)
            without_metadata(stream, counted, file_format)
        return StoredFile(counted.digest.hexdigest(), counted.size, None)

    def replaced_in(self, session: Session, key: str) -> Replaced | None:
        """The identity that was removed from a file; None if it was not kept."""
        kept = repository.find(session, key)
        return None if kept is None else self.decrypt(kept)

    def decrypt(self, kept: KeptIdentity) -> Replaced | None:
        """A kept identity; None if the key is missing or another one."""
        return None if self._cipher is None else self._cipher.decrypt(kept.sealed, kept.object_key)

    def seal(self, identifier: str, place: str) -> str | None:
        """Encrypt the identifier of a patient that is kept for a row; None if identities are not kept."""
        if self._policy != "keep" or self._cipher is None:
            return None
        return self._cipher.encrypt(Replaced({Tag.PATIENT_ID: identifier.encode()}), place)

    def unseal(self, sealed: str, place: str) -> str | None:
        """An identifier of `seal`; None if the key is missing or another one."""
        found = None if self._cipher is None else self._cipher.decrypt(sealed, place)
        return None if found is None else found.values[Tag.PATIENT_ID].decode()

    def _pseudonym(self, identity: DicomIdentity) -> str:
        person = self._prints.person_of(identity) if self._policy == "pseudonymise" else ""
        return pseudonym_of(self._key, person) if person else ""

    def _kept(self, key: str, replaced: Replaced) -> KeptIdentity | None:
        if self._policy != "keep" or self._cipher is None:
            return None
        place = layout.place_of(key)
        return KeptIdentity(
            object_key=key,
            image_id=place.id if place.owner == "images" else None,
            instance_id=place.id if place.owner == "instances" else None,
            sealed=self._cipher.encrypt(replaced, key),
        )


class RestoringStore:
    """Reads DICOM files with the identities that were kept of them.

    Args:
        store: The object store.
        sessions: Sessions of the database.
        names: Opens them.
    """

    def __init__(self, store: ObjectStore, sessions: SessionFactory, names: NamePolicy) -> None:
        self._store, self._sessions, self._names = store, sessions, names

    def pieces(self, key: str, extent: Extent | None = None) -> Iterator[bytes]:
        """The bytes of a file, or of a part of it."""
        replaced = self._replaced(key)
        if replaced is None:
            yield from pieces_of(self._store, key, extent)
            return
        with self._store.open(key) as stream:
            yield from part_of(restored(stream, _scope(key), replaced), extent)

    @contextmanager
    def open_header(self, key: str) -> Iterator[BinaryIO]:
        """A file that ends before its pixels."""
        replaced = self._replaced(key)
        with self._store.open(key) as stream:
            if replaced is None:
                yield stream
                return
            header = RewoundPieces(lambda: restored(stream, _scope(key), replaced, pixels=False))
            yield cast("BinaryIO", header)

    def _replaced(self, key: str) -> Replaced | None:
        return read(self._sessions, lambda session: self._names.replaced_in(session, key))


def _scope(key: str) -> Scope:
    return "film" if layout.place_of(key).owner == "images" else "result"


class _Counted:
    """Passes bytes on to an object, and counts and hashes them."""

    def __init__(self, sink: ObjectWriter) -> None:
        self._sink, self.digest, self.size = sink, hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        self._sink.write(data)
        self.digest.update(data)
        self.size += len(data)
