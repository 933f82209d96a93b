"""Keeps patients' data out of the log, because libraries quote it in warnings, log lines and errors."""

import logging
import threading
import traceback
import warnings

import httpx
import structlog


def silence_libraries() -> None:
    """Drop the warnings and log lines of the libraries that read objects; the node logs what matters itself."""
    warnings.simplefilter("ignore")
    for library in ("pydicom", "pynetdicom", "highdicom"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    threading.excepthook = log_of_threads


def log_of_threads(arguments: threading.ExceptHookArgs) -> None:
    """Log the error of a thread without its message, which may quote an object, in place of Python's traceback."""
    if arguments.exc_value is not None:
        structlog.get_logger().error("a thread ended with an error", error=error_location(arguments.exc_value))


def error_location(error: BaseException) -> str:
    """The type of an error and the place where it was raised, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    return f"{type(error).__name__} in {places}"


def without_password(url: str) -> str:
    """An address without the name and the password that it may hold."""
    return str(httpx.URL(url).copy_with(username=None, password=None))
