"""Takes stored instances: a film becomes an image of the case of its study, with its analysis."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from gateway.cases.models import Case, Rule
from gateway.cases.opening import find_or_open
from gateway.database import SessionFactory, read
from gateway.dicomweb import repository
from gateway.errors import ProblemError
from gateway.groups import repository as groups
from gateway.groups.service import group_for_new_case
from gateway.images.identity import Fingerprints
from gateway.images.models import Image
from gateway.modalities.service import Modalities
from gateway.uploads.checks import Duplicate, OtherFilm, parse_options
from gateway.uploads.receiving import Upload
from gateway.uploads.service import UploadService
from gateway.users.models import User
from lobule.errors import AnalysisError
from lobule.imaging.dicom.file import stated_instance
from lobule.imaging.header import DicomIdentity, read_header
from lobule.storage import ObjectStore

Note = Callable[[Session, Image, dict[str, Any]], None]
_NOT_SUPPORTED, _PROCESSING, _DUPLICATE, _OUT_OF_RESOURCES, _NOT_MATCHING, _CANNOT_UNDERSTAND = (
    0x0122,
    0x0110,
    0x0111,
    0xA700,
    0xA900,
    0xC000,
)
_UNREADABLE = frozenset({"empty_file", "image_unreadable", "image_truncated"})


@dataclass(frozen=True)
class StoreOutcome:
    """What became of an instance.

    Attributes:
        sop_class_uid: SOP Class UID, if it could be read.
        sop_instance_uid: SOP Instance UID, if it could be read.
        failure: Reason for which it was not stored (DICOM PS3.18, 10.5.3); None if it was stored.
        code: Code of the problem.
    """

    sop_class_uid: str
    sop_instance_uid: str
    failure: int | None = None
    code: str | None = None


class InstanceService:
    """Stores instances.

    Args:
        sessions: Opens transactions.
        store: The object store.
        fingerprints: Makes fingerprints of studies.
        modalities: The modalities that this server knows.
        uploads: Creates images from files.
        rule: Rule of double reading for new cases; None if one person reads them.
    """

    def __init__(
        self,
        sessions: SessionFactory,
        store: ObjectStore,
        fingerprints: Fingerprints,
        modalities: Modalities,
        uploads: UploadService,
        rule: Rule | None = None,
    ) -> None:
        self._sessions, self._store, self._fingerprints = sessions, store, fingerprints
        self._modalities, self._uploads, self._rule = modalities, uploads, rule

    def keep(
        self, user: User, upload: Upload, study_uid: str | None, note: Note, token_id: str | None = None
    ) -> StoreOutcome:
        """Make a received instance an image. If it is refused, nothing of it is left but a film that is kept apart.

        Args:
            user: The user, who becomes the owner.
            upload: The received file.
            study_uid: Study that the request names; None for any.
            note: Writes to the audit log.
            token_id: Id of the API token of the request; None for a person.
        """
        identity, is_dicom, is_handed_over = DicomIdentity(), False, False
        try:
            is_dicom, identity = self._stated(upload)
            identity = self._identity(upload)
            if study_uid is not None and identity.study_instance_uid != study_uid:
                raise ProblemError(409, "invalid_request")
            mark = self._mark_of(identity)
            known = read(self._sessions, partial(self._known_case, user, mark))
            fields = {"modality": "mammography"} | ({"case_id": known} if known else {})
            options = read(self._sessions, lambda session: parse_options(session, fields, self._modalities))
            is_handed_over = True
            self._uploads.accept(
                user,
                options,
                upload,
                note,
                open_case=None if known else partial(self._open_case, user, mark),
                interactive=False,
                by_instance=True,
                token_id=token_id,
            )
        except Duplicate:
            pass  # the instance is stored already
        except OtherFilm:
            return _failed(identity, _DUPLICATE, "instance_differs")
        except BaseException as error:
            if not is_handed_over:  # then the file is of `uploads`, which may keep it although it refuses the film
                self._store.delete(upload.folder)
            if isinstance(error, AnalysisError):
                no_film = is_dicom and error.code not in _UNREADABLE
                return _failed(identity, _NOT_SUPPORTED if no_film else _CANNOT_UNDERSTAND, error.code)
            if isinstance(error, ProblemError):
                return _failed(identity, _reason_of(error.status), error.code)
            raise  # the request fails
        return StoreOutcome(identity.sop_class_uid or "", identity.sop_instance_uid or "")

    def _stated(self, upload: Upload) -> tuple[bool, DicomIdentity]:
        """Whether a file is DICOM, and the instance that it states, which the answer names even if it is refused."""
        with self._store.open(upload.object_key) as stream:
            is_dicom = stream.read(132)[128:] == b"DICM"
            sop_class_uid, sop_instance_uid = stated_instance(stream)
        return is_dicom, DicomIdentity(sop_class_uid=sop_class_uid, sop_instance_uid=sop_instance_uid)

    def _identity(self, upload: Upload) -> DicomIdentity:
        with self._store.open(upload.object_key) as stream:
            identity = read_header(stream, "mammography").dicom
        if identity is None or not identity.study_instance_uid or not identity.sop_instance_uid:
            raise AnalysisError("image_unreadable", "dicom_no_study")
        return identity

    def _mark_of(self, identity: DicomIdentity) -> str:
        """The keyed fingerprint of a study."""
        mark = self._fingerprints.of(identity).study_mark
        assert mark is not None
        return mark

    def _known_case(self, user: User, mark: str, session: Session) -> str | None:
        return repository.case_of(session, user.id, _pseudonym(mark), mark)

    def _open_case(self, user: User, mark: str, session: Session) -> str:
        """The case of a study, opened for its first film under the start of the study's fingerprint."""

        def make(session: Session) -> Case:
            case = Case(owner_id=user.id, pseudonym=_pseudonym(mark), double_reading=self._rule)
            session.add(case)
            session.flush()
            groups.share(session, case.id, group_for_new_case(session, user, None))
            return case

        return find_or_open(session, user.id, partial(self._known_case, user, mark), make)


def _pseudonym(mark: str) -> str:
    return f"STOW-{mark.partition(':')[2][:10].upper()}"


def _reason_of(status: int) -> int:
    if status in (429, 507):
        return _OUT_OF_RESOURCES
    return _NOT_MATCHING if status < 500 else _PROCESSING


def _failed(identity: DicomIdentity, reason: int, code: str) -> StoreOutcome:
    return StoreOutcome(identity.sop_class_uid or "", identity.sop_instance_uid or "", reason, code)
