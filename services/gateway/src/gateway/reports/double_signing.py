"""Signing a case that two people read: each signs a read; the report follows from both, or from the arbiter's."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from gateway.cases import reads, repository, service, sheets
from gateway.cases.agreement import Disagreement, ReaderConclusions, combined, disagreements
from gateway.cases.examinations import examinations
from gateway.cases.models import BOTH, Case, SignedRead
from gateway.cases.repositories.reads import standing
from gateway.clock import now
from gateway.errors import ProblemError
from gateway.reports.content import ReadTogether, case_content, fingerprint
from gateway.reports.models import CaseReport
from gateway.reports.schemas import CaseReportCreate
from gateway.reports.signing import Concluded, check_read_together, issue, own_conclusion, ready_to_sign
from gateway.users.models import User
from lobule.contracts.case import CaseContent, ReaderOfReport, ReadRole, Signature
from lobule.contracts.result import Laterality
from lobule.storage import ObjectStore


@dataclass(frozen=True)
class Outcome:
    """What a signature led to.

    Attributes:
        read: What was signed.
        report: The version that it completed; None if another reader is waited for.
    """

    read: SignedRead
    report: CaseReport | None


def sign_read(
    session: Session, store: ObjectStore, case: Case, statement: CaseReportCreate, user: User, if_match: str | None
) -> Outcome:
    """Sign the read of the first or second reader. The second one issues the report where both agree.

    Raises:
        ProblemError: `already_read`, `reads_complete`, `read_by_one` or as `signing.ready_to_sign` (409),
            `not_read_together` (409), `case_changed` (412), `breasts_needed` or `conclusion_needed` (422), or
            `forbidden` (403).
    """
    together = ReadTogether.ahead(session, store, case)
    case = _ready(session, case, user, if_match)
    together.check_present(session, case)
    if not case.blind:
        raise ProblemError(409, "reads_complete")
    read = _write(session, together, case, statement, user, "second" if case.reads else "first")
    service.reads_changed(case, case.reads + 1)
    return Outcome(read, None if case.blind else _report_of_both(session, together, case, user))


def arbitrate(
    session: Session, store: ObjectStore, case: Case, statement: CaseReportCreate, user: User, if_match: str | None
) -> Outcome:
    """Settle what two readers disagree on, as a third person, and issue the report.

    Raises:
        ProblemError: `already_read`, `no_disagreement`, `read_by_one` or as `signing.ready_to_sign` (409),
            `not_read_together` (409), `case_changed` (412), `breasts_needed` or `conclusion_needed` (422), or
            `forbidden` (403).
    """
    together = ReadTogether.ahead(session, store, case)
    case = _ready(session, case, user, if_match)
    together.check_present(session, case)
    if case.state != "arbitration":
        raise ProblemError(409, "no_disagreement")
    read = _write(session, together, case, statement, user, "arbiter")
    service.reads_changed(case, case.reads)
    signature = signature_of(read)
    readers = [as_reader(each) for each in standing(session, case)]
    concluded = Concluded(signature.conclusion, signature.breasts, signature.comment, readers)
    return Outcome(read, _issue(session, together, case, user, concluded))


def withdraw(session: Session, case: Case, user: User) -> SignedRead:
    """Withdraw one's own signed read, which the other reader has not seen; it may be signed again.

    Raises:
        ProblemError: `nothing_to_withdraw`, 409.
    """
    case = repository.locked(session, case.id)
    read = reads.of_user(session, case, user)
    if read is None or not case.blind:
        raise ProblemError(409, "nothing_to_withdraw")
    read.withdrawn_at = now()
    reader = case.reader_id, case.reader, case.reading_since
    service.reads_changed(case, 0)
    case.reader_id, case.reader, case.reading_since = reader  # somebody may be reading it meanwhile
    return read


def begin_anew(session: Session, case: Case, user: User) -> Case:
    """Supersede the signed reads of a case, so that both read it again.

    Raises:
        ProblemError: `forbidden`, 403.
    """
    case = repository.locked(session, case.id)
    if not reads.may_begin_anew(session, case, user):
        raise ProblemError(403, "forbidden", "begin_anew")
    service.supersede_reads(case)
    service.reads_changed(case, 0)
    return case


def differences(session: Session, case: Case) -> list[Disagreement]:
    """What the two readers of a case disagree on; nothing while one of them has not signed."""
    signed = standing(session, case)
    if case.double_reading is None or len(signed) < BOTH:
        return []
    return disagreements(_stated(signed[0]), _stated(signed[1]), case.double_reading)


def signature_of(read: SignedRead) -> Signature:
    """What a reader stated in a read."""
    signature = CaseContent.model_validate(read.content).signature
    assert signature is not None, "a read is signed"
    return signature


def as_reader(read: SignedRead) -> ReaderOfReport:
    """A read as the report names it."""
    signature = signature_of(read)
    return ReaderOfReport(
        role=read.role,
        name=read.reader,
        signed_at=read.signed_at,
        conclusion=signature.conclusion,
        breasts=signature.breasts,
        comment=read.comment,
    )


def _ready(session: Session, case: Case, user: User, if_match: str | None) -> Case:
    case = ready_to_sign(session, case, user, if_match)
    if not case.read_twice:
        raise ProblemError(409, "read_by_one")
    reads.check_may_read(session, case, user)
    return case


def _write(
    session: Session, together: ReadTogether, case: Case, statement: CaseReportCreate, user: User, role: ReadRole
) -> SignedRead:
    """The case as its reader had marked it, with what they stated of it."""
    check_read_together(session, case, statement)
    lacking = _sides(session, case) - {side for side, _ in (statement.breasts.stated if statement.breasts else ())}
    if lacking:
        raise ProblemError(422, "breasts_needed", "sides", values={"sides": sorted(lacking)})
    conclusion = own_conclusion(session, case, statement)
    if conclusion is None:  # films without a side: the conclusion is all that can be compared
        raise ProblemError(422, "conclusion_needed")
    signed_at = now()
    signature = Signature(
        version=(case.signed_version or 0) + 1,
        signed_by=user.display_name,
        signed_at=signed_at,
        conclusion=conclusion,
        comment=statement.comment,
        breasts=statement.breasts,
    )
    seen = sheets.sheets_of(session, case, user)
    content = case_content(session, together, case, seen, signature).model_dump(mode="json")
    read = SignedRead(
        case_id=case.id,
        round=case.read_round,
        role=role,
        reader_id=user.id,
        reader=user.display_name,
        signed_at=signed_at,
        content=content,
        sha256=fingerprint(content),
        comment=statement.comment,
    )
    session.add(read)
    session.flush()
    return read


def _sides(session: Session, case: Case) -> set[Laterality]:
    """The breasts of which the case has a film of the newest examination."""
    images = [job.image for job in repository.latest_jobs(session, case.id)]
    places = examinations(images)
    films = [image for image in images if image.spec.evidence == "film" and not places[image.id].is_prior]
    return {image.laterality for image in films if image.laterality}


def _report_of_both(session: Session, together: ReadTogether, case: Case, user: User) -> CaseReport | None:
    """The report of two readers who agree; None if they do not."""
    if differences(session, case):
        return None
    first, second = standing(session, case)
    stated = combined(_stated(first), _stated(second))
    comments = dict.fromkeys(f"{read.reader}: {read.comment}" for read in (first, second) if read.comment)
    readers = [as_reader(first), as_reader(second)]
    concluded = Concluded(stated.conclusion, stated.breasts, "\n".join(comments), readers)
    return _issue(session, together, case, user, concluded)


def _stated(read: SignedRead) -> ReaderConclusions:
    signature = signature_of(read)
    assert signature.conclusion is not None, "a read states a conclusion"
    return ReaderConclusions(signature.breasts, signature.conclusion)


def _issue(session: Session, together: ReadTogether, case: Case, user: User, concluded: Concluded) -> CaseReport:
    shown = sheets.sheets_of(session, case, user)
    report = issue(session, together, case, user, shown, concluded)
    case.reader = ", ".join(reader.name for reader in concluded.readers)[:200]
    return report
