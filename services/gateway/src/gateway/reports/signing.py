"""Signing a case: its present content becomes a numbered version that never changes."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from gateway.cases import joint_reading, sheets
from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.cases.evidence import at_least_as_its_breast
from gateway.cases.examinations import examinations
from gateway.cases.models import Case
from gateway.cases.reading import check_free, signed_by
from gateway.clock import now
from gateway.errors import ProblemError
from gateway.events import publish
from gateway.images import repository as images
from gateway.jobs.queues.lanes import Requester
from gateway.reports import renderings, repository
from gateway.reports.content import ReadTogether, case_content, fingerprint, stored_bytes
from gateway.reports.events import ReportSigned
from gateway.reports.models import CaseReport
from gateway.reports.schemas import CaseReportCreate, RenderingsCreate
from gateway.reports.signatures import keys_of
from gateway.users.models import User
from lobule.contracts.breasts import BreastConclusions
from lobule.contracts.case import ReaderOfReport, Signature
from lobule.contracts.result import Assessment
from lobule.storage import ObjectStore


@dataclass(frozen=True)
class Concluded:
    """What a version states, as `lobule.contracts.case.Signature`."""

    conclusion: Assessment | None
    breasts: BreastConclusions | None
    comment: str
    readers: list[ReaderOfReport] = field(default_factory=list[ReaderOfReport])


def sign(
    session: Session, store: ObjectStore, case: Case, statement: CaseReportCreate, user: User, if_match: str | None
) -> CaseReport:
    """Write the next version, and have the report service render it in every language and form, each separately.

    Raises:
        ProblemError: As `ready_to_sign`, `read_by_two` or `not_read_together` (409), or `conclusion_needed` or
            `conclusion_contradicts` (422).
    """
    together = ReadTogether.ahead(session, store, case)
    case = ready_to_sign(session, case, user, if_match, statement)
    together.check_present(session, case)
    if case.read_twice:
        raise ProblemError(409, "read_by_two")
    check_read_together(session, case, statement)
    concluded = Concluded(own_conclusion(session, case, statement), statement.breasts, statement.comment)
    return issue(session, together, case, user, sheets.Sheets(), concluded)


def ready_to_sign(
    session: Session, case: Case, user: User, if_match: str | None, statement: CaseReportCreate | None = None
) -> Case:
    """The case, locked, if this user may sign anything of it now.

    A signed case that did not change may be signed again with another statement, such as a further comment.

    Raises:
        ProblemError: `case_not_signable`, `case_claimed` or `case_is_sample` (409), or `case_changed` (412).
    """
    case = cases.locked(session, case.id)
    sheets.check_unchanged(session, case, user, if_match)
    check_free(case, user)
    if case.state in ("empty", "analysing") or (case.state == "signed" and not _amends(session, case, statement)):
        raise ProblemError(409, "case_not_signable", case.state, values={"version": case.signed_version})
    if case.sample:
        raise ProblemError(409, "case_is_sample")
    return case


def _amends(session: Session, case: Case, statement: CaseReportCreate | None) -> bool:
    """Whether a statement is another than that of the version in force."""
    in_force = repository.version(session, case.id, case.signed_version or 0)
    if statement is None or in_force is None:
        return False
    said = in_force.content["signature"]
    breasts = statement.breasts.model_dump(mode="json") if statement.breasts else None
    own = statement.conclusion or (statement.breasts.assessment if statement.breasts else None)
    return (own, breasts, statement.comment) != (said.get("conclusion"), said.get("breasts"), said.get("comment", ""))


def check_read_together(session: Session, case: Case, statement: CaseReportCreate) -> None:
    """Refuse a report that numbers findings in another way than the signer saw.

    The joint reading numbers the lesions of both views, and pairs and compares them. While it is awaited, the signer
    has to accept a report without it, because it may wait long behind other work. One that came meanwhile has to be
    looked at first.

    Raises:
        ProblemError: `not_read_together`, 409.
    """
    state = joint_reading.state_of(session, case.id)
    accepted = "not_read_together" in statement.acknowledged
    if state in ("queued", "running") and not accepted:
        raise ProblemError(409, "not_read_together", "awaited")
    if state == "done" and accepted:
        raise ProblemError(409, "not_read_together", "finished")


def own_conclusion(session: Session, case: Case, statement: CaseReportCreate) -> Assessment | None:
    """What the signer concludes; None if they leave it to the system, which has concluded something.

    Raises:
        ProblemError: `conclusion_needed`, 422, or `conclusion_contradicts`, 422, if the statement contradicts itself
            and the comment does not say why.
    """
    breasts = statement.breasts
    own = statement.conclusion or (breasts.assessment if breasts else None)
    if own is None and case.assessment is None:
        raise ProblemError(422, "conclusion_needed")
    explained = "contradiction" in statement.acknowledged and statement.comment
    if breasts and own and not explained:
        other = own != breasts.assessment and (breasts.contradict(own) or _are_all(session, case, breasts))
        if other or breasts.contradict_themselves():
            raise ProblemError(422, "conclusion_contradicts")
    return own


def _are_all(session: Session, case: Case, breasts: BreastConclusions) -> bool:
    """Whether the current images of a case are films of the stated breasts alone, from which its conclusion follows."""
    images = [job.image for job in cases.latest_jobs(session, case.id)]
    places = examinations(images)
    current = [image for image in images if not places[image.id].is_prior]
    sides = {image.laterality if image.spec.evidence == "film" else None for image in current}
    return sides <= {side for side, _ in breasts.stated}


def issue(
    session: Session, together: ReadTogether, case: Case, user: User, shown: sheets.Sheets, concluded: Concluded
) -> CaseReport:
    """Write the next version of a case that is locked.

    Args:
        session: The transaction.
        together: What the films of the case say together.
        case: The case.
        user: Whose signature completes it.
        shown: Whose verdicts and findings it holds.
        concluded: What it states.
    """
    version, signed_at = repository.next_version(session, case.id), now()
    signature = Signature(
        version=version,
        signed_by=user.display_name,
        signed_at=signed_at,
        conclusion=concluded.conclusion,
        comment=concluded.comment,
        breasts=concluded.breasts,
        readers=concluded.readers,
    )
    shows = case_content(session, together, case, shown, signature)
    content = shows.model_dump(mode="json")
    keys = keys_of(session)
    report = CaseReport(
        case_id=case.id,
        version=version,
        case_revision=case.revision,
        signed_by_id=user.id,
        signed_by=user.display_name,
        signed_at=signed_at,
        conclusion=concluded.conclusion,
        comment=concluded.comment,
        content=content,
        sha256=fingerprint(content),
        signing_key=keys.current,
        signature=keys.sign(stored_bytes(content)),
    )
    session.add(report)
    renderings.ensure(session, report, case.owner_id, Requester(user.id, interactive=True), RenderingsCreate())
    current = {image.image_id for image in shows.images if not image.is_prior}
    said: dict[str, Assessment | None] = {
        job.image_id: at_least_as_its_breast(job).assessment for job in cases.latest_jobs(session, case.id)
    }
    images.mark_signed(session, case.id, {image_id: said[image_id] for image_id in current})
    case_service.signed(case, version, concluded.breasts)
    signed_by(case, user)
    session.flush()
    publish(session, ReportSigned(case, report))
    return report
