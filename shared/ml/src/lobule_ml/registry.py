"""A registry of named parts: each part is a module of a package, and a new one needs only a new file."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """The parts of one kind by name.

    The modules of the package register their parts; they are imported when a part is first looked up.

    Args:
        kind: The word for a part in messages.
        package: Name of the package whose modules register parts.
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
        """Return a decorator that registers a part."""
        return lambda part: self.add(name, part)

    def __getitem__(self, name: str) -> T:
        """Return the part of that name.

        Raises:
            KeyError: No part has the name; the message lists the existing names.
        """
        parts = self._all()
        if name not in parts:
            raise UnknownNameError(f"there is no {self._kind} {name!r}; choose one of {', '.join(parts)}")
        return parts[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over names, in the order of modules and of registration."""
        return iter(self._all())

    def __len__(self) -> int:
        """The number of parts."""
        return len(self._all())

    def _all(self) -> dict[str, T]:
        if not self._complete:
            self._complete = True  # set before the imports, because a module may look up the part of another one
            package = importlib.import_module(self._package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self._package}.{module.name}")
        return self._parts


class UnknownNameError(KeyError):
    """A name that is not registered, with a message for people."""

    def __str__(self) -> str:
        """The message, without the quotes that KeyError adds."""
        return str(self.args[0])
