"""Limits for callers and for those who are called: the size of a PDU and of an object, and the duration of a PDU.

pynetdicom reads whatever length a PDU announces, and waits for it without end.
"""

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

MAX_PDU_BYTES = 256 * 1024
_ABORT = b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x00"
"""An A-ABORT PDU of the service provider (DICOM PS3.8, 9.3.8)."""
_SLACK = 64 * 1024
"""A-ASSOCIATE PDUs are not bound by the negotiated length; no honest one is larger than this."""


class BoundedReader:
    """Reads from the connection of one association.

    Args:
        connection: Connection of the association.
        max_pdu: Largest size of a PDU in bytes.
        max_object: Largest size of a message, command and data set together, in bytes.
        timeout_s: Timeout of each read in seconds.
        exceeded: Called with the name of a limit that was exceeded.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        max_pdu: int,
        max_object: int,
        timeout_s: float,
        exceeded: Callable[[str], None],
    ) -> None:
        self._connection, self._exceeded = connection, exceeded
        self._max_pdu, self._max_object, self._timeout_s = max_pdu, max_object, timeout_s
        self._read = 0

    def next_message(self, _event: Any = None) -> None:
        """Reset the counter after a complete message."""
        self._read = 0

    def recv(self, size: int) -> bytearray:
        """Receive exactly this many bytes, or fewer if the connection ends.

        Raises:
            OSError: If a bound is exceeded. The association is aborted then.
        """
        self._read += size
        if size > self._max_pdu + _SLACK:
            self._abort("pdu_too_large")
        if self._read > self._max_object + _SLACK:
            self._abort("object_too_large")
        deadline = time.monotonic() + self._timeout_s
        content = bytearray(size)
        view, done = memoryview(content), 0
        while done < size:
            if time.monotonic() > deadline:
                self._abort("too_slow")
            count = self._connection.recv_into(view[done:])
            if not count:
                view.release()
                return content[:done]
            done += count
        view.release()
        return content

    def _abort(self, why: str) -> None:
        self._exceeded(why)
        with contextlib.suppress(OSError):
            self._connection.sendall(_ABORT)
            self._connection.shutdown(socket.SHUT_RDWR)
        raise OSError(f"the association was aborted: {why}")
