"""Users as the API shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gateway.users.models import Role
from lobule.one_line import ONE_LINE

Username = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._@-]+$", examples=["dr.lee"])]
Password = Annotated[str, Field(min_length=12, max_length=200, examples=["a long sentence is a good password"])]


class UserCreate(BaseModel):
    """A new user."""

    username: Username = Field(description="name to log in with; unique on this server")
    password: Password = Field(description="first password; a person has to change it at the first login")
    display_name: str | None = Field(
        default=None,
        max_length=200,
        pattern=ONE_LINE,
        examples=["Dr Lee"],
        description="name in pages and reports; default: the user name",
    )
    role: Role = Field(default="clinician", description="what the user may do")


class UserRead(BaseModel):
    """A user, without secrets."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the user")
    username: str = Field(description="name to log in with")
    display_name: str = Field(description="name in pages and reports")
    role: Role = Field(description="what the user may do")
    active: bool = Field(description="whether the user can log in")
    identity: str | None = Field(description="issuer and subject of single sign-on; null for a local account")
    second_factor: bool = Field(description="whether every login requires a code")
    second_factor_required: bool = Field(
        description="whether an administrator requires a second factor; the user can do nothing else until it is set up"
    )
    must_change_password: bool = Field(
        description="whether an administrator set the password; the user can do nothing else until it is changed"
    )
    created_at: datetime = Field(description="when the user was added")
    last_login_at: datetime | None = Field(description="when the user logged in last; null before the first time")


class UserUpdate(BaseModel):
    """Changes to a user. Fields that are not given do not change."""

    model_config = ConfigDict(extra="forbid")

    display_name: str | None = Field(
        default=None, min_length=1, max_length=200, pattern=ONE_LINE, description="new name in pages and reports"
    )
    role: Role | None = Field(default=None, description="new role")
    active: bool | None = Field(
        default=None, description="whether the user can log in; false ends every session immediately"
    )
    second_factor_required: bool | None = Field(default=None, description="whether the user needs a second factor")


class PasswordReset(BaseModel):
    """A password that an administrator sets."""

    password: Password = Field(description="the new password; a person has to change it at the next login")


class PasswordChange(BaseModel):
    """A password that a user changes."""

    current: str = Field(max_length=500, description="present password")
    new: Password = Field(description="new password; every other session and refresh token of the user ends")
