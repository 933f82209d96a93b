"""Stable pages of a list to which rows are added: each page begins after the last row of the previous one."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from fastapi import Request, Response
from sqlalchemy import Date, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.database import UtcDateTime, in_utc
from gateway.errors import ProblemError

Row = TypeVar("Row")
_LARGEST = 2**31 - 1  # of the integers that rows are ordered by


@dataclass(frozen=True)
class Order:
    """An order of rows without ties.

    Attributes:
        columns: The columns to order by; the last one is unique, none is null.
        descending: Whether large values come first, in all of them.
    """

    columns: tuple[InstrumentedAttribute[Any], ...]
    descending: bool = True


def page(
    session: Session, query: Select[Row], order: Order, limit: int, cursor: str | None
) -> tuple[Sequence[Row], str | None]:
    """One page and the cursor of the next.

    Args:
        session: Where to ask.
        query: Selects the rows, without order.
        order: How they are ordered.
        limit: Rows in a page.
        cursor: Where the last page ended; None for the first.

    Raises:
        ProblemError: `cursor_invalid`, 422.
    """
    if cursor is not None:
        end, key = _decode(cursor, order), tuple_(*order.columns)
        query = query.where(key < end if order.descending else key > end)
    ordered = query.order_by(*(column.desc() if order.descending else column.asc() for column in order.columns))
    rows = session.scalars(ordered.limit(limit + 1)).all()
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], _encode(rows[limit - 1], order)


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Name the next page in the `Link` header (RFC 8288), relative to the server."""
    if cursor is not None:
        address = request.url.include_query_params(cursor=cursor)
        response.headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'


def _encode(row: object, order: Order) -> str:
    values = [getattr(row, column.key) for column in order.columns]
    texts = [value.isoformat() if isinstance(value, date) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(texts).encode()).decode()


def _decode(cursor: str, order: Order) -> tuple[Any, ...]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return tuple(_read(value, column) for value, column in zip(values, order.columns, strict=True))
    except (ValueError, TypeError, binascii.Error):
        raise ProblemError(422, "cursor_invalid") from None


def _read(value: object, column: InstrumentedAttribute[Any]) -> Any:
    if isinstance(column.type, UtcDateTime):
        return in_utc(datetime.fromisoformat(str(value)))
    if isinstance(column.type, Date):
        return date.fromisoformat(str(value))
    kind = column.type.python_type
    if type(value) is not kind or "\0" in str(value).encode().decode():  # lone surrogates raise here too
        raise TypeError(f"{value!r} is no {kind.__name__}")
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise ValueError(f"{value} is larger than any row has")
    return value
