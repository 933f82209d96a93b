"""The roles of users, and mappings as settings write them."""

from typing import Literal, get_args

Role = Literal["clinician", "reader", "technologist", "admin", "auditor", "service"]


def parse_mapping(text: str) -> dict[str, str]:
    """`value=meaning, value=meaning` as a mapping, in this order.

    Raises:
        ValueError: An entry lacks one of both.
    """
    entries = [entry.partition("=") for entry in text.split(",") if entry.strip()]
    for value, _, meaning in entries:
        if not value.strip() or not meaning.strip():
            raise ValueError("each entry must be VALUE=MEANING")
    return {value.strip(): meaning.strip() for value, _, meaning in entries}


def parse_roles(text: str) -> dict[str, Role]:
    """A mapping whose meanings are roles.

    Raises:
        ValueError: An entry lacks one of both, or its role is unknown.
    """
    by_name: dict[str, Role] = {role: role for role in get_args(Role)}
    try:
        return {value: by_name[meaning] for value, meaning in parse_mapping(text).items()}
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is no role: {', '.join(by_name)}") from None
