"""Signing a case: its present content becomes a numbered version that never changes."""

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.cases.models import Case
from gateway.cases.reading import check_free, signed_by
from gateway.clock import now
from gateway.errors import ProblemError
from gateway.images import repository as images
from gateway.reports import renderings, repository
from gateway.reports.content import case_content, fingerprint
from gateway.reports.models import CaseReport
from gateway.reports.schemas import CaseReportCreate, RenderingsCreate
from gateway.users.models import User
from lobule.contracts.case import Signature
from lobule.storage import ObjectStore


def sign(
    session: Session, store: ObjectStore, case: Case, said: CaseReportCreate, user: User, if_match: str | None
) -> CaseReport:
    """Write the next version, and have the report service render it in every language and form, each separately.

    Raises:
        ProblemError: `case_not_signable` or `case_claimed` (409), `case_changed` (412) or `conclusion_needed` (422).
    """
    case = cases.locked(session, case.id)
    case_service.check_unchanged(case, if_match)
    check_free(case, user)
    if case.state in ("empty", "analysing", "signed"):
        raise ProblemError(409, "case_not_signable", case.state, values={"version": case.signed_version})
    own = said.conclusion or (said.breasts.assessment if said.breasts else None)
    if own is None and case.assessment is None:
        raise ProblemError(422, "conclusion_needed")
    version, signed_at = repository.next_version(session, case.id), now()
    signature = Signature(
        version=version,
        signed_by=user.display_name,
        signed_at=signed_at,
        conclusion=own,
        comment=said.comment,
        breasts=said.breasts,
    )
    content = case_content(session, store, case, signature)
    report = CaseReport(
        case_id=case.id,
        version=version,
        case_revision=case.revision,
        signed_by_id=user.id,
        signed_by=user.display_name,
        signed_at=signed_at,
        conclusion=own,
        comment=said.comment,
        content=content.model_dump(mode="json"),
        sha256=fingerprint(content.model_dump(mode="json")),
    )
    session.add(report)
    renderings.ensure(session, report, case.owner_id, RenderingsCreate())
    images.mark_signed(session, case.id)
    case_service.signed(case, version)
    signed_by(case, user)
    session.flush()
    return report
