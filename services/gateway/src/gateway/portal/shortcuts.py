"""The keys of the reading page: one table from which its script acts, and tooltips and help are made."""

from dataclasses import dataclass
from itertools import chain
from typing import Literal

Context = Literal["page", "film", "held"]
"""Where a key acts: anywhere on the page; on a film that has the focus; anywhere, as long as it is held."""


@dataclass(frozen=True)
class Shortcut:
    """A key and what it does.

    Attributes:
        act: Name of its action in the page's script.
        keys: Keys as `KeyboardEvent.key` names them; letters with Shift are capitals.
        cap: Label of the key.
        context: Part of the page in which it acts.
        repeats: Whether it repeats while the key is held.
    """

    act: str
    keys: tuple[str, ...]
    cap: str
    context: Context = "page"
    repeats: bool = False


def _key(act: str, key: str, cap: str = "", context: Context = "page", *, repeats: bool = False) -> Shortcut:
    shift = len(key) == 1 and key.isupper()
    return Shortcut(act, (key,), cap or (f"⇧ {key}" if shift else key.upper()), context, repeats)


SHORTCUTS: dict[str, tuple[Shortcut, ...]] = {
    "views": tuple(_key(f"view_{number}", str(number)) for number in range(1, 5)),
    "fields": tuple(_key(f"field_{number}", str(number)) for number in range(5, 10)),
    "findings": (_key("next", "n", repeats=True), _key("previous", "p", repeats=True)),
    "verdict": (_key("confirm", "c"), _key("dismiss", "x")),
    "go_on": (_key("go_on", "j"), _key("conclude", "J")),
    "undo": (_key("undo", "u"),),
    "hands": (_key("move", "d"), _key("zoom", "z"), _key("window", "w")),
    "look": (_key("magnify", "m"), _key("value", "y")),
    "measures": (_key("ruler", "t"), _key("ellipse", "e"), _key("angle", "g")),
    "points": (
        _key("set_point", "Enter", "Enter", "film"),
        Shortcut("remove_measure", ("Delete", "Backspace"), "Del", "film"),
    ),
    "zoom": (
        Shortcut("zoom_in", ("+", "="), "+", repeats=True),
        _key("zoom_out", "-", "−", repeats=True),
        _key("fit", "0"),
    ),
    "pan": tuple(
        _key(f"pan_{way.lower()}", f"Arrow{way}", cap, "film", repeats=True)
        for way, cap in (("Left", "←"), ("Right", "→"), ("Up", "↑"), ("Down", "↓"))
    ),
    "window": (_key("flatter", "[", repeats=True), _key("steeper", "]", repeats=True)),
    "level": (_key("darker", ",", repeats=True), _key("brighter", ".", repeats=True)),
    "invert": (_key("invert", "i"), _key("reset", "r")),
    "turn": (_key("flip", "F"), _key("rotate", "R")),
    "enhance": (_key("local", "C"), _key("edges", "E")),
    "link": (_key("link", "l"), _key("full", "Z")),
    "peek": (
        _key("without_marks", "h", context="held"),
        _key("with_heat", "q", context="held"),
        _key("with_difference", "Q", context="held"),
    ),
    "draw": (_key("box", "b"), _key("oval", "O"), _key("outline", "o")),
    "drop": (_key("drop", "Escape", "Esc"),),
    "overlays": (_key("overlays", "a"),),
    "layout": (_key("hang", "v"), _key("two", "s"), _key("one", "f")),
    "step": (_key("step", " ", "Space"),),
    "crop": (_key("crop", "k"),),
    "help": (_key("help", "?"),),
}
"""By the sentence `reading.key.<name>` that the help says of them, in the order of the help."""

_CAPS = {shortcut.act: shortcut.cap for shortcut in chain(*SHORTCUTS.values())}


def tip(words: str, act: str) -> str:
    """A tooltip that names the key of what it speaks of."""
    cap = _CAPS.get(act)
    return f"{words} ({cap.replace('⇧', 'Shift')})" if cap else words


def key_table() -> dict[Context, dict[str, str]]:
    """For each context the act of each key, as the page's script reads it; with a star where it repeats."""
    table: dict[Context, dict[str, str]] = {"page": {}, "film": {}, "held": {}}
    for shortcut in chain(*SHORTCUTS.values()):
        for key in shortcut.keys:
            table[shortcut.context][key] = shortcut.act + "*" * shortcut.repeats
    return table
