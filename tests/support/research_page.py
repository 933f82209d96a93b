"""The commands of docs/research.md, for the tests that run them at toy size."""

import re
from pathlib import Path

_PAGE = Path(__file__).parents[2] / "docs" / "research.md"


def section(title: str) -> str:
    """The text below a heading, up to the next one of its level or above."""
    text = _PAGE.read_text("utf-8")
    heading = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert heading is not None, title
    rest = text[heading.end() :]
    following = re.search(rf"^#{{1,{len(heading[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def code(text: str, language: str) -> str:
    """All code in a language, block after block."""
    return "".join(re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE))


def commands(text: str, program: str) -> list[str]:
    """The lines of a text's shell code that run a program."""
    return [line for line in code(text, "sh").splitlines() if f"{program} " in line]
