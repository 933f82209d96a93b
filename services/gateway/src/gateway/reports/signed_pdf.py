"""The PDF of a signed version with its signature, if the server has a certificate for it.

It is signed when it is first asked for, stored beside the file that the report service made, and verified each time
that it is read. The audit log says what was signed: a signed file that is missing is not made again from whatever the
object store holds by then.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.orm import Session

from gateway.audit import repository as audit
from gateway.audit.repository import AuditFilter
from gateway.audit.service import record
from gateway.database import SessionFactory, read
from gateway.errors import ProblemError
from gateway.pdf_signing import CertificateEndedError, PdfSigner, judge
from gateway.reports import repository
from gateway.streaming import StoredFile
from lobule import layout
from lobule.contracts.language import Language
from lobule.storage import ObjectNotFoundError, ObjectStore

_SIGNED = "report.sign_pdf"


@dataclass(frozen=True)
class Rendered:
    """A file that the report service made.

    Attributes:
        folder: Folder of the attempt that made it.
        file: Content in the object store.
        sha256: SHA-256 that the report service stated; None from an older version, which stated none.
    """

    folder: str
    file: StoredFile
    sha256: str | None

    def checked(self) -> StoredFile:
        """The file.

        Raises:
            ProblemError: `report_altered`, 500, if it is another one than the report service made.
        """
        if self.sha256 not in (None, self.file.sha256):
            raise ProblemError(500, "report_altered")
        return self.file


@dataclass(frozen=True)
class SignedPdf:
    """What a PDF was made of, which its signature states.

    Attributes:
        case_id: Id of the case.
        version: Number of the signed version.
        sha256: SHA-256 of the version's content, which has a signature of its own.
        language: Language of the PDF.
    """

    case_id: str
    version: int
    sha256: str
    language: Language

    @property
    def states(self) -> str:
        """What the signature states as its reason."""
        return f"Lobule report: case {self.case_id}, version {self.version}, {self.language}, content {self.sha256}"

    def read(self, sessions: SessionFactory, store: ObjectStore, signer: PdfSigner, rendered: Rendered) -> bytes | None:
        """The signed PDF, which is signed now if it was not before. None if the hash of the rendering is unknown.

        Args:
            sessions: Opens the transaction in which the signature is recorded.
            store: The object store.
            signer: Signs and verifies.
            rendered: The file that the report service made.

        Raises:
            ProblemError: `report_altered`, `signing_key_unknown`, `pdf_certificate_ended` or `report_failed`, 500.
        """
        signed = _Attempt(self, rendered.folder).stored(sessions, store)
        if signed is None:
            if rendered.sha256 is None:
                return None
            signed = self._sign(sessions, store, signer, rendered)
        state = judge(signed, self.states, signer.known)
        if state == "key_unknown":
            raise ProblemError(500, "signing_key_unknown")
        if state == "broken":
            raise ProblemError(500, "report_altered")
        return signed

    def _sign(self, sessions: SessionFactory, store: ObjectStore, signer: PdfSigner, rendered: Rendered) -> bytes:
        """Sign and store it. Nothing is locked meanwhile: of two requests that do so, the first to note it counts."""
        try:
            signed = signer.sign(b"".join(rendered.checked().pieces), self.states)
        except CertificateEndedError:
            raise ProblemError(500, "pdf_certificate_ended") from None
        except ValueError as error:
            raise ProblemError(500, "report_failed", "because", values={"problem": str(error)}) from None
        sha256 = hashlib.sha256(signed).hexdigest()
        key = layout.signed_pdf_key(rendered.folder, self.language, sha256)
        store.put(key, signed)
        with sessions.begin() as session:
            repository.lock_version(session, self.case_id, self.version)
            before = _Attempt(self, rendered.folder).signed(session)
            if not before:
                detail = {"version": self.version, "language": self.language, "certificate": signer.name}
                more = {"sha256": sha256, "folder": rendered.folder}
                record(session, None, "server", _SIGNED, "case", self.case_id, {**detail, **more})
        if not before:
            return signed
        store.delete(key)
        return _Attempt(self, rendered.folder).read(store, before)


@dataclass(frozen=True)
class _Attempt:
    """The signed file of an attempt of the report service.

    Attributes:
        pdf: The PDF's sources.
        folder: Folder of the attempt.
    """

    pdf: SignedPdf
    folder: str

    def stored(self, sessions: SessionFactory, store: ObjectStore) -> bytes | None:
        """The file; None if neither it nor that of a later attempt was signed yet.

        Raises:
            ProblemError: `report_altered`, 500, if it was signed and is missing.
        """
        with suppress(ObjectNotFoundError):  # versions before stored it under its language alone
            return store.get(layout.signed_pdf_key(self.folder, self.pdf.language))
        signed = read(sessions, self.signed)
        return self.read(store, signed) if signed else None

    def read(self, store: ObjectStore, signed: Mapping[str, str]) -> bytes:
        """The file, if it is among the signed ones.

        Raises:
            ProblemError: `report_altered`, 500.
        """
        with suppress(ObjectNotFoundError):
            if self.folder in signed:
                return store.get(layout.signed_pdf_key(self.folder, self.pdf.language, signed[self.folder]))
        raise ProblemError(500, "report_altered")

    def signed(self, session: Session) -> dict[str, str]:
        """SHA-256 of what was signed of this attempt and of later ones, by their folders, as the audit log has it.

        The first events named no folder.
        """
        work, attempt = layout.attempt_of(self.folder)
        events = audit.every(session, AuditFilter(action=_SIGNED, target_id=self.pdf.case_id))
        found: dict[str, str] = {}
        for detail in (each.detail for each in events):
            if detail["language"] == self.pdf.language and "folder" in detail:
                before, number = layout.attempt_of(detail["folder"])
                if before == work and attempt <= number:
                    found[detail["folder"]] = detail["sha256"]
        return found
