"""The command `lobule`."""

from lobule.cli.main import main

__all__ = ["main"]
