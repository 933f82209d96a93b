"""The error of an embedded deployment that cannot start."""

from lobule.errors import SentenceError


class StartError(SentenceError):
    """The system cannot start."""

    prefix = "launcher."
