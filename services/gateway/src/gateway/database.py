"""The database: engine, sessions, and the place where the transaction of a request ends."""

import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Request
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, String, create_engine, event, make_url, text
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from gateway.errors import ProblemError
from gateway.events import Events
from gateway.postgres_connection import ImpatientConnection
from lobule.dead_peers import DEAD_AFTER_S, PROBE_EVERY_S, PROBES

T = TypeVar("T")

_READS = "lobule_reads"  # execution option of a transaction that writes nothing


def in_utc(moment: datetime) -> datetime:
    """A moment in UTC; one that names no zone is in UTC, whatever the machine's zone.

    Raises:
        ValueError: In UTC it lies before the year 1, or after the year 9999.
    """
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond the years 1 to 9999 in UTC") from error


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time in every database. SQLite does not store the zone, so it is added when a value is read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To the database, always in UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database, always aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all tables; constraints are named so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, str: String}  # noqa: RUF012 - SQLAlchemy's own convention


def split_names(names: str | list[str]) -> list[str]:
    """The names of a column that keeps several in one text."""
    return names.split() if isinstance(names, str) else names


def new_id() -> str:
    """A fresh random identifier."""
    return str(uuid.uuid4())


SQLITE_SYNCHRONOUS = "FULL"
"""A commit is on the disk when it returns: with NORMAL, a power cut takes back signatures and accepted uploads."""


CONNECT_TIMEOUT_S = 5
"""An address where nobody answers any more, such as that of a container that was replaced, holds up no request."""

_OF_POSTGRES = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "tcp_user_timeout": 1000 * DEAD_AFTER_S,
    "keepalives_idle": PROBE_EVERY_S,
    "keepalives_interval": PROBE_EVERY_S,
    "keepalives_count": PROBES,
    "client_encoding": "utf8",
}
"""Parameters of libpq: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"""

READ_ONLY = "25006"
"""PostgreSQL's code of a change that it refuses because it only reads, as a standby does."""
DISK_FULL = "53100"
"""PostgreSQL's code of a disk without space."""


def without_passwords(url: str | URL) -> str:
    """The address of a database as people and logs are shown it; libpq takes passwords as parameters, too."""
    parts = make_url(url)
    hidden = [name for name in parts.query if "password" in name]
    return parts.difference_update_query(hidden).render_as_string(hide_password=True)


