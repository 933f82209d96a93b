"""The second factor, as the API sees it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from lobule.one_line import ONE_LINE

Code = Annotated[str, Field(min_length=6, max_length=30, description="code that the app shows", examples=["123456"])]
KeyName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=ONE_LINE,
        examples=["Key ring"],
        description="what the user calls the key",
    ),
]


class SecurityKeyRead(BaseModel):
    """A security key."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the key")
    name: str = Field(description="what the user calls it")
    created_at: datetime = Field(description="when it was added")
    last_used_at: datetime | None = Field(description="when it was used last; null for never")


class SecondFactorRead(BaseModel):
    """Whether a user has a second factor."""

    on: bool = Field(description="whether every login requires a second factor")
    required: bool = Field(description="whether an administrator requires it")
    recovery_codes_left: int = Field(description="recovery codes that are not used yet")
    app: bool = Field(description="whether codes of an authenticator app are accepted")
    keys: list[SecurityKeyRead] = Field(description="security keys that are accepted")


class AppSecret(BaseModel):
    """The secret for an authenticator app. Only this answer contains it."""

    secret: str = Field(description="the secret, to type into an app")
    address: str = Field(description="the secret as an otpauth:// address")
    picture: str = Field(description="the address as a QR code: a data URI of an SVG")


class CodeGiven(BaseModel):
    """A code of an authenticator app."""

    model_config = ConfigDict(extra="forbid")

    code: Code


class RecoveryCodes(BaseModel):
    """Recovery codes for a lost second factor. Each works once, and only this answer contains them."""

    codes: list[str] = Field(description="the codes; keep them on paper")


class KeyOptions(BaseModel):
    """A challenge for a security key."""

    public_key: dict[str, Any] = Field(
        description="options for `navigator.credentials`, in the JSON form of WebAuthn level 3 (binary: base64url)"
    )


class KeyCreate(BaseModel):
    """A new security key."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: KeyName
    credential: dict[str, Any] = Field(
        description="answer of the browser, as `PublicKeyCredential.toJSON()` returns it"
    )


class KeyRename(BaseModel):
    """A new name of a security key."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: KeyName


class KeyCreated(SecurityKeyRead):
    """A new security key, and recovery codes where it is the first second factor."""

    recovery_codes: list[str] = Field(
        description="new recovery codes, which only this answer contains; empty if the user had a second factor before"
    )
