"""Writing the audit log."""

from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session

from gateway.audit import chain
from gateway.audit.models import AuditEvent
from gateway.clock import now
from gateway.database import SessionFactory, make_engine, make_session_factory
from gateway.settings import GatewaySettings
from gateway.users.models import User


def record(
    session: Session,
    request: Request | None,
    actor: User | str,
    action: str,
    target_type: str | None = None,
    target_id: str | None = None,
    detail: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Write an event to the audit log, in the transaction of the change itself, and link it to those before it.

    Args:
        session: The request's session.
        request: The request, for its address and id; None if the action is a command on the server itself.
        actor: The user, or a name where nobody is logged in.
        action: `noun.verb`, such as `image.upload`.
        target_type: Kind of the object.
        target_id: Id of the object.
        detail: Further data, as JSON; never image content or patient data.
        reason: Code of the error, if the request was refused.
    """
    token = getattr(request.state, "api_token", None) if request else None
    chain.add(
        session,
        AuditEvent(
            at=now(),
            actor_id=None if isinstance(actor, str) else actor.id,
            actor_name=(actor if isinstance(actor, str) else actor.username)[:100],
            action=action,
            target_type=target_type,
            target_id=target_id,
            detail=detail or {},
            address=request.client.host if request and request.client else None,
            request_id=getattr(request.state, "request_id", None) if request else None,
            token_id=token.id if token else None,
            reason=reason,
        ),
    )


def record_apart(
    request: Request,
    actor: User | str,
    action: str,
    target_type: str | None = None,
    target_id: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write an event in a transaction of its own, for a request whose own is rolled back or only reads."""
    sessions: SessionFactory = request.app.state.sessions
    with sessions.begin() as session:
        record(session, request, actor, action, target_type, target_id, detail)
    request.state.noted = True  # one event for one request: see `gateway.audit.refusals` and `gateway.audit.reads`


def record_command(settings: GatewaySettings, action: str, **detail: object) -> None:
    """Write what a command on the server did into the audit log of its database."""
    # A folder's name need not be UTF-8, and then nothing could show the log.
    shown = {
        name: each.encode(errors="replace").decode() if isinstance(each, str) else each for name, each in detail.items()
    }
    engine = make_engine(settings.database_url)
    with make_session_factory(engine, audit_key=settings.audit_secret).begin() as session:
        record(session, None, "command line", action, detail=shown)
