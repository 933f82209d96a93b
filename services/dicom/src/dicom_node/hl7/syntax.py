"""Messages of HL7 v2 as segments, fields and components (HL7 v2.5.1, chapter 2)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_BYTES = 1024 * 1024
_MOST_SEGMENTS = 2000
_ESCAPES = {"\\": "E", "|": "F", "^": "S", "&": "T", "~": "R"}
_UNESCAPED = {name: character for character, name in _ESCAPES.items()}
_ESCAPE = re.compile(r"\\([EFSTR]|X(?:[0-9A-F]{2})+|\.br)\\?")
_NOT_IN_LINE = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"  # also marks that turn the direction of writing
CONTROL = re.compile(f"[{_NOT_IN_LINE}]")
_HEADINGS = ("MSH|^~\\&|", "MSH|^~\\&#|")  # versions from 2.7 on name a character for truncation
_NULL = '""'  # "delete this value"
_CODECS = {
    "": "utf-8",
    "ASCII": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
    "GB 18030-2000": "gb18030",
    "BIG-5": "big5",
    "KS X 1001": "euc_kr",
}
"""The codecs of character sets of table 0211, by MSH-18."""
_SEPARATING = re.compile(f"[|{_NOT_IN_LINE}]")


class SyntaxProblem(Exception):  # noqa: N818 - what is refused is the message
    """A message that cannot be read.

    Args:
        code: Code of HL7 table 0357, for the acknowledgment.
        detail: The problem in words.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True)
class Message:
    """A message.

    Attributes:
        segments: The segments, each as fields; MSH begins with its separator, so that field numbers are those of the
            standard.
    """

    segments: Sequence[Sequence[str]]

    def every(self, name: str) -> Iterator[Sequence[str]]:
        """The segments of a name."""
        return (segment for segment in self.segments if segment[0] == name)

    def groups(self, first: str) -> Iterator["Message"]:
        """The groups that begin with a segment of this name; each reaches to the next one."""
        starts = [place for place, segment in enumerate(self.segments) if segment[0] == first]
        for start, end in pairwise([*starts, len(self.segments)]):
            yield Message(self.segments[start:end])

    def repetitions(self, name: str, field: int) -> list[str]:
        """The first component of each repetition of a field in the first segment of a name; empty ones are left out."""
        segment = next(self.every(name), ())
        given = segment[field].split("~") if field < len(segment) else []
        return [value for each in given if (value := component_of(each, 1))]

    def identifiers(self, name: str, field: int) -> list[tuple[str, frozenset[str]]]:
        """Each identifier of a field (CX) in the first segment of a name, with the names of its assigning authority."""
        segment = next(self.every(name), ())
        given = segment[field].split("~") if field < len(segment) else []
        return [(value, _authority(each)) for each in given if (value := component_of(each, 1))]

    def value(self, name: str, field: int, component: int = 1) -> str:
        """A component of a field's first repetition in the first segment of a name; empty if there is none."""
        return component_of(self.field(name, field), component)

    def field(self, name: str, field: int) -> str:
        """A field's first repetition as it was received, in the first segment of a name; empty if there is none."""
        segment = next(self.every(name), ())
        first = segment[field].split("~")[0].strip() if field < len(segment) else ""
        return "" if first == _NULL else first


def _authority(identifier: str) -> frozenset[str]:
    """The namespace and the universal ID of the assigning authority of an identifier (CX-4); none if it names none."""
    parts = identifier.split("^")
    said = parts[3].split("&")[:2] if len(parts) > 3 else []
    return frozenset(name for each in said if (name := unescape(each).strip()) and name != _NULL)


def component_of(field: str, number: int) -> str:
    """A component of a field's first repetition, in plain text; empty if it is to be deleted."""
    parts = field.split("~")[0].split("^")
    text = parts[number - 1].split("&")[0].strip() if number <= len(parts) else ""
    return "" if text == _NULL else unescape(text).strip()


def parse(content: bytes) -> Message:
    """Read a message.

    Raises:
        SyntaxProblem: It is not one, or in an encoding that is not read or not the one that it names.
    """
    if len(content) > MOST_BYTES:
        raise SyntaxProblem("207", "The message is too large.")
    charset = _charset_of(content)
    if charset not in _CODECS:
        raise SyntaxProblem("102", "MSH-18 names an encoding that is not read here. Please send UNICODE UTF-8.")
    try:
        message = _segments(content.decode(_CODECS[charset]))
    except UnicodeDecodeError:
        raise SyntaxProblem("102", f"The message is not in {charset or 'UTF-8'}. MSH-18 names the encoding.") from None
    if not message.value("MSH", 10):
        raise SyntaxProblem("101", "MSH-10, the control id, is missing.")
    return message


def parse_loosely(content: bytes) -> Message:
    """Read a message in any encoding, if only its ASCII parts are needed.

    Raises:
        SyntaxProblem: It is no message.
    """
    return _segments(content.decode("utf-8", "replace"))


def _charset_of(content: bytes) -> str:
    """The first character set that MSH-18 names, in ASCII like the names of all."""
    fields = re.split(rb"[\r\n]", content.lstrip(b"\r\n"), maxsplit=1)[0].split(b"|")
    return fields[17].split(b"~")[0].strip().decode("ascii", "replace").upper() if len(fields) > 17 else ""


def _segments(text: str) -> Message:
    lines = [line for line in re.split(r"[\r\n]+", text) if line]
    if not lines or not lines[0].startswith(_HEADINGS) or len(lines) > _MOST_SEGMENTS:
        raise SyntaxProblem("100", "The message does not begin with MSH|^~\\&|, or has too many segments.")
    segments = [line.split("|") for line in lines]
    segments[0].insert(1, "|")
    return Message(segments)


def escape(text: str) -> str:
    """A text as a component: with its separators escaped, and its lines broken as `TX` and `FT` break them."""
    escaped = "".join(f"\\{_ESCAPES[each]}\\" if each in _ESCAPES else each for each in text.replace("\r\n", "\n"))
    return CONTROL.sub(" ", escaped.replace("\n", "\\.br\\"))


def unescape(text: str) -> str:
    """The plain text of a component."""

    def plain(found: re.Match[str]) -> str:
        name = found[1]
        if name == ".br":
            return "\n"
        if name.startswith("X"):
            return bytes.fromhex(name[1:]).decode("utf-8", "replace")
        return _UNESCAPED[name]

    return _ESCAPE.sub(plain, text)


def segment(name: str, **fields: str) -> str:
    """A segment from its fields by number, such as `f3`; those between are empty.

    A field that was not escaped cannot add another one, or a segment.
    """
    numbered = {int(place[1:]): _SEPARATING.sub(" ", value) for place, value in fields.items()}
    last = max(numbered, default=0)
    return "|".join([name, *(numbered.get(number, "") for number in range(1, last + 1))])


def components(*parts: str) -> str:
    """A field of components in plain text."""
    return "^".join(map(escape, parts)).rstrip("^")
