"""The base of every exchanged document."""

from pydantic import BaseModel, ConfigDict, ValidationError


class Document(BaseModel):
    """Base of every exchanged document: unknown fields are an error, so that a typo is not ignored."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


def is_newer(error: ValidationError) -> bool:
    """Whether a document that cannot be read has fields or values that only a newer version of Lobule writes."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return any(each["type"] in ("extra_forbidden", "literal_error") for each in found)
