"""Secrets of authenticator apps, security keys and their challenges, and recovery codes."""

from datetime import datetime
from typing import Literal

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base, new_id

Purpose = Literal["registration", "login", "proof"]
"""What a challenge is for: a new key, a login after the password, or proving once more who somebody is."""


class AuthenticatorApp(Base):
    """The app of a user. It counts once `User.second_factor` says so and a first code of it has confirmed it."""

    __tablename__ = "authenticator_apps"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(300))  # encrypted
    unconfirmed: Mapped[bool] = mapped_column(default=False)
    last_step: Mapped[int] = mapped_column(default=0)  # the half minute of the last code; no earlier one is taken
    created_at: Mapped[datetime] = mapped_column(default=now)


class RecoveryCode(Base):
    """A code for a user who has lost the app. It works once, and only its hash is stored."""

    __tablename__ = "recovery_codes"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class SecurityKey(Base):
    """A user's WebAuthn key: a separate device, or one that is built into a computer or a phone."""

    __tablename__ = "security_keys"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)  # base64url, as browsers name it
    public_key: Mapped[str] = mapped_column(String(4000))  # COSE, base64url
    sign_count: Mapped[int] = mapped_column(BigInteger)  # by which a copy of the key is noticed; 0 if it has none
    transports: Mapped[list[str]] = mapped_column(JSON)  # how the browser may reach it
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_used_at: Mapped[datetime | None]


class SecurityKeyChallenge(Base):
    """A challenge that a key has to sign. Using it deletes it."""

    __tablename__ = "security_key_challenges"

    challenge_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[Purpose] = mapped_column(String(12))
    expires_at: Mapped[datetime] = mapped_column(index=True)
