"""What the parts of a report document have in common."""

from pydantic import BaseModel, ConfigDict


class Words(BaseModel):
    """A piece of a report in words, ready to be laid out in any form."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Fact(Words):
    """A line of a table: what, and its value."""

    label: str
    value: str
