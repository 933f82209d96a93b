"""Queries on authenticator apps and recovery codes. One statement checks that a code is unused, and uses it up."""

from collections.abc import Iterable

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from gateway.auth.second_factor.models import AuthenticatorApp, RecoveryCode
from gateway.clock import now


def app_of(session: Session, user_id: str) -> AuthenticatorApp | None:
    """The app of a user, whether it counts yet or not."""
    return session.get(AuthenticatorApp, user_id)


def use_step(session: Session, user_id: str, step: int) -> bool:
    """Use up the code of a half minute; False where it, or a later one, was used before."""
    later = update(AuthenticatorApp).where(AuthenticatorApp.user_id == user_id, AuthenticatorApp.last_step < step)
    return bool(session.execute(later.values(last_step=step)).rowcount)  # pyright: ignore[reportAttributeAccessIssue]


def use_recovery_code(session: Session, user_id: str, code_hash: str) -> bool:
    """Use up a recovery code; False where there is no such code, or it was used before."""
    unused = update(RecoveryCode).where(
        RecoveryCode.user_id == user_id, RecoveryCode.code_hash == code_hash, RecoveryCode.used_at.is_(None)
    )
    return bool(session.execute(unused.values(used_at=now())).rowcount)  # pyright: ignore[reportAttributeAccessIssue]


def replace_recovery_codes(session: Session, user_id: str, hashes: Iterable[str]) -> None:
    """Give a user these recovery codes instead of those they had."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(RecoveryCode(user_id=user_id, code_hash=each) for each in hashes)


def recovery_codes_left(session: Session, user_id: str) -> int:
    """How many recovery codes a user has not used."""
    unused = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return session.scalar(unused) or 0


def remove_app(session: Session, user_id: str) -> None:
    """Remove a user's app."""
    session.execute(delete(AuthenticatorApp).where(AuthenticatorApp.user_id == user_id))
