"""The second factor, as the API sees it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Code = Annotated[str, Field(min_length=6, max_length=30, description="code that the app shows", examples=["123456"])]
KeyName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00]*$",
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

    on: bool = Field(description="whether a second factor is asked for at every login")
    required: bool = Field(description="whether an administrator requires it")
    recovery_codes_left: int = Field(description="recovery codes that are not used yet")
    app: bool = Field(description="whether codes of an authenticator app are accepted")
    keys: list[SecurityKeyRead] = Field(description="security keys that are accepted")


class AppSecret(BaseModel):
    """What an authenticator app has to know. It is shown this once."""

    secret: str = Field(description="the secret, to be typed into an app")
    address: str = Field(description="the same as an otpauth:// address")
    picture: str = Field(description="the address as a QR code: a data URI of an SVG")


class CodeGiven(BaseModel):
    """A code of the app."""

    model_config = ConfigDict(extra="forbid")

    code: Code


class RecoveryCodes(BaseModel):
    """Codes for whoever has lost the second factor; each works once. They are shown this once."""

    codes: list[str] = Field(description="the codes, to be kept on paper")


class KeyOptions(BaseModel):
    """What a page asks a security key for."""

    public_key: dict[str, Any] = Field(
        description="options for `navigator.credentials`, in the JSON form of WebAuthn level 3 (binary: base64url)"
    )


class KeyCreate(BaseModel):
    """A new security key."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: KeyName
    credential: dict[str, Any] = Field(
        description="what the browser returned, as `PublicKeyCredential.toJSON()` gives it"
    )


class KeyRename(BaseModel):
    """Another name of a security key."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: KeyName


class KeyCreated(SecurityKeyRead):
    """A new security key, and recovery codes where it is the first second factor."""

    recovery_codes: list[str] = Field(
        description="new recovery codes, shown this once; none where the user had a second factor before"
    )
