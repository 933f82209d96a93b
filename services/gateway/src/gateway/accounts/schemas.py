"""Users as the API shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gateway.users.models import Role

Username = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._@-]+$", examples=["dr.lee"])]
Password = Annotated[str, Field(min_length=12, max_length=200, examples=["a long sentence is a good password"])]


class UserCreate(BaseModel):
    """A new user."""

    username: Username
    password: Password
    display_name: str | None = Field(default=None, max_length=200, examples=["Dr Lee"])
    role: Role = "clinician"


class UserRead(BaseModel):
    """A user, without secrets."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    username: str
    display_name: str
    role: Role
    active: bool
    must_change_password: bool = Field(description="an administrator set it; all else waits until it is changed")
    created_at: datetime
    last_login_at: datetime | None


class UserUpdate(BaseModel):
    """Changes to a user; fields that are not given stay as they are."""

    model_config = ConfigDict(extra="forbid")

    display_name: str | None = Field(default=None, min_length=1, max_length=200)
    role: Role | None = None
    active: bool | None = Field(default=None, description="false ends every login at once")


class PasswordReset(BaseModel):
    """A password that an administrator sets."""

    password: Password


class PasswordChange(BaseModel):
    """A password that a user changes."""

    current: str = Field(max_length=500)
    new: Password
