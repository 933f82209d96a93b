"""Inspects backups for data of a patient."""

import json
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any

from gateway.backup_folder import BackupError, all_rows_folders, description, rows_folder
from gateway.purge.schemas import BackupHolding
from lobule import layout
from lobule.storage.local import LocalStore


def inspect_backup(
    folder: str, patient_marks: Set[str], purged: Sequence[str], unattributed: Sequence[str] = ()
) -> BackupHolding:
    """What a backup has of a patient.

    Args:
        folder: Folder of the backup; empty if an older version made it, which did not record it.
        patient_marks: Keyed fingerprints of the PatientID, and of those merged with it, which the rows of images have.
        purged: Folders of the objects that purges of the patient deleted: a backup into the same folder keeps them,
            though its rows do not name them any more.
        unattributed: Folders of the objects that purges deleted of which this server cannot tell the patient any more.
    """
    place, keys = Path(folder), {mark.partition(":")[0] for mark in patient_marks}
    if not folder:
        return BackupHolding(folder=folder, made_at=None, state="unreachable")
    rows, certain = list[dict[str, Any]](), True
    try:
        about = description(place)
        for row in _images_of(place):
            mark = row.get("patient_id_mark")
            if mark in patient_marks:
                rows.append(row)
            certain &= "patient_id_mark" in row and (mark is None or mark.partition(":")[0] in keys)
    except (OSError, ValueError, BackupError):
        return BackupHolding(folder=folder, made_at=None, state="unreachable")
    prefixes = {*purged, *(layout.image_folder(row["id"]) for row in rows)}
    kept = LocalStore(place / "objects")
    objects = {entry.key: entry.size_bytes for prefix in prefixes for entry in kept.entries(prefix)}
    certain &= not any(entry for prefix in unattributed for entry in kept.entries(prefix))
    return BackupHolding(
        folder=folder,
        made_at=about["made_at"],
        state="holds" if rows or objects else "free" if certain else "unknown",
        images=len(rows),
        objects=len(objects),
        bytes=sum(objects.values()),
    )


def _images_of(place: Path) -> Iterator[dict[str, Any]]:
    """The rows of images in a backup, and in a later one that was interrupted, whose last line may be cut off."""
    counted = rows_folder(place)
    for folder in {counted, *all_rows_folders(place)}:
        file = folder / "images.jsonl"
        if folder != counted and not file.exists():
            continue
        with file.open() as lines:
            for line in lines:
                if folder == counted or line.endswith("\n"):
                    yield json.loads(line)
