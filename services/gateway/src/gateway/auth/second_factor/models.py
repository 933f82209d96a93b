"""Secrets of authenticator apps, and recovery codes."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base, new_id


class AuthenticatorApp(Base):
    """The app of a user. It counts once `User.second_factor` says so, which a first code of it does."""

    __tablename__ = "authenticator_apps"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(300))  # encrypted
    last_step: Mapped[int] = mapped_column(default=0)  # the half minute of the last code; no earlier one is taken
    created_at: Mapped[datetime] = mapped_column(default=now)


class RecoveryCode(Base):
    """A code for whoever has lost the app; it works once, and only its hash is kept."""

    __tablename__ = "recovery_codes"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]
