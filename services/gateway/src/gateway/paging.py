"""Stable pages of a list to which rows are added: each page begins after the last row of the previous one."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, TypeVar, cast

from fastapi import Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from sqlalchemy import Date, Select, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.database import UtcDateTime, in_utc
from gateway.errors import ProblemError

Row = TypeVar("Row")
Value = TypeVar("Value")
UtcTime = Annotated[AwareDatetime, AfterValidator(in_utc)]
"""A time in a query, with its offset from UTC."""


def _without_empty(values: Any) -> Any:
    """A form sends `state=` for "any"."""
    return [value for value in cast("list[object]", values) if value != ""] if isinstance(values, list) else values


Several = Annotated[list[Value], BeforeValidator(_without_empty), Query(description="any of these; may be repeated")]
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
        session: The transaction.
        query: Selects the rows, without order.
        order: How they are ordered.
        limit: Rows in a page.
        cursor: End of the previous page; None for the first.

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


def count(session: Session, query: Select[Any]) -> int:
    """How many rows a query selects."""
    return session.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one()


def created_between(
    query: Select[Row], column: InstrumentedAttribute[datetime], since: datetime | None, until: datetime | None
) -> Select[Row]:
    """The rows of a query from a time on, and before another; None does not restrict."""
    if since is not None:
        query = query.where(column >= since)
    return query if until is None else query.where(column < until)


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
