"""Serving the portal's scripts as they are written, without a build step.

Pages name all modules of their script in their head: otherwise the browser would learn of each module from the one that
imports it, and wait as often as imports are deep. Comments, a third of what would be sent, are left out.
"""

import os
import re
from functools import cache, lru_cache
from pathlib import Path
from posixpath import dirname, join, normpath

from markupsafe import Markup
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

WEB = Path(__file__).parent / "web"

_COMMENTS = re.compile(r"/\*\*.*?\*/ ?|^[ \t]*//[^\n]*$", re.MULTILINE | re.DOTALL)
_IMPORT = re.compile(r"^(?:import|export)[^'(]*? from '(\.[^']+)';$", re.MULTILINE)


@cache
def modules_of(script: str) -> tuple[str, ...]:
    """The modules that a script imports at once, whatever they import included.

    Args:
        script: File below `web/`.

    Returns:
        Files below `web/`, those first that are wanted first; the script itself is none of them.
    """
    found = [script]
    for module in found:
        for target in _IMPORT.findall((WEB / module).read_text("utf-8")):
            path = normpath(join(dirname(module), target))
            if path not in found:
                found.append(path)
    return tuple(found[1:])


def preload(script: str) -> Markup:
    """The links of a page's head for the modules of its script."""
    link = Markup('<link rel="modulepreload" href="/static/{}">')
    return Markup("").join(link.format(module) for module in modules_of(script))


def without_comments(script: str) -> str:
    """A script without JSDoc and without lines that are a comment; every line of code keeps its number."""
    return _COMMENTS.sub(lambda comment: "\n" * comment[0].count("\n"), script)


class WebFiles(StaticFiles):
    """The files of `web/`, scripts without their comments."""

    def __init__(self) -> None:
        super().__init__(directory=WEB)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """See `StaticFiles`."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        if Path(full_path).suffix != ".js" or isinstance(response, NotModifiedResponse):
            return response
        headers = {name: response.headers[name] for name in ("etag", "last-modified")}
        content = _script(str(full_path), stat_result.st_mtime_ns)
        return Response(content, status_code, headers, media_type="text/javascript")


@lru_cache(maxsize=256)
def _script(path: str, _changed_ns: int) -> bytes:
    return without_comments(Path(path).read_text("utf-8")).encode()
