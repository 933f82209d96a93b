"""Portal sessions, refresh tokens and API tokens: random secrets of which only the hash is kept."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.clock import now
from gateway.database import Base, new_id
from gateway.users.models import User

Kind = Literal["portal", "refresh"]


class AuthSession(Base):
    """A session: of a browser, or the chain of refresh tokens of an API client."""

    __tablename__ = "auth_sessions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[Kind] = mapped_column(String(10))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    authenticated_at: Mapped[datetime] = mapped_column(default=now)  # when the person last proved who they are
    active_at: Mapped[datetime] = mapped_column(default=now)  # the last act of the user, to the minute
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    address: Mapped[str | None] = mapped_column(String(50))
    provider_session: Mapped[str | None] = mapped_column(String(255), index=True)  # of single sign-on
    client: Mapped[str] = mapped_column(String(200), default="")  # what the browser or program calls itself
    failed_before: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # `gateway.auth.failed_logins`

    user: Mapped[User] = relationship(lazy="joined")


Scope = Literal["read", "write", "admin"]


class ApiToken(Base):
    """A named key of a program that acts for a user; its secret is shown once."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    hint: Mapped[str] = mapped_column(String(20))  # the secret's beginning, to tell tokens apart
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Scope]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined")
