"""Signs the token that the login form carries between the password and the second factor, for five minutes."""

from datetime import UTC, datetime, timedelta

import jwt
from fastapi import Request

from gateway.auth.tokens import unauthorized
from gateway.database import read
from gateway.settings import GatewaySettings
from gateway.users import repository
from gateway.users.models import User

_ISSUER = "lobule-pending-login"  # an access token has another
_LIFETIME = timedelta(minutes=5)


def make_token(user: User, settings: GatewaySettings) -> str:
    """Make the token of a user who gave the right password."""
    claims = {"iss": _ISSUER, "sub": user.id, "epoch": user.auth_epoch, "exp": datetime.now(UTC) + _LIFETIME}
    return jwt.encode(claims, settings.secret_key.get_secret_value(), algorithm="HS256")


def user_of(request: Request, token: str) -> User:
    """Find the user who gave the right password.

    Raises:
        ProblemError: `wrong_credentials`, 401, if the token has expired or the user's logins have ended since.
    """
    state = request.app.state
    key = state.settings.secret_key.get_secret_value()
    try:
        claims = jwt.decode(
            token, key, algorithms=["HS256"], issuer=_ISSUER, options={"require": ["exp", "sub", "iss"]}
        )
    except jwt.InvalidTokenError:
        raise unauthorized("wrong_credentials") from None
    user = read(state.sessions, lambda session: repository.by_id(session, claims["sub"]))
    if user is None or not user.active or user.auth_epoch != claims["epoch"]:
        raise unauthorized("wrong_credentials")
    return user
