"""Makes the notices of pipelines from a code and values."""

from lobule.contracts.result import Notice
from lobule.words.words import Words


def make_notice(code: str, **values: str) -> Notice:
    """A notice with its English sentence, for clients that have no catalogue.

    Args:
        code: The catalogue has its sentence as `notice.<code>`.
        values: Values in the sentence. A side is `L` or `R`, under a name that ends with `side`.

    Raises:
        KeyError: The catalogue has no such sentence, or a value for it is missing.
    """
    english = Words("en")
    detail = english(f"notice.{code}", **english.with_sides(values))
    return Notice(code=code, detail=detail, values=values)
