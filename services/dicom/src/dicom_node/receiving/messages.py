"""The messages of an association: how much they may hold in memory, how many may wait, and their files."""

import contextlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.pdu_primitives import P_DATA

MAX_BYTES = 2 * 1024 * 1024
"""Of a message in memory: all but the data set of a C-STORE, which is written to a file.

A request of storage commitment for 10,000 objects, with two UIDs of 64 characters each, has 1.5 MB."""
_WAITING = 2
"""Messages that may wait while another is served. No asynchronous operations are negotiated: a caller waits for each
answer before its next request."""
_INVALID = "Evt19"
"""The event of an unexpected PDU (DICOM PS3.8, 9.2): the association is aborted."""
_COMMAND, _LAST = 1, 2
"""Bits of a fragment's first byte (DICOM PS3.8, E.2)."""


class BoundedMessages(DIMSEServiceProvider):
    """Assembles the messages of one association from their fragments.

    pynetdicom keeps what it is sent: data sets of any other message than C-STORE in memory, messages that wait without
    limit, and the files of objects that no handler takes.

    Args:
        association: Whose messages they are.
        exceeded: Told what was exceeded.
    """

    def __init__(self, association: Association, exceeded: Callable[[str], None]) -> None:
        super().__init__(association)
        self._exceeded = exceeded
        self._served: Any = None

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Add fragments to the message that is being received; the association is aborted above a limit."""
        if excess := self._excess(primitive):
            self._exceeded(excess)
            self.dul.event_queue.put(_INVALID)
            return
        super().receive_primitive(primitive)

    def get_msg(self, block: bool = False) -> Any:
        """The next message. The one before has been served, so its file is deleted unless it was moved."""
        _delete(getattr(self._served, "_dataset_path", None))
        found = super().get_msg(block)
        self._served = found[1]
        return found

    def discard(self) -> None:
        """Delete the files of all messages, after the association has ended."""
        partial = getattr(self.message, "_data_set_file", None)
        if partial is not None:
            with contextlib.suppress(OSError):
                partial.close()
            _delete(Path(partial.name))
        while not self.msg_queue.empty():
            self.get_msg()
        self.get_msg()  # of what was served last

    def _excess(self, primitive: P_DATA) -> str | None:
        message = self.message or DIMSEMessage()
        held = _size(message.encoded_command_set) + _size(message.data_set)
        complete = message.context_id is not None  # its command
        for _, fragment in primitive.presentation_data_value_list:
            if not fragment or (complete and fragment[0] & _COMMAND):
                return "message_invalid"  # a second command would replace the file of the first
            complete = complete or fragment[0] & (_COMMAND | _LAST) == _COMMAND | _LAST
            held += len(fragment)
        if held > MAX_BYTES and message._data_set_file is None:
            return "message_too_large"
        return "messages_waiting" if self.msg_queue.qsize() > _WAITING else None


def _size(content: BytesIO | None) -> int:
    return content.getbuffer().nbytes if content is not None else 0


def _delete(path: Path | None) -> None:
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink()
