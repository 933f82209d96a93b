"""Queries on second factors. One statement checks that a code or a challenge is unused, and uses it up."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from gateway.auth.second_factor.models import (
    AuthenticatorApp,
    Purpose,
    RecoveryCode,
    SecurityKey,
    SecurityKeyChallenge,
)
from gateway.clock import now
from gateway.users.models import User

_MOST_CHALLENGES = 20
"""Of a user for one purpose at once: pages that are open in several windows."""


def lock_factor(session: Session, user: User) -> None:
    """Have other requests that change the user's second factor wait, and read again whether it is on and required."""
    session.refresh(user, ["second_factor", "second_factor_required"], with_for_update={"key_share": True})


def app_of(session: Session, user_id: str) -> AuthenticatorApp | None:
    """The app of a user, whether it counts yet or not."""
    return session.get(AuthenticatorApp, user_id)


def use_step(session: Session, user_id: str, step: int) -> bool:
    """Use up the code of a half minute; False if it, or a later one, was used before."""
    later = update(AuthenticatorApp).where(AuthenticatorApp.user_id == user_id, AuthenticatorApp.last_step < step)
    return bool(session.execute(later.values(last_step=step)).rowcount)  # pyright: ignore[reportAttributeAccessIssue]


def use_recovery_code(session: Session, user_id: str, code_hash: str) -> bool:
    """Use up a recovery code; False if there is no such code, or it was used before."""
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


def keys_of(session: Session, user_id: str) -> Sequence[SecurityKey]:
    """The security keys of a user, the oldest first."""
    own = select(SecurityKey).where(SecurityKey.user_id == user_id)
    return session.scalars(own.order_by(SecurityKey.created_at, SecurityKey.id)).all()


def key_by_id(session: Session, user_id: str, key_id: str) -> SecurityKey | None:
    """A user's security key."""
    return session.scalar(select(SecurityKey).where(SecurityKey.user_id == user_id, SecurityKey.id == key_id))


def key_by_credential(session: Session, credential_id: str) -> SecurityKey | None:
    """The key that browsers know by this id."""
    return session.scalar(select(SecurityKey).where(SecurityKey.credential_id == credential_id))


def note_key_use(session: Session, key: SecurityKey, sign_count: int) -> bool:
    """Note that a key was used; False if it was used by another request in the meantime."""
    unchanged = update(SecurityKey).where(SecurityKey.id == key.id, SecurityKey.sign_count == key.sign_count)
    used = unchanged.values(sign_count=sign_count, last_used_at=now())
    return bool(session.execute(used).rowcount)  # pyright: ignore[reportAttributeAccessIssue]


def remove_key(session: Session, key: SecurityKey) -> None:
    """Remove one security key."""
    session.delete(key)


def remove_keys(session: Session, user_id: str) -> None:
    """Remove a user's security keys."""
    session.execute(delete(SecurityKey).where(SecurityKey.user_id == user_id))


def keep_challenge(session: Session, challenge: SecurityKeyChallenge) -> None:
    """Keep a challenge until it is used or expires; those that have expired are deleted, and the oldest of too many."""
    session.execute(delete(SecurityKeyChallenge).where(SecurityKeyChallenge.expires_at <= now()))
    alike = select(SecurityKeyChallenge.challenge_hash).where(
        SecurityKeyChallenge.user_id == challenge.user_id, SecurityKeyChallenge.purpose == challenge.purpose
    )
    old = alike.order_by(SecurityKeyChallenge.expires_at.desc()).offset(_MOST_CHALLENGES - 1)
    session.execute(delete(SecurityKeyChallenge).where(SecurityKeyChallenge.challenge_hash.in_(old)))
    session.add(challenge)


def use_challenge(session: Session, user_id: str, purpose: Purpose, challenge_hash: str) -> bool:
    """Use up a challenge; False if a user has none like it for this purpose, or it has expired."""
    live = delete(SecurityKeyChallenge).where(
        SecurityKeyChallenge.challenge_hash == challenge_hash,
        SecurityKeyChallenge.user_id == user_id,
        SecurityKeyChallenge.purpose == purpose,
        SecurityKeyChallenge.expires_at > now(),
    )
    return bool(session.execute(live).rowcount)  # pyright: ignore[reportAttributeAccessIssue]
