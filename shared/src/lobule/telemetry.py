"""Structured logs: JSON lines for machines, colour for people."""

import logging
from io import StringIO
from typing import Any, Literal, TextIO

import structlog

from lobule.one_line import shown_in_one_line


def configure_logging(service: str, log_format: Literal["json", "console"] = "json", level: str = "INFO") -> None:
    """Send structlog and the standard library's logging through one renderer to standard error.

    Args:
        service: Bound to every line.
        log_format: `json` for machines, `console` for people.
        level: Lowest level shown.
    """
    handler = logging.StreamHandler()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _without_colour,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [_escaped, _for_people(coloured=handler.stream.isatty())]
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in (
        "httpx",
        "httpcore",
        "botocore",
        "urllib3",
        "celery.worker.strategy",
        "celery.app.trace",
        "amqp",
        "alembic.runtime.migration",  # two lines for each look at the revision, so for each probe
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)


def _for_people(*, coloured: bool) -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=coloured, exception_formatter=_traceback)


def _traceback(stream: TextIO, exception: structlog.typing.ExcInfo) -> None:
    """Write a plain traceback, indented, so that a line of an error's message does not look like a line of the log.

    With the values of local variables it would take seconds, and contain passwords.
    """
    written = StringIO()
    structlog.dev.plain_traceback(written, exception)
    lines = (shown_in_one_line(line) for line in written.getvalue().split("\n"))
    stream.write("\n".join(f"  {line}" if line else "" for line in lines))


def _escaped(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Escape what steers a terminal or begins a line: clients choose paths, names and parts of messages."""
    return {name: _in_one_line(value) for name, value in event.items()}


def _in_one_line(value: Any) -> Any:
    return shown_in_one_line(value) if isinstance(value, str) else value


def _without_colour(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Drop uvicorn's second copy of its message, with terminal colours in it."""
    event.pop("color_message", None)
    return event
