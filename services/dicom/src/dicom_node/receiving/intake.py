"""Stores received objects: an object is checked, written to disk and journalled before success is returned."""

import hashlib
import os
import shutil
import sqlite3
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from dicom_node.journal import outgoing, received, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.received import Received
from dicom_node.receiving.rules import judge, refuse_class
from dicom_node.routing import Routing
from dicom_node.statuses import Answer, Status
from lobule.contracts.case import HANGINGS
from lobule.errors import AnalysisError
from lobule.imaging.dicom.digest import film_digest
from lobule.imaging.header import DicomIdentity, read_header
from lobule.storage import is_disk_full

_PIECE = 1024 * 1024
_GROUP_LENGTH = struct.Struct("<8sI")  # of the file meta information: header and value of its first element
_LENGTH_HEADER = b"\2\0\0\0UL\4\0"
_BEFORE = 132  # preamble and `DICM`
_PATIENT = ("patient_id", "patient_id_issuer", "patient_name", "patient_birth_date")
_OURS = Answer(Status.NOT_A_FILM, "Lobule made this object itself.")
_DISK_SHORT = Answer(Status.OUT_OF_RESOURCES, "There is no room for the object.")


class Intake:
    """Stores objects in a folder.

    The folder has three parts: `incoming` for what is being received, `objects` for what is kept, each by the hash of
    its data set, and `results` for what is made of it. What lies in `objects` and not in the journal was never answered
    with success.

    Args:
        folder: Folder of objects and journal, on one file system.
        journal: The node's journal.
        reserve_bytes: Free space of the disk below which objects are refused.
        quiet_s: Seconds for which a study without four views waits for further objects.
        quiet_by_ae: The same by the AE title that sent the last object.
        complete: Called when a study becomes complete.
        routing: The rules of the site.
    """

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        *,
        reserve_bytes: int,
        quiet_s: float,
        complete: Callable[[], None],
        routing: Routing,
        quiet_by_ae: Mapping[str, float] | None = None,
    ) -> None:
        self._journal, self._reserve_bytes, self._quiet_s, self._complete = journal, reserve_bytes, quiet_s, complete
        self._routing, self._quiet_by_ae = routing, quiet_by_ae or {}
        self.incoming, self.objects, self.results = (folder / part for part in ("incoming", "objects", "results"))
        for part in (self.incoming, self.objects, self.results):
            part.mkdir(parents=True, exist_ok=True)
        self._clear()

    def path_of(self, sha256: str) -> Path:
        """The path of the object with this hash."""
        return self.objects / f"{sha256}.dcm"

    def free_bytes(self) -> int:
        """Free space of the disk."""
        return shutil.disk_usage(self.objects).free

    def has_room(self) -> bool:
        """Whether there is enough free space to store objects."""
        return self.free_bytes() >= self._reserve_bytes

    def keep(self, file: Path, sop_class_uid: str, sop_instance_uid: str, calling_ae: str) -> Answer:
        """Store a received file; it is moved into the folder if it is accepted.

        Args:
            file: File in `incoming`: preamble, file meta information and data set.
            sop_class_uid: SOP class that the sender named.
            sop_instance_uid: SOP Instance UID that the sender named.
            calling_ae: AE title of the sender.
        """
        if refused := refuse_class(sop_class_uid):
            return refused
        if not self.has_room():
            return _DISK_SHORT
        try:
            sha256, file_sha256, size = _hash(file)
            identity = judge(file, sop_class_uid, sop_instance_uid, calling_ae, self._routing)
            if isinstance(identity, Answer):
                return identity
            if self._is_ours(sop_instance_uid):
                return _OURS
            if known := self._known(identity, sha256, file):
                return known
            self._store(file, sha256)
        except OSError as error:
            if is_disk_full(error):
                return _DISK_SHORT
            raise
        return self._note(identity, sha256, file_sha256, size, calling_ae)

    def _is_ours(self, sop_instance_uid: str) -> bool:
        with self._journal.reading() as database:
            return outgoing.is_own(database, sop_instance_uid)

    def _known(self, identity: DicomIdentity, sha256: str, file: Path) -> Answer | None:
        """The answer to an object of a UID that was received before, which may have come in another encoding."""
        assert identity.sop_instance_uid
        with self._journal.reading() as database:
            before = received.find(database, identity.sop_instance_uid)
        if before is None:
            return None
        if before.sha256 == sha256 or _is_same_film(self.path_of(before.sha256), file):
            return Answer(Status.SUCCESS)
        return Answer(Status.DUPLICATE_INSTANCE, _what_differs(self.path_of(before.sha256), identity))

    def _store(self, file: Path, sha256: str) -> None:
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
        file.rename(self.path_of(sha256))
        sync_folder(self.objects)

    def _note(self, identity: DicomIdentity, sha256: str, file_sha256: str, size: int, calling_ae: str) -> Answer:
        assert identity.sop_instance_uid
        assert identity.sop_class_uid
        assert identity.study_instance_uid
        now = time.time()
        study = identity.study_instance_uid
        hanging = f"{identity.laterality}{identity.view}"
        new = Received(
            sop_instance_uid=identity.sop_instance_uid,
            sop_class_uid=identity.sop_class_uid,
            study_uid=study,
            sha256=sha256,
            file_sha256=file_sha256,
            size_bytes=size,
            hanging=hanging if hanging in HANGINGS else None,
            calling_ae=calling_ae,
            received_at=now,
        )
        try:
            with self._journal.transaction() as database:
                studies.note_arrival(database, study, now, now + self._quiet_by_ae.get(calling_ae, self._quiet_s))
                received.add(database, new)
                whole = is_complete(received.of_study(database, study))
                if whole:
                    studies.note_arrival(database, study, now, now)
        except sqlite3.IntegrityError:  # the same object came over two associations at the same moment
            known = self._known(identity, sha256, self.path_of(sha256))
            assert known is not None
            return known
        if whole:
            self._complete()
        return Answer(Status.SUCCESS)

    def _clear(self) -> None:
        """Delete incomplete files of a process that was killed; none of them was answered with success."""
        with self._journal.reading() as database:
            noted = received.hashes(database)
        for file in self.incoming.iterdir():
            file.unlink()
        for file in self.objects.iterdir():
            if file.stem not in noted:
                file.unlink()


