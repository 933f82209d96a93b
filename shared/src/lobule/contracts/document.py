"""The base of every exchanged document."""

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """Base of every exchanged document: unknown fields are an error, so that a typo is not ignored."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())
