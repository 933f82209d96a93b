"""The PDF of a signed version with its signature, if the server has a certificate for it.

It is signed when it is first asked for, stored beside the file that the report service made, and verified each time
that it is read. The audit log says what was signed: a signed file that is missing is not made again from whatever the
object store holds by then.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.orm import Session

from gateway.audit import repository as audit
from gateway.audit.repository import AuditFilter
from gateway.audit.service import record
from gateway.database import SessionFactory
from gateway.errors import ProblemError
from gateway.pdf_signing import CertificateEndedError, PdfSigner, judge
from gateway.reports import repository
from lobule import layout
from lobule.contracts.language import Language
from lobule.storage import ObjectNotFoundError, ObjectStore

_SIGNED = "report.sign_pdf"


@dataclass(frozen=True)
class Rendered:
    """A file that the report service made.

    Attributes:
        folder: Of the attempt that made it.
        content: As it lies in the object store.
        sha256: As the report service said it; None from one of a version that said none.
    """

    folder: str
    content: bytes
    sha256: str | None

    def checked(self) -> bytes:
        """The content.

        Raises:
            ProblemError: `report_altered`, 500, if it is another one than the report service made.
        """
        if self.sha256 not in (None, hashlib.sha256(self.content).hexdigest()):
            raise ProblemError(500, "report_altered")
        return self.content


@dataclass(frozen=True)
class SignedPdf:
    """What a PDF was made of, which its signature states.

    Attributes:
        case_id: Of the version.
        version: Its number.
        sha256: Of its content, which has a signature of its own.
        language: Of the PDF.
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
        """The signed PDF; it is signed now if it was not before. None if nobody said what was rendered.

        Args:
            sessions: For the transaction that a signature is noted in.
            store: The object store.
            signer: Signs and verifies.
            rendered: What the report service made.

        Raises:
            ProblemError: `report_altered`, `signing_key_unknown`, `pdf_certificate_ended` or `report_failed`, 500.
        """
        key = layout.signed_pdf_key(rendered.folder, self.language)
        try:
            signed = store.get(key)
        except ObjectNotFoundError:
            signed = self._sign(sessions, store, signer, rendered)
        if signed is None:
            return None
        state = judge(signed, self.states, signer.known)
        if state == "key_unknown":
            raise ProblemError(500, "signing_key_unknown")
        if state == "broken":
            raise ProblemError(500, "report_altered")
        return signed

    def _sign(
        self, sessions: SessionFactory, store: ObjectStore, signer: PdfSigner, rendered: Rendered
    ) -> bytes | None:
        folder = rendered.folder
        key = layout.signed_pdf_key(folder, self.language)
        with sessions.begin() as session:
            repository.lock_version(session, self.case_id, self.version)
            with suppress(ObjectNotFoundError):  # another request has signed it meanwhile
                return store.get(key)
            if self._was_signed(session, folder):
                raise ProblemError(500, "report_altered")
            if rendered.sha256 is None:
                return None
            try:
                signed = signer.sign(rendered.checked(), self.states)
            except CertificateEndedError:
                raise ProblemError(500, "pdf_certificate_ended") from None
            except ValueError as error:
                raise ProblemError(500, "report_failed", "because", values={"problem": str(error)}) from None
            store.put(key, signed)
            detail = {"version": self.version, "language": self.language, "certificate": signer.name}
            more = {"sha256": hashlib.sha256(signed).hexdigest(), "folder": folder}
            record(session, None, "server", _SIGNED, "case", self.case_id, {**detail, **more})
        return signed

    def _was_signed(self, session: Session, folder: str) -> bool:
        """Whether the PDF of this attempt, or of a later one, was signed before; the first events named no folder."""
        work, attempt = layout.attempt_of(folder)
        events = audit.every(session, AuditFilter(action=_SIGNED, target_id=self.case_id))
        folders = [e.detail["folder"] for e in events if e.detail["language"] == self.language and "folder" in e.detail]
        return any(work == before and attempt <= number for before, number in map(layout.attempt_of, folders))
