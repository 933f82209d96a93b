"""Deletes objects that no row of the database refers to."""

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from lobule.storage import ObjectStore

log = structlog.get_logger()


def delete_objects(store: ObjectStore, prefixes: list[str]) -> None:
    """Delete objects that no row names. If the store cannot be reached, `lobule retention run` deletes them later."""
    for prefix in prefixes:
        try:
            store.delete(prefix)
        except Exception as error:  # noqa: BLE001 - the rows are gone: to the user it is removed
            log.warning("objects_left", prefix=prefix, error=repr(error))


def delete_after_commit(session: Session, store: ObjectStore, prefixes: list[str]) -> None:
    """Delete objects once the transaction that removes their rows is committed; where it is rolled back, they stay.

    The transaction has ended by then, and its connection is given back.
    """

    def delete(_session: Session, _transaction: SessionTransaction) -> None:
        delete_objects(store, prefixes)

    def committed(_session: Session) -> None:
        event.listen(session, "after_transaction_end", delete, once=True)

    event.listen(session, "after_commit", committed, once=True)
