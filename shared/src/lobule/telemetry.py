"""Structured logs: JSON lines for machines, colour for people."""

import logging
from typing import Literal

import structlog


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
        else [_for_people(coloured=handler.stream.isatty())]
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
    # Plain tracebacks: with the values of local variables they would take seconds, and write passwords into the log.
    return structlog.dev.ConsoleRenderer(colors=coloured, exception_formatter=structlog.dev.plain_traceback)


def _without_colour(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Drop uvicorn's second copy of its message, with terminal colours in it."""
    event.pop("color_message", None)
    return event
