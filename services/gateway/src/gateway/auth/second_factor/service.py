"""Turning the second factor on and off, and checking its codes."""

import hmac
import secrets
from typing import Any, Literal, NamedTuple

import pyotp
import structlog
from cryptography.fernet import InvalidToken
from fastapi import Request
from pyotp.totp import TOTP
from sqlalchemy.orm import Session

from gateway.auth import failed_logins
from gateway.auth.repository import hash_secret
from gateway.auth.second_factor import repository, security_keys
from gateway.auth.second_factor.models import AuthenticatorApp
from gateway.auth.throttle import LoginThrottle
from gateway.auth.tokens import unauthorized
from gateway.clock import now
from gateway.encryption import cipher_for
from gateway.settings import GatewaySettings
from gateway.users.models import User

log = structlog.get_logger()

_RECOVERY_CODES = 10
_STEP_S = 30
_PURPOSE = "second-factor"
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that looks like something else
_GROUPS = 6
"""Of four letters: 118 bits, so that a plain hash may be stored of a recovery code."""


class SecondFactorAnswer(NamedTuple):
    """A person's second factor: a code, or the response of a security key."""

    code: str | None = None
    answer: dict[str, Any] | None = None


def draw_secret(session: Session, user: User, settings: GatewaySettings) -> tuple[str, str, str]:
    """Draw a secret for a user's app. It counts once a first code of it was given.

    Returns:
        The secret in base 32, the address that an app reads, and a picture of the address as an SVG data URI.
    """
    import segno  # only here: it takes a tenth of a second to import

    secret = pyotp.random_base32()
    repository.remove_app(session, user.id)
    encrypted = cipher_for(settings, _PURPOSE).encrypt(secret.encode()).decode()
    session.add(AuthenticatorApp(user_id=user.id, secret=encrypted, unconfirmed=True))
    session.flush()
    address = TOTP(secret).provisioning_uri(name=user.username, issuer_name="Lobule")
    return secret, address, segno.make(address, error="m").svg_data_uri(scale=4, border=4, light="#fff")


def complete(session: Session, user: User, code: str, settings: GatewaySettings) -> list[str] | None:
    """Turn the second factor on by a first code of the app; gives new recovery codes, None if the code is wrong."""
    app = repository.app_of(session, user.id)
    if app is None or not _is_of_app(session, app, code, settings):
        return None
    app.unconfirmed = False
    return turn_on(session, user)


def has_app(session: Session, user: User) -> bool:
    """Whether a user has an app whose codes are taken."""
    app = repository.app_of(session, user.id)
    return app is not None and user.second_factor and not app.unconfirmed


def unconfirm_app(session: Session, user: User) -> None:
    """Have an app wait for a first code that was left without one, by a version that kept no note of that."""
    app = repository.app_of(session, user.id)
    if app is not None:
        app.unconfirmed = True


def turn_on(session: Session, user: User) -> list[str]:
    """Turn the second factor on; gives new recovery codes, which replace those that the user had."""
    user.second_factor = True
    codes = [_new_code() for _ in range(_RECOVERY_CODES)]
    repository.replace_recovery_codes(session, user.id, [_hash(user, code) for code in codes])
    return codes


def remove(session: Session, user: User) -> None:
    """Turn the second factor off."""
    user.second_factor = False
    repository.remove_app(session, user.id)
    repository.remove_keys(session, user.id)
    repository.replace_recovery_codes(session, user.id, [])


def check_second_factor(
    request: Request, user: User, given: SecondFactorAnswer, purpose: Literal["login", "proof"]
) -> dict[str, str]:
    """Check the second factor of a user who has one and gave the right password; no transaction may be open.

    Failures are counted apart from wrong passwords: the right password must not have them forgotten. Who asks for a
    proof writes them to the audit log.

    Returns:
        By what it was given, as the audit log keeps it; nothing of a user without a second factor.

    Raises:
        ProblemError: `code_required`, `wrong_code` or `wrong_security_key` (401), or `rate_limited` (429).
    """
    if not user.second_factor:
        return {}
    if not given.code and given.answer is None:
        raise unauthorized("code_required")
    state = request.app.state
    throttle: LoginThrottle = state.throttle

    def accepted() -> dict[str, str] | None:
        with state.sessions.begin() as session:
            if given.answer is None:
                by = accepts(session, user, given.code or "", state.settings)
                return {"by": by} if by else None
            key = security_keys.accepts(session, user, given.answer, purpose, state.settings)
            return {"by": "security_key", "key": key} if key else None

    address = request.client.host if request.client else "unknown"
    by = throttle.check(f"code of {user.username}", address, accepted)
    if by is None:
        wrong = unauthorized("wrong_code") if given.answer is None else unauthorized("wrong_security_key")
        if purpose == "login":
            failed_logins.record_failure(request, user, {"code": wrong.code})
        raise wrong
    return by


def accepts(session: Session, user: User, code: str, settings: GatewaySettings) -> str | None:
    """Of what a right code is: the app, which has not used it yet, or a recovery code. It is used up by that."""
    given = code.strip().lower().replace(" ", "")
    app = repository.app_of(session, user.id)
    if app is not None and not app.unconfirmed and _is_of_app(session, app, given, settings):
        return "app"
    return "recovery_code" if repository.use_recovery_code(session, user.id, _hash(user, given)) else None


def _is_of_app(session: Session, app: AuthenticatorApp, code: str, settings: GatewaySettings) -> bool:
    """Whether it is the code of this half minute or of a neighbour, and later than the last that was used."""
    try:
        totp = TOTP(cipher_for(settings, _PURPOSE).decrypt(app.secret.encode()).decode())
    except InvalidToken:  # the server's secret was replaced; recovery codes still work
        log.warning("second_factor_unreadable", user_id=app.user_id)
        return False
    present = int(now().timestamp()) // _STEP_S
    given = code.encode()
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), given):
            return repository.use_step(session, app.user_id, step)
    return False


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_GROUPS))


def _hash(user: User, code: str) -> str:
    return hash_secret(f"{user.id}:{code}")
