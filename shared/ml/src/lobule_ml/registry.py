"""Named parts, each in a module of a package: to add one is to write one file."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """The parts of one kind by name.

    The modules of a package register theirs; they are imported when a name is first asked for.

    Args:
        kind: What a part is called in messages.
        package: Name of the package.
    """

    def __init__(self, kind: str, package: str) -> None:
        self._kind, self._package = kind, package
        self._parts: dict[str, T] = {}
        self._complete = False

    def add(self, name: str, part: T) -> T:
        """Register a part.

        Raises:
            ValueError: The name is taken.
        """
        if name in self._parts:
            raise ValueError(f"there is already a part {name!r} of kind {self._kind}")
        self._parts[name] = part
        return part

    def register(self, name: str) -> Callable[[T], T]:
        """The same as a decorator."""
        return lambda part: self.add(name, part)

    def __getitem__(self, name: str) -> T:
        """The part of that name.

        Raises:
            KeyError: There is none; the message names those that there are.
        """
        parts = self._all()
        if name not in parts:
            raise UnknownNameError(f"there is no {self._kind} {name!r}; there are {', '.join(parts)}")
        return parts[name]

    def __iter__(self) -> Iterator[str]:
        """Names, in the order of modules and of registration."""
        return iter(self._all())

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all())

    def _all(self) -> dict[str, T]:
        if not self._complete:
            self._complete = True  # before the imports: a module may ask for another one's part
            package = importlib.import_module(self._package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self._package}.{module.name}")
        return self._parts


class UnknownNameError(KeyError):
    """A name that is not registered, with a message for people."""

    def __str__(self) -> str:
        """The message, without a KeyError's quotes."""
        return str(self.args[0])
