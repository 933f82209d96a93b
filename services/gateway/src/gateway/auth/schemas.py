"""Logging in, as the API sees it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


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
    """What an API client works with."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the type's name
    expires_in: int = Field(description="seconds until the access token is over")
