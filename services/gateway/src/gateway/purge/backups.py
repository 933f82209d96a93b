"""Looks into backups for what they still have of a patient."""

import json
from collections.abc import Sequence
from pathlib import Path

from gateway.purge.schemas import BackupHolding
from lobule import layout
from lobule.storage.local import LocalStore


def look_into(folder: Path, patient_mark: str, purged: Sequence[str]) -> BackupHolding:
    """What a backup has of a patient.

    Args:
        folder: Of the backup.
        patient_mark: Keyed fingerprint of the PatientID, which the rows of images have.
        purged: Folders of the objects that purges of the patient deleted: a backup into the same folder keeps them,
            though its rows do not name them any more.
    """
    try:
        about = json.loads((folder / "backup.json").read_text())
        with (folder / "rows" / "images.jsonl").open() as lines:
            rows = [row for row in map(json.loads, lines) if row.get("patient_id_mark") == patient_mark]
    except (OSError, ValueError):
        return BackupHolding(folder=str(folder), made_at=None, state="unreachable")
    prefixes = {*purged, *(layout.image_folder(row["id"]) for row in rows)}
    kept = LocalStore(folder / "objects")
    objects = {entry.key: entry.size_bytes for prefix in prefixes for entry in kept.entries(prefix)}
    return BackupHolding(
        folder=str(folder),
        made_at=about["made_at"],
        state="holds" if rows or objects else "free",
        images=len(rows),
        objects=len(objects),
        bytes=sum(objects.values()),
    )
