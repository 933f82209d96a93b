"""What programs say in a terminal: its language, and what to do about a full disk."""

import os

from lobule.contracts.language import Language
from lobule.storage import is_disk_full
from lobule.words import Words


def words() -> Words:
    """The sentences in the terminal's language: Chinese if its locale is Chinese, otherwise English."""
    named = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    language: Language = "zh" if named.startswith("zh") else "en"
    return Words(language)


def said_of(error: Exception) -> str:
    """The error in a line; if a disk is full, also what to do."""
    return words()("cli.disk_full", reason=error) if is_disk_full(error) else str(error)
