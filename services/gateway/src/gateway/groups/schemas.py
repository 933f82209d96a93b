"""Groups as the API takes and shows them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.users.models import Role
from lobule.one_line import ONE_LINE

GroupName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=ONE_LINE)]


class GroupWrite(BaseModel):
    """The name of a group, as an administrator sets it."""

    model_config = ConfigDict(extra="forbid")

    name: GroupName = Field(examples=["Screening, unit B"], description="name of the group; unique on this server")


class MemberRead(BaseModel):
    """A user of a group."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="identifier of the user")
    username: str = Field(description="user name for the login")
    display_name: str = Field(description="name for people")
    role: Role = Field(description="`service`: a program whose new cases are shared with the group")


class GroupRead(BaseModel):
    """A group and its members."""

    id: str = Field(description="identifier of the group")
    name: str = Field(description="name of the group")
    members: list[MemberRead] = Field(description="members, by user name")
