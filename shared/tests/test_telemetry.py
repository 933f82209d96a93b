"""Log lines for people: what clients choose neither steers a terminal nor begins a line."""

import logging
from io import StringIO

import pytest
import structlog

from lobule.telemetry import configure_logging

HOSTILE = "/\x1b[2J\r\n2026-11-29T10:00:00Z [info     ] forged\u202e\x9b31m"


@pytest.fixture(autouse=True)
def logging_as_before():
    root = logging.getLogger()
    handlers, level, config = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**config)
    structlog.contextvars.clear_contextvars()


@pytest.fixture(params=["console", "json"])
def lines(request):
    configure_logging("gateway", request.param)
    [handler] = logging.getLogger().handlers
    written = handler.stream = StringIO()
    return lambda: written.getvalue().splitlines()


def test_a_value_stays_in_its_line(lines):
    structlog.get_logger().info("request", path=HOSTILE, short="\x1b[31mred")
    [line] = lines()
    assert line.isprintable()
    assert "\\u001b[2J" in line
    assert "\\u001b[31mred" in line


def test_a_message_of_a_library_stays_in_its_line(lines):
    logging.getLogger("library").warning("unknown name %s", HOSTILE)
    [line] = lines()
    assert line.isprintable()
    assert "\\u001b[2J" in line


def test_a_line_of_an_error_looks_unlike_a_line_of_the_log(lines):
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        structlog.get_logger().exception("request_crashed")
    first, *rest = lines()
    assert "request_crashed" in first
    assert all(line.isprintable() for line in (first, *rest))
    assert all(line.startswith("  ") for line in rest if line)
