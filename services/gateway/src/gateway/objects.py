"""Deleting objects that no row of the database names any more."""

import structlog

from lobule.storage import ObjectStore

log = structlog.get_logger()


def delete_objects(store: ObjectStore, prefixes: list[str]) -> None:
    """Delete objects that no row names. If the store cannot be reached, `lobule retention run` deletes them later."""
    for prefix in prefixes:
        try:
            store.delete(prefix)
        except Exception as error:  # noqa: BLE001 - the rows are gone: to the user it is removed
            log.warning("objects_left", prefix=prefix, error=repr(error))
