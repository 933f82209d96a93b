"""Opens a case for the first of its films, in the transaction that adds the film: without it, there is no case."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from gateway.cases import service
from gateway.cases.models import Case
from gateway.users.repository import lock_user


def find_or_open(
    session: Session, user_id: str, find: Callable[[Session], str | None], make: Callable[[Session], Case]
) -> str:
    """The id of a user's case, which is opened unless there is one by now.

    Args:
        session: The transaction. Of two that open the case at once, the second one waits for the end of the first.
        user_id: The owner.
        find: Finds the case.
        make: Makes it.
    """
    with session.begin_nested() as place:
        lock_user(session, user_id)
        known = find(session)
        if known is not None:
            place.rollback()  # gives the lock back: who has locked the case may wait for it
            return known
        case = make(session)
        session.add(case)
        session.flush()
        service.refresh(session, case.id)
        return case.id