def make_engine(url: str, *, impatient: bool = False) -> Engine:
    """An engine for SQLite (write-ahead log, foreign keys on, immediate transactions) or PostgreSQL.

    Args:
        url: The database.
        impatient: Whether a query fails if PostgreSQL does not answer it; see `gateway.postgres_connection`.
    """
    if not url.startswith("sqlite"):
        engine = create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, connect_args=_OF_POSTGRES)
        if impatient:
            event.listen(engine, "do_connect", _connect_impatiently)
        event.listen(engine, "before_cursor_execute", _refuse_nul)
        event.listen(engine, "handle_error", _leave_a_standby)
        return engine
    engine = create_engine(url, connect_args={"timeout": 15, "check_same_thread": False})
    event.listen(engine, "before_cursor_execute", _refuse_nul)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy's BEGIN below is the only one
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={SQLITE_SYNCHRONOUS}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A transaction that reads first and then writes would fail under contention, so writers take the lock
        # when they begin; readers take no lock and do not wait.
        reads = connection.get_execution_options().get(_READS, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _connect_impatiently(_dialect: Dialect, _record: object, given: list[Any], named: dict[str, Any]) -> object:
    return ImpatientConnection.connect(*given, **named)


def _leave_a_standby(context: ExceptionContext) -> None:
    """Take connections to a server that only reads for lost: after a failover, new ones reach the one that writes."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def only_reads_rows(connection: Connection) -> bool:
    """Whether the server refuses every change, as a standby of PostgreSQL does."""
    return connection.dialect.name == "postgresql" and connection.scalar(text("SHOW transaction_read_only")) == "on"


def _refuse_nul(_connection: Any, _cursor: Any, _statement: str, parameters: Any, _context: Any, _many: bool) -> None:
    """Refuse the character NUL in parameters of queries: PostgreSQL cannot store it.

    Raises:
        ProblemError: `invalid_request`, 422.
    """
    if _holds_nul(parameters):
        raise ProblemError(422, "invalid_request", "nul")


def _holds_nul(parameters: object) -> bool:
    """Whether a string in parameters of any nesting holds NUL: one row, a list of rows, or the rows in one sequence."""
    if isinstance(parameters, str):
        return "\0" in parameters
    if isinstance(parameters, dict):
        return any(map(_holds_nul, cast("dict[str, object]", parameters).values()))
    if isinstance(parameters, list | tuple):
        return any(map(_holds_nul, cast("Sequence[object]", parameters)))
    return False


SessionFactory = sessionmaker[Session]


AUDIT_KEY = "audit_key"
"""Where a session keeps the key of the audit log's chains, in `Session.info`."""


SIGNING_KEYS = "signing_keys"
"""Where a session keeps the keys of signed reports, in `Session.info`; a `gateway.signing_keys.SigningKeys`."""


def make_session_factory(
    engine: Engine, events: Events | None = None, audit_key: bytes | None = None, signing_keys: object = None
) -> SessionFactory:
    """Makes sessions whose objects stay readable after the commit.

    Args:
        engine: The database.
        events: Handlers of what is published in these sessions; without them, nothing can be published.
        audit_key: Links audit events; see `gateway.audit.chain`. Without it, none can be recorded.
        signing_keys: A `gateway.signing_keys.SigningKeys`. Without them, no report can be signed or served.
    """
    info = {Events.INFO_KEY: events, AUDIT_KEY: audit_key, SIGNING_KEYS: signing_keys}
    return sessionmaker(engine, expire_on_commit=False, info={name: part for name, part in info.items() if part})


@contextmanager
def reading(sessions: SessionFactory) -> Generator[Session]:
    """A session that only reads, from one consistent snapshot."""
    with sessions.begin() as session:
        session.connection(execution_options={_READS: True})
        yield session


def read(sessions: SessionFactory, query: Callable[[Session], T]) -> T:
    """The result of a query in a separate transaction, for code that waits afterwards."""
    with reading(sessions) as session:
        return query(session)


def overwrite_deleted(sessions: SessionFactory) -> bool:
    """Take deleted rows out of SQLite's write-ahead log, too; False if somebody reads an older state of it meanwhile.

    PostgreSQL overwrites them by itself after it has vacuumed the table.
    """
    engine: Engine = sessions.kw["bind"]
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        return connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    finally:
        connection.close()


def only_reading(connection: Connection) -> Connection:
    """A connection that only reads, before its transaction begins: on SQLite it keeps no writer waiting."""
    return connection.execution_options(**{_READS: True})


def only_reads(session: Session) -> bool:
    """Whether a session comes from `reading`."""
    return bool(session.connection().get_execution_options().get(_READS))


def get_session(request: Request) -> Iterator[Session]:
    """A request's session: committed when the endpoint returns, rolled back when it raises. A GET only reads."""
    sessions: SessionFactory = request.app.state.sessions
    engine: Engine = sessions.kw["bind"]
    if request.method in ("GET", "HEAD"):
        engine = engine.execution_options(**{_READS: True})
    with sessions(bind=engine) as session:
        yield session
        session.commit()


def release(session: Session) -> None:
    """Commit a request's session, and give its connection back before the object store is read.

    A slow store would otherwise keep connections from all other requests. Rows that were loaded stay readable. The next
    query begins a new transaction, so lock and check rows after this, not before.
    """
    session.commit()


# `scope="function"`: the commit happens before the response is sent, so that an accepted upload is stored.
DbSession = Annotated[Session, Depends(get_session, scope="function")]
