"""The keys of the reading page: handlers, tooltips and help are made from one table.

That the page's script knows each act of the table, and no other, is held by the script itself when a page starts.
"""

import re
from html import unescape
from itertools import chain

import pytest

from gateway.portal.shortcuts import SHORTCUTS, key_table


@pytest.fixture
def reading(portal, client, alice):
    """The markup of a reading page."""
    case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-KEYS"}).json()["id"]
    return unescape(portal.get(f"/cases/{case}").text)


def test_no_key_does_two_things():
    named = [key for shortcut in chain(*SHORTCUTS.values()) for key in shortcut.keys]
    assert len(named) == len(set(named)) > 50
    assert sum(map(len, key_table().values())) == len(named)


def test_the_help_names_each_key(portal):
    page = unescape(portal.get("/help").text)
    help_of = page[page.index('<dl class="keys">') :]
    for line in SHORTCUTS.values():
        for shortcut in (line[0], line[-1]):
            assert f"<kbd>{shortcut.cap}</kbd>" in help_of


def test_each_tooltip_names_the_key_of_its_button(reading):
    caps = {shortcut.act: shortcut.cap.replace("⇧", "Shift") for shortcut in chain(*SHORTCUTS.values())}
    buttons = re.findall(r'<button[^>]*data-(?:act|tool|layout)="(\w+)"[^>]*?title="([^"]*)"', reading)
    titled = [(title, caps[act]) for act, title in buttons if act in caps]
    assert len(titled) > 25
    for title, cap in titled:
        assert title.endswith(f"({cap})") or title.startswith("Draw "), title
