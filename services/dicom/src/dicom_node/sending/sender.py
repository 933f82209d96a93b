"""Sends what was made by C-STORE, with patience."""

import time
from collections.abc import Sequence
from pathlib import Path

import pydicom
import structlog
from pynetdicom.association import Association

from dicom_node import metrics
from dicom_node.journal import made
from dicom_node.journal.database import Journal
from dicom_node.journal.made import Sending
from dicom_node.loop import Loop
from dicom_node.privacy import where
from dicom_node.sending.associations import our_entity, pause_after
from dicom_node.settings import Destination, NodeSettings, parse_destinations

_WARNINGS = range(0xB000, 0xC000)
"""Statuses of objects that were stored, though not as they are."""
_EXPLICIT = "1.2.840.10008.1.2.1"
_log = structlog.get_logger()


class Sender(Loop):
    """Sends objects to every destination.

    Args:
        journal: What is to be sent.
        folder: Where it lies.
        settings: Of the node.
    """

    def __init__(self, journal: Journal, folder: Path, settings: NodeSettings) -> None:
        super().__init__("sender")
        self._journal, self._folder, self._settings = journal, folder, settings
        self._destinations = parse_destinations(settings.dicom_destinations)

    def work(self) -> None:
        """Send all that is due."""
        for destination in self._destinations:
            with self._journal.reading() as database:
                due = made.due(database, destination.ae_title, time.time())
            if due and not self.closing:
                self._send(destination, due)

    def _send(self, destination: Destination, due: Sequence[Sending]) -> None:
        entity = our_entity(self._settings)
        for sop_class in sorted({each.sop_class_uid for each in due}):
            entity.add_requested_context(sop_class, _EXPLICIT)
        association = entity.associate(destination.host, destination.port, ae_title=destination.ae_title)
        if not association.is_established:
            for each in due:
                self._failed(each, "not_connected")
            return
        accepted = {str(context.abstract_syntax) for context in association.accepted_contexts}
        try:
            for each in due:
                if each.sop_class_uid not in accepted:
                    self._failed(each, "class_not_accepted")
                elif not association.is_established:
                    self._failed(each, "not_connected")
                else:
                    self._store(association, each)
        finally:
            if association.is_established:
                association.release()

    def _store(self, association: Association, sending: Sending) -> None:
        try:
            answer = association.send_c_store(pydicom.dcmread(self._folder / f"{sending.sop_instance_uid}.dcm"))
        except Exception as error:  # noqa: BLE001 - of whatever kind; the other objects go on
            _log.error("a result could not be sent", destination=sending.destination, error=where(error))
            self._failed(sending, "object_unreadable" if isinstance(error, OSError) else "not_sent")
            return
        self._answered(sending, answer.get("Status"))

    def _answered(self, sending: Sending, status: int | None) -> None:
        if status == 0x0000 or status in _WARNINGS:
            metrics.sendings.labels("sent").inc()
            with self._journal.transaction() as database:
                made.mark_sent(database, sending)
        else:
            self._failed(sending, "no_answer" if status is None else f"status_{status:04X}")

    def _failed(self, sending: Sending, problem: str) -> None:
        metrics.sendings.labels(problem).inc()
        now = time.time()
        dead = now - sending.made_at > 3600 * self._settings.dicom_give_up_hours and sending.attempts > 0
        _log.warning("a result was not sent", destination=sending.destination, problem=problem, dead=dead)
        with self._journal.transaction() as database:
            if dead:
                made.bury(database, sending, problem)
            else:
                made.postpone(database, sending, now + pause_after(sending.attempts), problem)
