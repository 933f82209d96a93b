"""Deletes what is old: objects that were delivered, results that were sent or given up, work items that are over."""

import time
from datetime import UTC, datetime

import structlog

from dicom_node.journal import retention, work_items
from dicom_node.journal.database import Journal
from dicom_node.loop import Loop
from dicom_node.receiving.intake import Intake
from dicom_node.results.files import ResultFiles

_EVERY_S = 3600.0
LONGEST_PAUSE_S = 7 * 86400.0
"""Between two runs. After a longer one the clock may be ahead, or the node was switched off."""
_log = structlog.get_logger()


class Sweeper(Loop):
    """Deletes the objects of studies whose last delivery is long ago.

    The study itself stays in the journal, a few hundred bytes: a late film still finds its case. A clock that is years
    ahead makes every study old, so nothing is deleted if the last run was more than seven days ago, until
    `dicom-node retention-after-pause` says that the clock is right.

    Args:
        journal: The node's journal.
        intake: The intake, which stores films and results.
        days: Days after which a study's objects are deleted.
    """

    def __init__(self, journal: Journal, intake: Intake, days: float) -> None:
        super().__init__("retention")
        self._journal, self._intake, self._days = journal, intake, days
        self._results = ResultFiles(intake.results)

    def work(self) -> None:
        """Delete expired objects, study by study."""
        now = time.time()
        before = now - 86400 * self._days
        with self._journal.transaction() as database:
            last = retention.last_run(database)
            if last is not None and now - last > LONGEST_PAUSE_S:
                _log.error("retention_refused", code="clock_ahead", here=_told(now), last=_told(last))
                return
            retention.note_run(database, now)
            work_items.forget(database, before)
            due = retention.due(database, before)
        for study_uid in due:
            if self.closing:
                return
            # The files within the transaction: an object that is sent again is stored only after it has ended, so its
            # new file is not deleted. A process that ends in between leaves the rows, which are due again.
            with self._journal.transaction() as database:
                hashes, names = retention.forget(database, study_uid, before)
                for sha256 in hashes:
                    self._intake.path_of(sha256).unlink(missing_ok=True)
                for name in names:
                    self._results.delete(name)
            _log.info("study deleted for its age", objects=len(hashes), results=len(names))

    def pause(self) -> float:
        """An hour."""
        return _EVERY_S


def _told(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"
