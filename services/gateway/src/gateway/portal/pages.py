"""Renders pages: the Jinja2 environment and the context of every page."""

import gzip
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import StrictUndefined
from jinja2.ext import Extension

from gateway.accounts.schemas import UserRead
from gateway.auth.sessions import csrf_token_for
from gateway.clock import now
from gateway.portal.scripts import preload, sentences_for
from gateway.portal.shortcuts import SHORTCUTS, key_table, tip
from gateway.portal.words import COOKIE, PageWords, choose_language
from gateway.users.models import User
from gateway.users.permissions import has_permission
from lobule.contracts.language import LANGUAGES, Language
from lobule.contracts.modality import COARSEST_UM, FARTHEST, FINEST_UM, UM_OF_MAGNIFICATION, ModalitySpec
from lobule.words import Words
from lobule.words.languages import WRITING

_NOT_FOR_SCRIPTS = {
    **dict.fromkeys(
        (
            *("queue", "titles", "limits", "limits_of_case", "sentences"),
            *("magnifications", "in_examinations", "read_together"),
        ),
        True,
    ),
    "holds": {"outlines", "heat_map"},
}
_FOR_FILES = {"formats": True, "views": {"codes"}, "look": {"file_names"}}
"""What only a page needs that files are chosen on."""

HERE = Path(__file__).parent


def language_of(request: Request) -> Language:
    """The language in which to render a page."""
    return choose_language(request.cookies.get(COOKIE), request.headers.get("Accept-Language", ""))


def _common(request: Request) -> dict[str, Any]:
    max_upload_bytes = request.app.state.settings.max_upload_bytes
    words = PageWords(language_of(request))

    @cache
    def known() -> Mapping[str, ModalitySpec]:
        """Read from the database on first use, so that pages which do not need it do not depend on it."""
        return request.app.state.modalities.known()

    def modalities() -> list[ModalitySpec]:
        return sorted(known().values(), key=lambda spec: (spec.evidence, spec.name))

    return {
        "t": words,
        "modalities": modalities,
        "modalities_json": lambda *, files: [_for_scripts(spec, words, files=files) for spec in modalities()],
        "modality_title": lambda name: known()[name].titles[words.language] if name in known() else name,
        "um_bounds": (FINEST_UM, COARSEST_UM),
        "um_of_magnification": {"um": dict(UM_OF_MAGNIFICATION), "farthest": FARTHEST},
        "csrf_token": csrf_token_for(request),
        "max_upload_bytes": max_upload_bytes,
        "max_upload_words": f"{max_upload_bytes / 1024 / 1024:.0f} MB",
        "version": request.app.version,
        "may": has_permission,
        "failed_logins": getattr(request.state, "failed_logins", None),
        "sso": request.app.state.settings.oidc_issuer and request.app.state.settings.oidc_name,
    }


def _for_scripts(spec: ModalitySpec, words: PageWords, *, files: bool) -> dict[str, Any]:
    """A modality for a page's scripts: without fields that only workers and reports need, with the names of labels."""
    own = spec.sentences.get(words.language, {})
    labels = {label: words.kind(label, own.get(f"findings.label.{label}")) for label in spec.holds.findings}
    return {**spec.model_dump(mode="json", exclude=_NOT_FOR_SCRIPTS | ({} if files else _FOR_FILES)), "labels": labels}


def age(t: Words, at: datetime) -> str:
    """How long ago, as the page's script updates it later, so that the row does not change its width."""
    seconds = (now() - at).total_seconds()
    if seconds < 60:
        return t("age.now")
    if seconds < 3600:
        return t("age.minutes", count=int(seconds // 60))
    if seconds < 48 * 3600:
        return t("age.hours", count=int(seconds // 3600))
    return t("age.days", count=int(seconds // 86400))


templates = Jinja2Templates(HERE / "templates", context_processors=[_common])


class _NoIndentation(Extension):
    """Removes indentation from templates; it takes up a tenth of a page that is not compressed."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        """See `Extension`."""
        return re.sub(r"^[ \t]+", "", source, flags=re.MULTILINE)


templates.env.add_extension(_NoIndentation)
templates.env.undefined = StrictUndefined
templates.env.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}  # pages stay small
templates.env.trim_blocks = templates.env.lstrip_blocks = True
templates.env.globals.update(
    languages=LANGUAGES,
    own_names={language: writing.own_name for language, writing in WRITING.items()},
    age=age,
    preload=preload,
    sentences_for=sentences_for,
    shortcuts=SHORTCUTS,
    key_table=key_table,
    tip=tip,
)


def compile_templates() -> None:
    """Compile all templates, so that no first request waits for it."""
    for name in templates.env.list_templates(extensions=("html",)):
        templates.env.get_template(name)


def render(
    request: Request,
    template: str,
    user: User | UserRead | None = None,
    status: int = 200,
    **context: Any,
) -> HTMLResponse:
    """Render a page.

    Args:
        request: The request.
        template: File below `templates/`.
        user: The user who is logged in.
        status: HTTP status.
        context: Values for the template in addition to those of every page; see `_common`.
    """
    response = templates.TemplateResponse(request, template, {"user": user, **context}, status_code=status)
    response.headers["Vary"] = "Accept-Language, Cookie"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def takes_gzip(request: Request) -> bool:
    """Whether a client names gzip among what it accepts, and not with the weight 0."""
    for part in request.headers.get("Accept-Encoding", "").lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() == "gzip":
            return not re.fullmatch(r"q=0(\.0*)?", weight.strip())
    return False


def compressed(request: Request, page: HTMLResponse) -> HTMLResponse:
    """A page compressed, if the browser accepts that.

    Only for pages that repeat nothing of their address: from the size of a compressed page, someone who chooses a
    part of it could guess the rest (BREACH).
    """
    page.headers["Vary"] += ", Accept-Encoding"
    if takes_gzip(request):
        page.body = gzip.compress(bytes(page.body), mtime=0)
        page.headers["Content-Encoding"] = "gzip"
        page.headers["Content-Length"] = str(len(page.body))
    return page


def render_login(
    request: Request,
    next_path: str = "/",
    error: tuple[str, str] | None = None,
    status: int = 200,
    username: str = "",
    ended: bool = False,
    pending: str = "",
    key_options: dict[str, Any] | None = None,
) -> HTMLResponse:
    """Render the login page; `error` is the code and the sentence of the last failure.

    With `ended`, it offers to end the session at the provider too, which the user has just left. With `pending`, the
    password was right, and it asks for the second factor: a code, or with `key_options` a security key.
    """
    context = {"next_path": next_path, "error": error, "username": username, "ended": ended, "pending": pending}
    return render(request, "login.html", status=status, key_options=key_options, **context)


def render_error(
    request: Request,
    status: int,
    key: str,
    user: User | UserRead | None = None,
    *,
    code: str = "",
    again: bool = False,
) -> HTMLResponse:
    """Render an error page with the sentences `errors.page.<key>` and `errors.page.<key>.title`.

    Args:
        request: The request that failed.
        status: HTTP status.
        key: Key of the sentences.
        user: The user who is logged in.
        code: Code of the error, for IT; empty if it has none of its own.
        again: Whether the page offers to open the same address again.
    """
    request_id = getattr(request.state, "request_id", None)
    return render(request, "error.html", user, status, key=key, code=code, request_id=request_id, again=again)
