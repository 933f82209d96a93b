"""The languages of the user interface and of reports."""

from collections.abc import Iterator
from typing import Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def negotiate_language(accept_language: str | None) -> Language:
    """The supported language that an `Accept-Language` header prefers; English if it names none of them."""
    ranked = sorted(_ranges(accept_language or ""), key=lambda pair: -pair[0])
    return ranked[0][1] if ranked else "en"


def _ranges(header: str) -> Iterator[tuple[float, Language]]:
    for item in header.split(","):
        tag, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        primary = tag.partition("-")[0]
        try:
            weight = float(quality)
        except ValueError:
            continue
        if weight > 0:
            for language in LANGUAGES:
                if language == primary or tag == "*":
                    yield weight, language
