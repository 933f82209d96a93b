"""Frames of the Minimal Lower Layer Protocol: a message between a start block and an end block."""

import socket
import ssl
import time

START, END = b"\x0b", b"\x1c\x0d"
_PIECE = 64 * 1024


class FrameError(Exception):
    """The received bytes are no frame, too many, or late.

    Args:
        problem: Code of why.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def frame(message: bytes) -> bytes:
    """A message between its start and end block."""
    return START + message + END


class FrameReader:
    """Reads frames from a connection.

    Args:
        connection: The connection.
        most: Largest size of a message in bytes.
        timeout_s: Seconds within which a frame has to arrive.
    """

    def __init__(self, connection: socket.socket, most: int, timeout_s: float) -> None:
        self._connection, self._most, self._timeout_s = connection, most, timeout_s
        self._rest = bytearray()

    def next(self) -> bytes | None:
        """The next message; None if the connection ended before its start block.

        Raises:
            FrameError: `no_start_block`, `no_end_block`, `too_large` or `too_slow`.
        """
        deadline = time.monotonic() + self._timeout_s
        searched = 0
        while True:
            if not self._rest.startswith(START):
                self._rest = self._rest.lstrip(b"\r\n")  # which some senders write after a frame
            if self._rest and not self._rest.startswith(START):
                raise FrameError("no_start_block")
            end = self._rest.find(END, searched)
            if end >= 0:
                message = bytes(self._rest[len(START) : end])
                del self._rest[: end + len(END)]
                return message
            if len(self._rest) > self._most + len(START) + len(END):
                raise FrameError("too_large")
            searched = max(0, len(self._rest) - 1)
            piece = self._receive(deadline)
            if not piece:
                if self._rest:
                    raise FrameError("no_end_block")
                return None
            self._rest += piece

    def _receive(self, deadline: float) -> bytes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise FrameError("too_slow")
        self._connection.settimeout(left)
        try:
            return self._connection.recv(_PIECE)
        except TimeoutError:
            raise FrameError("no_end_block" if self._rest else "too_slow") from None


def connected(host: str, port: int, timeout_s: float, tls: ssl.SSLContext | None) -> socket.socket:
    """A new connection.

    Raises:
        OSError: There is none, or TLS failed.
    """
    plain = socket.create_connection((host, port), timeout_s)
    if tls is None:
        return plain
    try:
        return tls.wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise


def exchange(
    host: str, port: int, message: bytes, *, timeout_s: float, most: int, tls: ssl.SSLContext | None = None
) -> bytes:
    """Send a message over a new connection and return the answer.

    Raises:
        FrameError: No answer came.
        OSError: There is no connection.
    """
    with connected(host, port, timeout_s, tls) as connection:
        connection.sendall(frame(message))
        answer = FrameReader(connection, most, timeout_s).next()
    if answer is None:
        raise FrameError("no_answer")
    return answer
