"""The languages of the user interface and of reports."""

from collections.abc import Iterator
from typing import Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def negotiate_language(accept_language: str | None) -> Language:
    """The supported language that an `Accept-Language` header prefers; English if it names none of them."""
    ranges = list(_ranges(accept_language or ""))
    refused = {tag for weight, tag in ranges if not weight > 0}
    for _, tag in sorted((pair for pair in ranges if pair[0] > 0), key=lambda pair: -pair[0]):
        for language in LANGUAGES:
            if tag in (language, "*") and language not in refused:
                return language
    return "en"


def _ranges(header: str) -> Iterator[tuple[float, str]]:
    for item in header.split(","):
        tag, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            weight = float(quality)
        except ValueError:
            continue
        yield weight, tag.partition("-")[0] if weight > 0 else tag  # who refuses `zh-TW` may take `zh`
