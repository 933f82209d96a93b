"""Rendering pages: the one Jinja2 environment and what every page needs."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from gateway.auth.sessions import csrf_token_for
from gateway.users.models import User
from lobule import RESEARCH_USE_ONLY
from lobule.contracts.result import Assessment

ASSESSMENTS: dict[Assessment, dict[str, str]] = {
    "malignancy_suspected": {"name": "Malignancy suspected", "icon": "alert"},
    "not_sure": {"name": "Not sure", "icon": "question"},
    "no_sign_of_malignancy": {"name": "No sign of malignancy", "icon": "clear"},
}

HERE = Path(__file__).parent
STATIC = HERE / "static"


def _common(request: Request) -> dict[str, Any]:
    return {
        "csrf_token": csrf_token_for(request),
        "max_upload_bytes": request.app.state.settings.max_upload_bytes,
        "version": request.app.version,
    }


templates = Jinja2Templates(HERE / "templates", context_processors=[_common])
templates.env.globals.update(research_use_only=RESEARCH_USE_ONLY, assessments=ASSESSMENTS)


def render(
    request: Request,
    template: str,
    user: User | None = None,
    status: int = 200,
    **context: Any,
) -> HTMLResponse:
    """A page.

    Args:
        request: The request it answers.
        template: File below `templates/`.
        user: Who is logged in.
        status: HTTP status.
        context: What the template needs besides `user`, `csrf_token`, `max_upload_bytes` and `version`.
    """
    return templates.TemplateResponse(request, template, {"user": user, **context}, status_code=status)


def render_login(
    request: Request, next_path: str = "/", error: str | None = None, status: int = 200, username: str = ""
) -> HTMLResponse:
    """The login page, with what went wrong at the last try."""
    return render(request, "login.html", status=status, next_path=next_path, error=error, username=username)


def render_error(request: Request, status: int, title: str, detail: str, user: User | None = None) -> HTMLResponse:
    """A page that says what went wrong."""
    request_id = getattr(request.state, "request_id", None)
    return render(request, "error.html", user, status, title=title, detail=detail, request_id=request_id)
