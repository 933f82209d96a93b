"""Signatures of reports, over the stored content.

Whoever can write to the database can replace a content together with its fingerprint, but not sign it. Versions that
were signed before reports had signatures have none: they stay readable and are said to be without.
"""

from sqlalchemy.orm import Session

from gateway.database import SIGNING_KEYS
from gateway.errors import ProblemError
from gateway.reports.content import fingerprint, stored_bytes
from gateway.reports.models import CaseReport
from gateway.signing_keys import SignatureState, SigningKeys


def keys_of(session: Session) -> SigningKeys:
    """The keys that a session was made with."""
    return session.info[SIGNING_KEYS]


def state_of(keys: SigningKeys, report: CaseReport) -> SignatureState | None:
    """The state of a version's signature; None if it has none."""
    if report.signing_key is None and report.signature is None:
        return None
    if not _is_of_its_row(report):
        return "broken"
    return keys.judge(report.signing_key or "", report.signature or "", stored_bytes(report.content))


def check(session: Session, report: CaseReport) -> None:
    """Refuse a signed version whose fingerprint or signature is not that of its content, or whose content is another's.

    Raises:
        ProblemError: `report_altered` or `signing_key_unknown`, 500.
    """
    state = state_of(keys_of(session), report)
    if state == "key_unknown":
        raise ProblemError(500, "signing_key_unknown")
    if state == "broken" or not _is_of_its_row(report) or fingerprint(report.content) != report.sha256:
        raise ProblemError(500, "report_altered")


def _is_of_its_row(report: CaseReport) -> bool:
    """Whether the content names this case and version: a signature is valid wherever its content is copied to."""
    content = report.content
    return (content["case_id"], content["signature"]["version"]) == (report.case_id, report.version)
