"""Reads the answers of systems that speak HTTP, within limits on their size and on the time that they take."""

import time
from collections.abc import Iterator

import httpx

from lobule.limits import MIN_BODY_BYTES_PER_S


class AnswerError(Exception):
    """An answer exceeds a limit.

    Args:
        problem: Code of which: `answer_too_large` or `answer_too_slow`.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def pieces_of(answer: httpx.Response, most: int, grace_s: float) -> Iterator[bytes]:
    """The body of an answer in pieces.

    The time limits of httpx hold for each read; a body that drips would never end.

    Args:
        answer: Whose body was not read yet.
        most: Bytes that it may have.
        grace_s: Seconds that it may take, in addition to those that its bytes take at the lowest rate that is allowed.

    Raises:
        AnswerError: It has more bytes, or takes longer.
        httpx.HTTPError: The connection failed.
    """
    began, size = time.monotonic(), 0
    for piece in answer.iter_bytes():
        size += len(piece)
        if size > most:
            raise AnswerError("answer_too_large")
        if time.monotonic() - began > grace_s + size / MIN_BODY_BYTES_PER_S:
            raise AnswerError("answer_too_slow")
        yield piece
