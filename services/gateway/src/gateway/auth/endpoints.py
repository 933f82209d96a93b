"""`/api/v1/auth`: access tokens for API clients."""

from typing import Annotated

from fastapi import APIRouter, Body, Request

from gateway.audit.service import record
from gateway.auth import service, tokens
from gateway.auth.dependencies import AppSettings
from gateway.auth.login_places import LoginPlace
from gateway.auth.schemas import PasswordGrant, TokenPair, TokenRequest
from gateway.errors import ProblemError, responses

router = APIRouter()


@router.post("/api/v1/auth/token", tags=["auth"], responses=responses(401, 422, 429), dependencies=[LoginPlace])
def issue_token(grant: Annotated[TokenRequest, Body()], request: Request, settings: AppSettings) -> TokenPair:
    """Get a short-lived access token and a refresh token, for a password or for a refresh token."""
    state = request.app.state
    if isinstance(grant, PasswordGrant):
        user, by = service.authenticate(request, grant.username, grant.password.get_secret_value(), grant.code)
        with state.sessions.begin() as session:
            service.note_login(session, request, user, by)
            return tokens.open_login(session, user, request, settings)
    try:
        with state.sessions.begin() as session:
            return tokens.refresh(session, grant.refresh_token, settings)
    except ProblemError:
        # A token that is used twice may be stolen. Its chain ends apart, which the error does not undo.
        with state.sessions.begin() as session:
            stolen = tokens.revoke_if_stolen(session, grant.refresh_token, settings)
            if stolen is not None:
                record(session, request, stolen.user, "auth.reuse", "session", stolen.id)
        raise
