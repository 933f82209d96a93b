"""The pieces that a report document is made of."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A piece of a report whose sentences are written, ready to be laid out in any form."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Fact(Part):
    """A line of a table: what, and its value."""

    label: str
    value: str
