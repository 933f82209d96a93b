"""Sends signed reports as HL7 v2 messages over MLLP."""

from dicom_node.hl7.heading import Recipient, addressed, control_id
from dicom_node.hl7.mllp import FrameError, exchange
from dicom_node.hl7.syntax import MOST_BYTES, SyntaxProblem, parse_loosely
from dicom_node.journal.outgoing import Sending
from dicom_node.peers import MessagePlace
from dicom_node.results.files import ResultFiles
from dicom_node.sending.outbox import Courier, NotDeliveredError, Outbox
from dicom_node.settings import NodeSettings
from dicom_node.tls import connection_problem, message_context

_TAKEN, _REFUSED = frozenset({"AA", "CA"}), frozenset({"AE", "AR", "CE", "CR"})
"""Codes of acknowledgments, HL7 table 0008."""


class MessageCourier(Courier):
    """Sends messages to one system.

    Args:
        place: Address of the system.
        files: The messages.
        outbox: The node's outbox.
        settings: The node's settings.
    """

    def __init__(self, place: MessagePlace, files: ResultFiles, outbox: Outbox, settings: NodeSettings) -> None:
        super().__init__(place.recipient, outbox)
        self._place, self._files, self._timeout_s = place, files, settings.dicom_timeout_s
        self._tls = message_context(settings) if place.is_tls else None

    def deliver(self, sending: Sending) -> None:
        """Send one message and check its acknowledgment."""
        made = self._files.path_of(sending.sop_instance_uid, sending.kind).read_bytes()
        message = addressed(made, Recipient(self._place.application))
        place, timeout_s, tls = self._place, self._timeout_s, self._tls and self._tls.get()
        try:
            answer = exchange(place.host, place.port, message, timeout_s=timeout_s, most=MOST_BYTES, tls=tls)
        except FrameError as error:
            raise NotDeliveredError(error.problem) from None
        except OSError as error:
            raise NotDeliveredError(connection_problem(error)) from None
        try:
            acknowledgment = parse_loosely(answer)
        except SyntaxProblem:
            raise NotDeliveredError("answer_unreadable") from None
        code = acknowledgment.value("MSA", 1)
        if acknowledgment.value("MSA", 2) != control_id(sending.sop_instance_uid):
            raise NotDeliveredError("answer_to_another_message")
        if code not in _TAKEN:
            raise NotDeliveredError(f"refused_{code}" if code in _REFUSED else "answer_unreadable")
