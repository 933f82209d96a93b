"""The file's name in a part's Content-Disposition (RFC 6266), the extended notation of RFC 8187 included.

Browsers send `filename` in UTF-8; Requests and .NET send a name that is not ASCII as `filename*`. The name is only
displayed.
"""

import re
from urllib.parse import unquote_to_bytes

_PARAMETER = re.compile(r';[ \t]*([^\s=;"]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^;]*)')
_EXTENDED = re.compile(r"(utf-8|iso-8859-1)'[^']*'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-Fa-f]{2})*)", re.IGNORECASE)


def file_name_of(disposition: bytes) -> str | None:
    """The file's name; None if the part is not a file.

    `filename*` takes precedence over `filename` if it can be decoded. Folders, control characters and marks that turn
    the direction of writing are left out.

    Args:
        disposition: The value of the Content-Disposition header.
    """
    given: dict[str, str] = {}
    for name, value in _PARAMETER.findall(disposition.decode("latin-1")):
        given.setdefault(name.lower(), value.strip())
    if "filename" not in given and "filename*" not in given:
        return None
    name = _extended(given.get("filename*", ""))
    if name is None:
        # The bytes of a plain name are UTF-8, as browsers and curl send them (RFC 7578, 5.1).
        name = _unquoted(given.get("filename", "")).encode("latin-1").decode("utf-8", "replace")
    return _cleaned(name)


def neutral_name(sha256: str) -> str:
    """The stored name of a DICOM file; the original name could contain the patient's.

    Args:
        sha256: SHA-256 of the received file, hexadecimal; the name contains its beginning.
    """
    return f"film-{sha256[:8]}.dcm"


def _extended(value: str) -> str | None:
    """A value in the notation of RFC 8187; None if it is not valid."""
    found = _EXTENDED.fullmatch(value.strip('"'))
    if found is None:
        return None
    try:
        return unquote_to_bytes(found[2]).decode(found[1])
    except UnicodeDecodeError:
        return None


def _unquoted(value: str) -> str:
    """A token or quoted string; a backslash before a quote or another backslash is left out."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r'\\(["\\])', r"\1", value[1:-1])
    return value


def _cleaned(name: str) -> str:
    last = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable()).strip()[:255] or "image"
