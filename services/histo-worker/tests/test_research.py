"""The `histo-worker` commands of docs/research.md are commands that there are, with options that there are."""

import re
import shlex
from pathlib import Path

import typer.main

from histo_worker.cli import app

PAGE = Path(__file__).parents[3] / "docs" / "research.md"


def commands() -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines() if "histo-worker " in line]
    return [shlex.split(line.partition("histo-worker ")[2]) for line in lines]


def test_every_command_of_the_page_is_understood():
    found = commands()
    assert {words[0] for words in found} == {"data", "train", "evaluate", "predict"}
    for words in found:
        command, name, rest = typer.main.get_command(app), words[0], words[1:]
        while (inner := getattr(command, "commands", {}).get(name)) is not None:
            command = inner
            if not getattr(command, "commands", None):
                break
            name, rest = rest[0], rest[1:]
        assert not getattr(command, "commands", None), words
        command.make_context(words[0], rest)  # raises where an option or an argument does not fit
