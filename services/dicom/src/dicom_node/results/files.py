"""The folder of what was made."""

import os
from collections.abc import Mapping, Set
from pathlib import Path

from dicom_node.journal.made import Kind
from dicom_node.receiving.intake import sync_folder

_OTHERS: Mapping[Kind, str] = {"message": ".hl7", "bundle": ".json"}
"""The ends of the names of files that are not DICOM."""


class ResultFiles:
    """Files by the names of their objects, each written through to the disk.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, name: str, kind: Kind) -> Path:
        """Where an object lies."""
        return self._folder / f"{name}{_OTHERS.get(kind, '.dcm')}"

    def sync(self, path: Path) -> None:
        """Write a file that was just made through to the disk."""
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
        sync_folder(self._folder)

    def delete(self, name: str) -> None:
        """Delete an object, of whatever kind; it is no error if there is none."""
        for end in (".dcm", *_OTHERS.values()):
            (self._folder / f"{name}{end}").unlink(missing_ok=True)

    def clear(self, noted: Set[str]) -> None:
        """Delete what is not noted: a process ended before it was, and it was sent to nobody."""
        for file in self._folder.iterdir():
            if file.stem not in noted:
                file.unlink()