def is_complete(objects: Sequence[Received]) -> bool:
    """Whether the objects include all four screening views."""
    return {each.hanging for each in objects if each.state != "refused"} >= set(HANGINGS)


def _hash(file: Path) -> tuple[str, str, int]:
    """The hashes of a file's data set and of the whole file, and its size in bytes.

    The file meta information before the data set is ours: it differs where the same object comes again. In a file that
    a server sent, it may not state its length; then it counts as part of the data set.
    """
    with file.open("rb") as stream:
        start = stream.read(_BEFORE + _GROUP_LENGTH.size)
        header, length = _GROUP_LENGTH.unpack_from(start.ljust(_BEFORE + _GROUP_LENGTH.size, b"\0"), _BEFORE)
        if header == _LENGTH_HEADER:
            start += stream.read(length)
        else:
            stream.seek(0)
            start = b""
        data, whole = hashlib.sha256(), hashlib.sha256(start)
        while piece := stream.read(_PIECE):
            data.update(piece)
            whole.update(piece)
        return data.hexdigest(), whole.hexdigest(), stream.tell()


def _is_same_film(one: Path, other: Path) -> bool:
    try:
        with one.open("rb") as first, other.open("rb") as second:
            return film_digest(first) == film_digest(second)
    except (AnalysisError, FileNotFoundError):  # not to be read, or deleted by retention at this moment
        return False


def _what_differs(before: Path, identity: DicomIdentity) -> str:
    """What to look for at the sender: a correction of the patient needs another way than a UID that is used twice."""
    with suppress(AnalysisError, FileNotFoundError):
        former = read_header(before, "mammography").dicom
        if former is not None and any(getattr(former, each) != getattr(identity, each) for each in _PATIENT):
            return "This UID was received before, of another patient."
    return "Another object of this UID was received before."


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
