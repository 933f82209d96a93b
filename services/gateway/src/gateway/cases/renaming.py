"""Gives a case another pseudonym."""

from sqlalchemy.orm import Session

from gateway.cases import repository, service
from gateway.cases.models import Case
from gateway.cases.reading import check_free
from gateway.users.models import User


def rename(session: Session, case: Case, pseudonym: str, user: User, if_match: str | None) -> Case:
    """Rename a case; reports show its name, so that a signed one is superseded.

    Raises:
        ProblemError: `case_claimed`, 409, or `case_changed`, 412.
    """
    case = repository.locked(session, case.id)
    service.check_unchanged(case, if_match)
    check_free(case, user)
    if pseudonym != case.pseudonym:
        case.pseudonym = pseudonym
        service.changed(case)
    return case
