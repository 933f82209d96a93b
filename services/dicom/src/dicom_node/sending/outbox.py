"""The outbox: due objects, and the outcome of each attempt to send one."""

import time
from abc import abstractmethod
from collections.abc import Sequence

import structlog

from dicom_node import metrics
from dicom_node.journal import outgoing
from dicom_node.journal.database import Journal
from dicom_node.journal.outgoing import Sending
from dicom_node.loop import Loop
from dicom_node.privacy import error_location
from dicom_node.sending.associations import pause_after

_log = structlog.get_logger()


class NotDeliveredError(Exception):
    """An object did not reach its recipient.

    Args:
        problem: Code of why.
        for_good: Whether another try could not help.
    """

    def __init__(self, problem: str, *, for_good: bool = False) -> None:
        super().__init__(problem)
        self.problem, self.for_good = problem, for_good


class Outbox:
    """The sendings of the journal.

    Args:
        journal: The node's journal.
        give_up_hours: Hours of failures after which an object is given up.
    """

    def __init__(self, journal: Journal, give_up_hours: float) -> None:
        self._journal, self._give_up_hours = journal, give_up_hours

    def due(self, recipient: str) -> Sequence[Sending]:
        """The objects that are due for a recipient."""
        with self._journal.reading() as database:
            return outgoing.due(database, recipient, time.time())

    def sent(self, sending: Sending) -> None:
        """Record that an object was delivered."""
        metrics.sendings.labels("sent").inc()
        with self._journal.transaction() as database:
            outgoing.mark_sent(database, sending)

    def failed(self, sending: Sending, problem: str, *, for_good: bool = False) -> None:
        """Record a failed attempt; the object is tried again later, or is dead."""
        metrics.sendings.labels(problem).inc()
        now = time.time()
        dead = for_good or (now - sending.asked_at > 3600 * self._give_up_hours and sending.attempts > 0)
        _log.warning("a result was not sent", destination=sending.destination, problem=problem, dead=dead)
        with self._journal.transaction() as database:
            if dead:
                outgoing.give_up(database, sending, problem)
            else:
                outgoing.postpone(database, sending, now + pause_after(sending.attempts), problem)


class Courier(Loop):
    """Sends due objects to one recipient, one after the other.

    Args:
        recipient: Name of the recipient in the journal.
        outbox: The node's outbox.
    """

    def __init__(self, recipient: str, outbox: Outbox) -> None:
        super().__init__(recipient)
        self._recipient, self._outbox = recipient, outbox

    @abstractmethod
    def deliver(self, sending: Sending) -> None:
        """Send one object.

        Raises:
            NotDeliveredError: It did not arrive.
        """

    def work(self) -> None:
        """Send everything that is due."""
        for sending in self._outbox.due(self._recipient):
            if self.closing:
                return
            try:
                self.deliver(sending)
            except NotDeliveredError as error:
                self._outbox.failed(sending, error.problem, for_good=error.for_good)
            except Exception as error:  # noqa: BLE001 - of whatever kind; the others go on
                _log.error("a result could not be sent", destination=sending.destination, error=error_location(error))
                self._outbox.failed(sending, "object_unreadable" if isinstance(error, OSError) else "not_sent")
            else:
                self._outbox.sent(sending)
