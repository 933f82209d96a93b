"""Logging in, as the API sees it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway.auth.models import ApiToken, AuthSession, Scope
from lobule.one_line import ONE_LINE


class PasswordGrant(BaseModel):
    """Log in with a name and a password."""

    model_config = ConfigDict(json_schema_extra={"example": {"username": "dr.lee", "password": "a long sentence"}})

    grant_type: Literal["password"] = Field(default="password", description="`password`; may be left out")
    username: str = Field(max_length=200, description="the user's name")
    password: SecretStr = Field(max_length=500, description="the user's password")
    code: str | None = Field(default=None, max_length=30, description="code of the second factor, if there is one")


class RefreshGrant(BaseModel):
    """Exchange a refresh token for new tokens. It is invalid afterwards."""

    grant_type: Literal["refresh_token"] = Field(description="`refresh_token`")
    refresh_token: str = Field(max_length=200, description="the refresh token of the last answer")


TokenRequest = Annotated[PasswordGrant | RefreshGrant, Field(union_mode="left_to_right")]


class TokenPair(BaseModel):
    """An access token and a refresh token."""

    access_token: str = Field(description="the access token, which you send as `Authorization: Bearer`")
    refresh_token: str = Field(description="the refresh token, which gets the next pair of tokens and can be used once")
    token_type: Literal["bearer"] = Field(default="bearer", description="`bearer`")
    expires_in: int = Field(description="seconds until the access token expires")


class Proof(BaseModel):
    """The proof of a user's identity."""

    model_config = ConfigDict(extra="forbid")

    password: SecretStr | None = Field(default=None, max_length=500, description="your password")
    code: str | None = Field(
        default=None, max_length=30, description="code of your second factor, instead of the password"
    )
    credential: dict[str, Any] | None = Field(
        default=None,
        description="answer of a security key to `POST /api/v1/sessions/current/challenge`, as "
        "`PublicKeyCredential.toJSON()` returns it, instead of the password",
    )


class SessionRead(BaseModel):
    """A session: of a browser, or of an API client with its refresh tokens."""

    id: str = Field(description="identifier of the session")
    kind: Literal["portal", "api"] = Field(description="a browser at the portal, or an API client")
    created_at: datetime = Field(description="when you logged in")
    active_at: datetime = Field(description="time of your last activity, to the minute")
    expires_at: datetime = Field(description="latest end of the session")
    address: str | None = Field(description="network address that you logged in from")
    client: str = Field(description="name of the browser or program")
    current: bool = Field(description="whether it is the session of this request")

    @classmethod
    def of(cls, login: AuthSession, *, current: bool) -> "SessionRead":
        """A session as the API shows it."""
        return cls(
            id=login.id,
            kind="portal" if login.kind == "portal" else "api",
            created_at=login.created_at,
            active_at=login.active_at,
            expires_at=login.expires_at,
            address=login.address,
            client=login.client,
            current=current,
        )


class ApiTokenCreate(BaseModel):
    """A new API token."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(
        min_length=1,
        max_length=100,
        pattern=ONE_LINE,
        examples=["PACS bridge"],
        description="what the token is for, in your words",
    )
    scopes: list[Scope] = Field(default=["read"], min_length=1, max_length=3, description="what it may do")
    expires_in_days: int | None = Field(
        default=90, ge=1, le=3650, description="days until the token expires; null: never"
    )


class ApiTokenRead(BaseModel):
    """An API token, without its secret."""

    id: str = Field(description="identifier of the token")
    name: str = Field(description="what the token is for")
    hint: str = Field(description="first characters of the secret")
    username: str = Field(description="user whose rights it has")
    scopes: list[Scope] = Field(description="what it allows")
    created_at: datetime = Field(description="time of creation")
    expires_at: datetime | None = Field(description="when it ends; null for never")
    last_used_at: datetime | None = Field(description="when it was used last; null for never")

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
    """A new API token. Only this answer contains its secret."""

    secret: str = Field(description="the token, which you send as `Authorization: Bearer`; it cannot be read again")
