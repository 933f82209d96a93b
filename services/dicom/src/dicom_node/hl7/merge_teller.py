"""Tells the gateway of merged patients, in the order in which the messages came."""

from datetime import UTC, datetime

import structlog

from dicom_node.journal import merges
from dicom_node.journal.database import Journal
from dicom_node.journal.merges import ToldMerge
from dicom_node.loop import IDLE_S, Loop
from lobule.client import ApiError, Client

_LONGEST_PAUSE_S = 300.0
_OURS = frozenset({401, 403, 404, 405, 408, 425, 429})
"""Statuses below 500 that speak of the settings, the gateway's version or the moment, not of the merge."""
_log = structlog.get_logger()


class MergeTeller(Loop):
    """Tells of merges until the gateway knows them.

    Args:
        journal: The node's journal.
        client: Client of the gateway's API.
    """

    def __init__(self, journal: Journal, client: Client) -> None:
        super().__init__("merges")
        self._journal, self._client, self._failures = journal, client, 0

    def work(self) -> None:
        """Tell of all merges that wait. If one fails, those behind it wait, too: one of them may undo it."""
        with self._journal.reading() as database:
            waiting = merges.waiting(database)
        for number, merge in waiting:
            if self.closing:
                return
            try:
                state = self._tell(merge)
            except ApiError as error:
                self._failures += 1
                _log.warning("a merge waits for the gateway", code=error.code, waiting=len(waiting))
                return
            self._failures = 0
            with self._journal.transaction() as database:
                merges.settle(database, number, state)

    def pause(self) -> float:
        """The seconds until the next attempt; longer after failures."""
        return min(_LONGEST_PAUSE_S, IDLE_S * 2.0 ** min(self._failures, 6))

    def _tell(self, merge: ToldMerge) -> str:
        body = {
            "message_id": merge.message_id,
            "told_at": datetime.fromtimestamp(merge.told_at, UTC).isoformat(),
            "authority": merge.authority,
            "former": merge.former,
            "present": merge.present,
            "undone": merge.undone,
        }
        try:
            said = self._client.merge_patients(body)
        except ApiError as error:
            if 400 <= error.status < 500 and error.status not in _OURS:
                _log.error("the gateway refused a merge", code=error.code)
                return "refused"
            raise
        _log.info("merge told", undone=merge.undone, cases=said["cases"], added_films=said["added_films"])
        return "told"
