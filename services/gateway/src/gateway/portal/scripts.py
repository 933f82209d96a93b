"""Serves the portal's scripts without a build step.

Pages name all modules of their script in their head: otherwise the browser would learn of each module from the one that
imports it, and wait as often as imports are deep. Comments, a third of what would be sent, are left out.
"""

import os
import re
from functools import cache, lru_cache
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import parse_qs

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from gateway.portal.bundles import Bundles
from lobule.contracts.errors import INPUT_ERROR_CODES

WEB = Path(__file__).parent / "web"

BUNDLED = frozenset({"reading/page.js", "viewer/film-worker.js", "worklist/glance.js"})
"""Scripts that are sent joined with their modules: those that have many, and of workers."""

BUNDLED_SHEETS = frozenset({"styles/reading-page.css"})
"""Style sheets that are sent joined with those that they import."""

_COMMENTS = re.compile(r"/\*\*.*?\*/ ?|^[ \t]*//[^\n]*$|^[ \t]+", re.MULTILINE | re.DOTALL)
_TRAILING = re.compile(r"(?<=[;,{}()\]])[ \t]+// [^\n]*$", re.MULTILINE)
_IMPORT = re.compile(r"^(?:import|export)[^'(]*? from '(\.[^']+)';$", re.MULTILINE)
_PLURAL = re.compile(r"\.(one|other)$")


# Errors that only forms of accounts and of the administration can cause, or logins by SSO.
_OF_ACCOUNTS = {
    f"errors.{code}"
    for code in (
        "group_exists",
        "last_admin",
        "lookup_busy",
        "not_yourself",
        "one_group_only",
        "password_elsewhere",
        "password_weak",
        "patient_is_nobody",
        "same_password",
        "second_factor_elsewhere",
        "second_factor_on",
        "sso_inactive",
        "sso_logout_invalid",
        "sso_name_taken",
        "sso_no_role",
        "sso_other_person",
        "sso_refused",
        "sso_unavailable",
        "too_many_security_keys",
        "too_many_tokens",
        "too_many_webhooks",
        "user_has_records",
        "username_taken",
        "webhook_address_forbidden",
        "webhook_exists",
        "wrong_first_code",
    )
}
# Errors that only programs get, as DICOM nodes and workers.
_OF_PROGRAMS = {
    f"errors.{code}"
    for code in (
        "attempt_not_current",
        "answer_lost",
        "instance_unreadable",
        "node_busy",
        "not_claimable",
        "not_a_result",
        "not_acceptable",
        "other_study",
        "portal_session_required",
        "query_not_supported",
        "range_not_satisfiable",
        "refresh_token_invalid",
        "result_missing",
        "scope_missing",
        "token_expired",
        "token_invalid",
        "unsupported_media_type",
    )
}
# Errors of files, of which the reading page tells what the API says: that names the reason, too.
_OF_FILES = {f"errors.{code}" for code in INPUT_ERROR_CODES}
# Errors of uploads, logins, lists and requests of programs, which the reading page does not ask for.
_OF_OTHER_PAGES = {
    f"errors.{code}"
    for code in (
        "cursor_invalid",
        "file_missing",
        "file_too_large",
        "invalid_json",
        "key_invalid",
        "key_reused",
        "login_not_encrypted",
        "malformed_upload",
        "method_not_allowed",
        "not_multipart",
        "request_timeout",
        "request_too_large",
        "too_many_views",
        "unknown_modality",
        "upload_cancelled",
        "wrong_credentials",
    )
}
# Notices that pages replace by the suggestions of the case.
_OF_SUGGESTIONS = {f"notice.{code}" for code in ("further_imaging_suggested", "histopathology_suggested")}


@cache
def modules_of(script: str) -> tuple[str, ...]:
    """The static imports of a script, including the imports of its imports.

    Args:
        script: File below `web/`.

    Returns:
        Files below `web/`, those first that are wanted first; the script itself is none of them.
    """
    found = [script]
    for module in found:
        found += [path for path in _imports_of(module) if path not in found]
    return tuple(found[1:])


def preload(script: str) -> Markup:
    """The `modulepreload` links for modules that a page's script imports indirectly."""
    if script in BUNDLED:
        return Markup("")
    link = Markup('<link rel="modulepreload" href="/static/{}">')
    own = _imports_of(script)
    return Markup("").join(link.format(module) for module in modules_of(script) if module not in own)


def sentences_for(script: str, sentences: dict[str, str]) -> dict[str, str]:
    """The sentences that a script or one of its modules uses, by a literal or a composed key.

    What is imported later brings its own; see `gateway.portal.sentences`.
    """
    modules = [script, *modules_of(script)]
    source = "".join((WEB / module).read_text("utf-8") for module in modules)
    named = set(re.findall(r"['`]([\w.]+)['`]", source))
    joined = [re.split(r"\$\{[^}]*\}", key) for key in re.findall(r"`([a-z_.]+\.\$\{[^`]+)`", source)]
    pattern = re.compile("|".join("[^.]+".join(map(re.escape, parts)) for parts in joined) or "$.")
    elsewhere = _OF_SUGGESTIONS if script.startswith("admin/") else _OF_SUGGESTIONS | _OF_ACCOUNTS | _OF_PROGRAMS
    if script.startswith("reading/"):
        elsewhere |= _OF_FILES | _OF_OTHER_PAGES
    return {
        key: text
        for key, text in sentences.items()
        if not key.startswith("errors.page.")
        and key not in elsewhere
        and (key in named or _PLURAL.sub("", key) in named or pattern.fullmatch(_PLURAL.sub("", key)))
    }


def _imports_of(module: str) -> list[str]:
    source = (WEB / module).read_text("utf-8")
    return [normpath(join(dirname(module), target)) for target in _IMPORT.findall(source)]


def is_script(name: str) -> bool:
    """Whether there is a script of this name, such as `reading/signing.js`."""
    return name in _scripts()


@cache
def _scripts() -> frozenset[str]:
    return frozenset(path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js"))


def without_comments(script: str) -> str:
    """A script without comments and indentation; every line of code keeps its number."""
    return _TRAILING.sub("", _COMMENTS.sub(lambda comment: "\n" * comment[0].count("\n"), script))


_BUNDLES = Bundles(WEB, "/static/", without_comments)


class WebFiles(StaticFiles):
    """The files of `web/`: scripts without comments, and joined with their modules where a page has many."""

    def __init__(self) -> None:
        super().__init__(directory=WEB)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See `StaticFiles`."""
        page = parse_qs(scope["query_string"].decode("latin-1")).get("of", [None])[0]
        if path in BUNDLED_SHEETS:
            content, tag = await run_in_threadpool(_BUNDLES.sheet, path)
            return _answer(content, tag, "text/css", scope)
        if path not in BUNDLED and (page not in BUNDLED or not is_script(path)):
            return await super().get_response(path, scope)
        content, tag = await run_in_threadpool(_BUNDLES.script, path, page)
        return _answer(content, tag, "text/javascript", scope)

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


def _answer(content: bytes, tag: str, media_type: str, scope: Scope) -> Response:
    headers = {"ETag": tag}
    asked = {name: value.decode("latin-1") for name, value in scope["headers"]}.get(b"if-none-match", "")
    if tag in asked.replace("W/", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


@lru_cache(maxsize=256)
def _script(path: str, _changed_ns: int) -> bytes:
    return without_comments(Path(path).read_text("utf-8")).encode()
