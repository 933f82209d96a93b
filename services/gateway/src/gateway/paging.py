"""Pages of a list, newest first, that stay stable while new rows come in."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.errors import ProblemError

Row = TypeVar("Row")


def page(
    session: Session,
    query: Select[Row],
    created_at: InstrumentedAttribute[datetime],
    row_id: InstrumentedAttribute[str],
    limit: int,
    cursor: str | None,
) -> tuple[Sequence[Row], str | None]:
    """One page and the cursor of the next.

    Args:
        session: Where to ask.
        query: Selects the rows, without order.
        created_at: Column to order by, newest first.
        row_id: Breaks ties.
        limit: Rows in a page.
        cursor: Where the last page ended; None for the first.

    Raises:
        ProblemError: `cursor_invalid`, 422.
    """
    if cursor is not None:
        query = query.where(tuple_(created_at, row_id) < _decode(cursor))
    rows = session.scalars(query.order_by(created_at.desc(), row_id.desc()).limit(limit + 1)).all()
    if len(rows) <= limit:
        return rows, None
    last: Any = rows[limit - 1]
    return rows[:limit], _encode(getattr(last, created_at.key), getattr(last, row_id.key))


def _encode(at: datetime, row_id: str) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{row_id}".encode()).decode()


def _decode(cursor: str) -> tuple[datetime, str]:
    try:
        at, _, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return datetime.fromisoformat(at), row_id
    except (ValueError, binascii.Error):
        raise ProblemError(
            422, "cursor_invalid", "This cursor is not one that we gave. Please start at the first page."
        ) from None
