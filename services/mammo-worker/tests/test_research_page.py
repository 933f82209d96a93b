"""The commands of docs/research.md exist, with the options that the page gives them."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from mammo_worker.cli import app

PAGE = Path(__file__).parents[3] / "docs" / "research.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("mammo-worker ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_command_of_the_page_is_understood(line):
    command, words = get_command(app), shlex.split(line)[1:]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words)


def test_page_leads_from_films_to_figures():
    named = {line.split()[1] for line in COMMANDS}
    assert named == {"data", "train", "release", "predict", "evaluate", "measure-elsewhere"}
