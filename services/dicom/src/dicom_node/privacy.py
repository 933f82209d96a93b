"""Keeps patients' data out of the log: libraries cite what they read in warnings, log lines and errors."""

import logging
import threading
import traceback
import warnings

import structlog


def silence_libraries() -> None:
    """Drop the warnings and log lines of the libraries that read objects; what matters of them is logged by us."""
    warnings.simplefilter("ignore")
    for library in ("pydicom", "pynetdicom", "highdicom"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    threading.excepthook = log_of_threads


def log_of_threads(arguments: threading.ExceptHookArgs) -> None:
    """Say that a thread ended with an error, in the place of Python's traceback, whose message may cite an object."""
    if arguments.exc_value is not None:
        structlog.get_logger().error("a thread ended with an error", error=where(arguments.exc_value))


def where(error: BaseException) -> str:
    """The kind of an error and where it was raised, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    return f"{type(error).__name__} in {places}"
