"""Sends created objects by C-STORE, and retries."""

from collections.abc import Sequence

import pydicom
import structlog
from pynetdicom.association import Association

from dicom_node.journal.outgoing import Sending
from dicom_node.loop import Loop
from dicom_node.peers import Destination
from dicom_node.privacy import error_location
from dicom_node.results.files import ResultFiles
from dicom_node.sending.associations import our_entity, why_not_established
from dicom_node.sending.outbox import Outbox
from dicom_node.settings import NodeSettings

_WARNINGS = range(0xB000, 0xC000)
"""Statuses of objects that were stored, though not as they are."""
_THERE = 0x0111
"""Of an object that was stored before: UIDs of results are never used twice."""
_EXPLICIT, _IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
"""Results are written in the first; pynetdicom converts them if a destination accepts the second alone."""
_log = structlog.get_logger()


class Sender(Loop):
    """Sends objects to one destination; one that is slow or away delays no other.

    Args:
        destination: The system that receives the objects.
        outbox: The node's outbox.
        files: The files of results.
        settings: The node's settings.
    """

    def __init__(self, destination: Destination, outbox: Outbox, files: ResultFiles, settings: NodeSettings) -> None:
        super().__init__(f"dicom:{destination.ae_title}")
        self._destination, self._outbox, self._files, self._settings = destination, outbox, files, settings

    def work(self) -> None:
        """Send all that is due."""
        if due := self._outbox.due(self._destination.ae_title):
            self._send(due)

    def _send(self, due: Sequence[Sending]) -> None:
        destination, entity = self._destination, our_entity(self._settings)
        for sop_class in sorted({each.sop_class_uid for each in due}):
            entity.add_requested_context(sop_class, [_EXPLICIT, _IMPLICIT])
        association = entity.associate(destination.host, destination.port, ae_title=destination.ae_title)
        if not association.is_established:
            for each in due:
                self._outbox.failed(each, why_not_established(association))
            return
        accepted = {str(context.abstract_syntax) for context in association.accepted_contexts}
        try:
            for each in due:
                if each.sop_class_uid not in accepted:
                    self._outbox.failed(each, "class_not_accepted")
                elif not association.is_established:
                    self._outbox.failed(each, "not_connected")
                else:
                    self._store(association, each)
        finally:
            if association.is_established:
                association.release()

    def _store(self, association: Association, sending: Sending) -> None:
        path = self._files.path_of(sending.sop_instance_uid, sending.kind)
        try:
            answer = association.send_c_store(pydicom.dcmread(path))
        except Exception as error:  # noqa: BLE001 - of whatever kind; the other objects go on
            _log.error("a result could not be sent", destination=sending.destination, error=error_location(error))
            self._outbox.failed(sending, "object_unreadable" if isinstance(error, OSError) else "not_sent")
            return
        self._answered(sending, answer.get("Status"))

    def _answered(self, sending: Sending, status: int | None) -> None:
        if status in (0x0000, _THERE) or status in _WARNINGS:
            self._outbox.sent(sending)
        else:
            self._outbox.failed(sending, "no_answer" if status is None else f"status_{status:04X}")
