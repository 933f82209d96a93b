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
    created_at: datetime
