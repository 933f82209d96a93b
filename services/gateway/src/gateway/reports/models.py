"""Signed reports of cases."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, ForeignKey, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from gateway.clock import now
from gateway.database import Base, new_id
from lobule.contracts.case import ReportForm
from lobule.contracts.language import Language
from lobule.contracts.result import Assessment


def version_keys(case_id: str, version: int | None = None) -> str:
    """How the keys of all renderings of a signed version begin, or of all signed versions of a case."""
    return f"case:{case_id}:version:" + ("" if version is None else f"{version}:")


class CaseReport(Base):
    """One signed version. It is written once; that a later change of the case supersedes it is seen from the case."""

    __tablename__ = "case_reports"
    __table_args__ = (UniqueConstraint("case_id", "version"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    version: Mapped[int]
    case_revision: Mapped[int]
    signed_by_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    signed_by: Mapped[str] = mapped_column(String(200))  # the name as it was
    signed_at: Mapped[datetime] = mapped_column(default=now)
    conclusion: Mapped[Assessment | None] = mapped_column(String(30))  # the clinician's own
    comment: Mapped[str] = mapped_column(Text, default="")
    content: Mapped[dict[str, Any]] = mapped_column(JSON)  # a `CaseContent`: the full content of the report
    sha256: Mapped[str] = mapped_column(String(64))  # of the content
    signing_key: Mapped[str | None] = mapped_column(String(16))  # the name of its public key
    signature: Mapped[str | None] = mapped_column(String(88))  # Ed25519 over the content, base64

    def key(self, language: Language, form: ReportForm) -> str:
        """The key of its rendering in a language and form; each is rendered, fails and is retried separately."""
        return f"{version_keys(self.case_id, self.version)}{language}:{form}"


@event.listens_for(CaseReport, "before_update")
@event.listens_for(CaseReport, "before_delete")
def _refuse(_mapper: Mapper[CaseReport], _connection: Connection, report: CaseReport) -> None:
    raise AssertionError(f"a signed report never changes: version {report.version} of case {report.case_id}")
