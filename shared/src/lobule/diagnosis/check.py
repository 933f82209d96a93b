"""A check of an installation, and its outcome."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lobule.launcher.home import Home
from lobule.words import Words

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Check:
    """The outcome of one check.

    Attributes:
        part: What was checked, such as `redis`.
        state: `problem` if the part does not work, `warning` if it will not for long.
        code: Code of the sentence `doctor.<code>` of the catalogue, which states the finding and the remedy.
        values: Values in the sentence.
    """

    part: str
    state: State
    code: str
    values: Mapping[str, object] = field(default_factory=dict)

    def sentence(self, words: Words) -> str:
        """The sentence in the language of `words`."""
        # A reason is another program's message, with or without a full stop; our sentence adds its own.
        values = {name: _unended(value) if name == "reason" else value for name, value in self.values.items()}
        return words(f"doctor.{self.code}", **values)


def _unended(value: object) -> str:
    return str(value).strip().rstrip(".")


@dataclass(frozen=True)
class Installation:
    """The installation to check.

    Attributes:
        home: Folder of `lobule up`.
        embedded: Whether the services run from this folder, and not with servers from the environment.
        server: Address of a running server to check, if any.
        host: Address that `lobule up` would listen on.
        port: Its port.
    """

    home: Path
    embedded: bool
    server: str | None
    host: str
    port: int

    @classmethod
    def at(cls, home: Path, server: str | None, host: str, port: int, *, is_named: bool = False) -> "Installation":
        """The installation that the environment of this process describes.

        Args:
            home: Folder of `lobule up`.
            server: Address of a running server to check, if any.
            host: Address that `lobule up` would listen on.
            port: Its port.
            is_named: Whether the user named the folder. If `lobule up` has made it, it is checked, with the servers
                that the environment names instead of those in the folder.
        """
        # On a server, variables name the gateway's database or a worker's gateway; `lobule up` chooses both itself.
        names = [f"LOBULE_{name}{suffix}" for name in ("DATABASE_URL", "GATEWAY_URL") for suffix in ("", "_FILE")]
        embedded = not any(os.environ.get(name) for name in names) or (is_named and Home.is_at(home))
        return cls(home.resolve(), embedded, server, host, port)

    @property
    def database_url(self) -> str | None:
        """The database in the folder; None if it does not exist, or the folder is not used."""
        return Home.database_in(self.home) if self.embedded else None


Checker = Callable[[Installation], Iterable[Check]]
