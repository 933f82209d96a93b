"""Names that lists, reports and messages show in a line."""

import re

ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
"""Without control characters, breaks of lines, and marks that turn the direction of writing.

With such marks, the name of one patient could be shown as that of another.
"""
_NOT_IN_LINE = re.compile(ONE_LINE.removeprefix("^").removesuffix("*$").replace("[^", "["))


def in_one_line(text: str) -> str:
    """A text of another system as a name in a line: what a name may not contain is left out."""
    return _NOT_IN_LINE.sub("", text)


def shown_in_one_line(text: str) -> str:
    r"""A text for a terminal or a log: what a name may not contain is written as JSON escapes it, such as `\u001b`."""
    return _NOT_IN_LINE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
