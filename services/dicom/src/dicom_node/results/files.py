"""The files of results."""

import os
from collections.abc import Mapping, Set
from pathlib import Path

from dicom_node.journal.outgoing import Kind
from dicom_node.receiving.intake import sync_folder

_OTHERS: Mapping[Kind, str] = {"message": ".hl7", "bundle": ".json"}
"""The file extensions of results that are not DICOM."""


class ResultFiles:
    """The folder of results, with one file for each.

    Args:
        folder: Folder of the results.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, name: str, kind: Kind) -> Path:
        """The path of a result."""
        return self._folder / f"{name}{_OTHERS.get(kind, '.dcm')}"

    def sync(self, path: Path) -> None:
        """Flush a new file and its directory entry to the disk."""
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
        sync_folder(self._folder)

    def delete(self, name: str) -> None:
        """Delete a result of any kind; a missing file is no error."""
        for end in (".dcm", *_OTHERS.values()):
            (self._folder / f"{name}{end}").unlink(missing_ok=True)

    def clear(self, noted: Set[str]) -> None:
        """Delete files that are not in the journal, which a crash may leave. They were never sent."""
        for file in self._folder.iterdir():
            if file.stem not in noted:
                file.unlink()
