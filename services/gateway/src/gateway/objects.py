"""Deletes objects that no row of the database refers to."""

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

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
    """Delete objects once the transaction that removes their rows is committed; where it is rolled back, they stay."""
    event.listen(session, "after_commit", lambda _session: delete_objects(store, prefixes), once=True)
