"""Logging in, as the API sees it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway.auth.models import ApiToken, Scope


class PasswordGrant(BaseModel):
    """Log in with a name and a password."""

    model_config = ConfigDict(json_schema_extra={"example": {"username": "dr.lee", "password": "a long sentence"}})

    grant_type: Literal["password"] = "password"
    username: str = Field(max_length=200)
    password: SecretStr = Field(max_length=500)


class RefreshGrant(BaseModel):
    """Get new tokens for a refresh token; it is void afterwards."""

    grant_type: Literal["refresh_token"]
    refresh_token: str = Field(max_length=200)


TokenRequest = Annotated[PasswordGrant | RefreshGrant, Field(union_mode="left_to_right")]


class TokenPair(BaseModel):
    """An access token and a refresh token."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the type's name
    expires_in: int = Field(description="seconds until the access token is over")


class ApiTokenCreate(BaseModel):
    """A new API token."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=100, examples=["PACS bridge"])
    scopes: list[Scope] = Field(default=["read"], min_length=1, max_length=3, description="what it may do")
    expires_in_days: int | None = Field(default=90, ge=1, le=3650, description="null: never")


class ApiTokenRead(BaseModel):
    """An API token, without its secret."""

    id: str
    name: str
    hint: str = Field(description="how the secret begins")
    username: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, token: ApiToken) -> "ApiTokenRead":
        """A token as the API shows it."""
        return cls(
            id=token.id,
            name=token.name,
            hint=token.hint,
            username=token.user.username,
            scopes=token.scopes,
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
        )


class ApiTokenCreated(ApiTokenRead):
    """A new API token. Its secret is shown this once."""

    secret: str
