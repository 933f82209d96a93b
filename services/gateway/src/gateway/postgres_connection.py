"""Connections to PostgreSQL that do not wait for ever.

A server that is frozen, as by a paused virtual machine or a disk that hangs, keeps its connections alive: its kernel
acknowledges packets, so no timeout of TCP ends a query that it never answers.
"""

from typing import TypeVar

import psycopg
from psycopg.abc import PQGen

T = TypeVar("T")

ANSWER_WITHIN_S = 60.0
"""Longer than any query of a request takes. Migrations and commands may take longer, and wait without a limit."""


class ImpatientConnection(psycopg.Connection):
    """A connection that closes when the server has not answered in time."""

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """See `psycopg.Connection.wait`.

        Raises:
            OperationalError: There is no answer. What the server makes of a commit is then not known.
        """
        try:
            return super().wait(gen, interval, ANSWER_WITHIN_S if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:  # it has no public name
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {ANSWER_WITHIN_S:.0f} seconds") from None
