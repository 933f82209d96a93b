"""Certifies that a case or an image was deleted: what the audit log says of it, and what is left."""

from gateway.clock import now
from gateway.database import SessionFactory, reading
from gateway.purge import repository
from gateway.purge.schemas import BackupNamed, DeletionCertificate
from lobule.storage import ObjectStore


def certify(sessions: SessionFactory, store: ObjectStore, target_id: str) -> DeletionCertificate | None:
    """The certificate of the last deletion of a case or an image; None if the audit log has none.

    Args:
        sessions: Opens transactions.
        store: The object store, which is searched for what is left.
        target_id: Id of the case or image. An image that was deleted with its case has the certificate of the case.
    """
    with reading(sessions) as session:
        events = repository.deletions_of(session, target_id)
        if not events:
            return None
        event = events[-1]
        target_id = event.target_id or target_id  # the case of an image that was deleted with it
        first = repository.first_told_of(session, target_id)
        left_rows = int(repository.has_row(session, target_id))
        backups = repository.backups_since(session, first or event.at)
        certificate = DeletionCertificate(
            kind="case" if event.target_type == "case" else "image",
            id=target_id,
            deleted_at=event.at,
            by=event.actor_name,
            event=event.id,
            link=event.link,
            detail={name: value for name, value in event.detail.items() if name != "prefixes"},
            checked_at=now(),
            left_rows=left_rows,
            left_objects=0,
            backups=[
                BackupNamed(made_at=each.at, folder=str(each.detail.get("folder", "")))
                for each in backups
                if each.at <= event.at
            ],
        )
        prefixes: list[str] = event.detail["prefixes"]
    left = sum(1 for prefix in prefixes for _ in store.entries(prefix))
    return certificate.model_copy(update={"left_objects": left})
