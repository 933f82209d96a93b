"""Joins the modules of a page into one script, and its style sheets into one, without a build step.

Modules stay what is written and tested. Joined they are compressed together and asked for once, which spares the
reading page most of its requests and a third of its scripts' bytes. Each module keeps its own scope: it becomes a
function that is called once and returns what the module exports. Only the forms of import and export that the portal
uses are understood.
"""

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, join, normpath

_IMPORT = re.compile(r"^import (\{[^}]*\}|\* as \w+) from '(\.[^']+)';$", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
_LATE = re.compile(r"\bimport\('(\.[^']+)'\)")
_SHEET = re.compile(r'^@import "([^"]+)";$', re.MULTILINE)
_COMMENT = re.compile(r"[ \t]*/\*.*?\*/\n?", re.DOTALL)
_ROOM = re.compile(r'("[^"\n]*")|\s*([{};,]|\n)\s*')  # a string stays as it is
_LEFT = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


class Bundles:
    """Joins modules of a folder.

    Args:
        folder: Folder of the modules.
        prefix: Start of the modules' addresses.
        strip: Removes comments and the like from a module.
    """

    def __init__(self, folder: Path, prefix: str, strip: Callable[[str], str]) -> None:
        self._folder, self._prefix, self._strip = folder, prefix, strip
        self._joined = lru_cache(maxsize=64)(self._join)

    def script(self, entry: str, of: str | None = None) -> tuple[bytes, str]:
        """The script of a module and everything that it imports.

        Args:
            entry: The module.
            of: The script of the page, if it is imported late: what that script has already is not sent again, so
                that both share one copy, with its state and its classes.

        Returns:
            The script and its entity tag.

        Raises:
            ValueError: Modules import each other, or in a form that is not understood.
        """
        newest = max(path.stat().st_mtime_ns for path in self._folder.rglob("*.js"))
        return self._joined(entry, of, newest)

    def sheet(self, entry: str) -> tuple[bytes, str]:
        """A style sheet with those that it imports, without comments and room, and its entity tag."""
        folder = (self._folder / entry).parent
        content = _SHEET.sub(lambda found: (folder / found[1]).read_text("utf-8"), self._source(entry))
        content = _ROOM.sub(lambda found: found[1] or found[2], _COMMENT.sub("", content)).encode()
        return content, _tag(content)

    def order(self, entry: str) -> list[str]:
        """A module and its static imports, each after its own imports."""
        done: list[str] = []

        def visit(module: str, above: tuple[str, ...]) -> None:
            if module in above:
                raise ValueError(f"modules import each other: {' > '.join((*above, module))}")
            if module in done:
                return
            for target in self._targets(module):
                visit(target, (*above, module))
            done.append(module)

        visit(entry, ())
        return done

    def _join(self, entry: str, of: str | None, _newest: int) -> tuple[bytes, str]:
        there = set(self.order(of)) if of else set()
        head = f"import {{ modules }} from '{self._prefix}{of}';\n" if of else "export const modules = {};\n"
        page = of or entry
        scopes = [self._scope(module, page) for module in self.order(entry) if module not in there]
        names = ", ".join(self._exports(entry))
        tail = f"export const {{ {names} }} = modules['{entry}'];\n" if names else ""
        content = (head + "".join(scopes) + tail).encode()
        return content, _tag(content)

    def _scope(self, module: str, page: str) -> str:
        def imported(found: re.Match[str]) -> str:
            names, target = found[1], self._address(module, found[2])
            if names.startswith("*"):
                return f"const {names.removeprefix('* as ')}=modules['{target}'];"
            return f"const{names.replace(' as ', ':').replace(' ', '')}=modules['{target}'];"

        code = _IMPORT.sub(imported, self._strip(self._source(module)))
        code = _LATE.sub(lambda found: f"import('{self._prefix}{self._address(module, found[1])}?of={page}')", code)
        code = _EXPORT.sub("", code)
        if left := _LEFT.search(code):
            raise ValueError(f"{module}: {left[0]}")
        code = re.sub(r"([;{,]|\n)\n+", r"\1", code)
        return f"modules['{module}'] ??= (() => {{\n{code}return{{{','.join(self._exports(module))}}};\n}})();\n"

    def _exports(self, module: str) -> list[str]:
        return _EXPORT.findall(self._source(module))

    def _targets(self, module: str) -> list[str]:
        return [self._address(module, target) for _, target in _IMPORT.findall(self._source(module))]

    def _address(self, module: str, target: str) -> str:
        return normpath(join(dirname(module), target))

    def _source(self, module: str) -> str:
        return (self._folder / module).read_text("utf-8")


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'
