"""Inspects backups for data of a patient."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.purge.schemas import BackupHolding
from lobule import layout
from lobule.storage.local import LocalStore


def inspect_backup(
    folder: str, patient_mark: str, purged: Sequence[str], unattributed: Sequence[str] = ()
) -> BackupHolding:
    """What a backup has of a patient.

    Args:
        folder: Of the backup; empty if a version that noted none made it.
        patient_mark: Keyed fingerprint of the PatientID, which the rows of images have.
        purged: Folders of the objects that purges of the patient deleted: a backup into the same folder keeps them,
            though its rows do not name them any more.
        unattributed: Folders of the objects that purges deleted of which this server cannot tell the patient any more.
    """
    place, key = Path(folder), patient_mark.partition(":")[0]
    if not folder:
        return BackupHolding(folder=folder, made_at=None, state="unreachable")
    rows, certain = list[dict[str, Any]](), True
    try:
        about = json.loads((place / "backup.json").read_text())
        with (place / "rows" / "images.jsonl").open() as lines:
            for row in map(json.loads, lines):
                mark = row.get("patient_id_mark")
                if mark == patient_mark:
                    rows.append(row)
                certain &= "patient_id_mark" in row and (mark is None or mark.partition(":")[0] == key)
    except (OSError, ValueError):
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
