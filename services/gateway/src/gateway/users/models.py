"""Users and their roles."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base, new_id
from gateway.roles import Role

__all__ = ["Role", "User"]


class User(Base):
    """A person or a program that may log in."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(String(100), unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_login_at: Mapped[datetime | None]
    portal_login_at: Mapped[datetime | None]
    failed_logins: Mapped[int] = mapped_column(default=0)  # since then; see `gateway.auth.failed_logins`
    failed_login_at: Mapped[datetime | None]
    failed_login_address: Mapped[str | None] = mapped_column(String(50))
    auth_epoch: Mapped[int] = mapped_column(default=0)  # access tokens of an older epoch are void
    access_ended_at: Mapped[datetime | None]  # when API tokens and webhooks last ended with all logins
    identity: Mapped[str | None] = mapped_column(String(500), unique=True)  # issuer and subject of single sign-on
    second_factor: Mapped[bool] = mapped_column(default=False)  # a code is asked for at every login
    second_factor_required: Mapped[bool] = mapped_column(default=False)
    must_change_password: Mapped[bool] = mapped_column(default=False)  # the current one was set by somebody else
