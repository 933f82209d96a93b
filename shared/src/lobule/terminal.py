"""What programs say in a terminal: its language, and what to do about a full disk."""

import os

from lobule.contracts.language import LANGUAGES, Language
from lobule.storage import is_disk_full
from lobule.words import Words


def words() -> Words:
    """The sentences in the language of the terminal's locale; in English if there are none."""
    named = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    known: Language | None = next((language for language in LANGUAGES if named.startswith(language)), None)
    return Words(known or "en")


def said_of(error: Exception) -> str:
    """The error in a line; if a disk is full, also what to do."""
    return words()("cli.disk_full", reason=error) if is_disk_full(error) else str(error)
