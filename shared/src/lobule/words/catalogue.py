"""Reads the gettext catalogues; there is no build step, because reading both takes only a tenth of a second, once."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from lobule.contracts.language import Language
from lobule.words.languages import WRITING

_CATEGORIES = ("zero", "one", "two", "few", "many", "other")  # CLDR's plural categories, in its order

Sentence = str | Mapping[str, str]
"""A sentence with blanks, or one for each plural category of its language."""


def po_file(language: Language) -> Path:
    """The catalogue of a language."""
    return Path(__file__).parent / "locale" / language / "LC_MESSAGES" / "lobule.po"


def read_catalogue(language: Language) -> Catalog:
    """The catalogue of a language as Babel reads it."""
    with po_file(language).open("rb") as file:
        return read_po(file, WRITING[language].locale, abort_invalid=True)


def plural_categories(language: Language) -> tuple[str, ...]:
    """The plural categories of a language, in the order of an entry's forms."""
    used = {*WRITING[language].locale.plural_form.tags, "other"}
    return tuple(category for category in _CATEGORIES if category in used)


def forms_of(message: Message) -> list[str]:
    """The sentence of an entry, or its plural forms in the order of `plural_categories`."""
    written = message.string or ""
    return [written] if isinstance(written, str) else [str(form) for form in written]


@cache
def sentences(language: Language) -> Mapping[str, Sentence]:
    """All sentences of a language by their keys."""
    categories = plural_categories(language)
    found: dict[str, Sentence] = {}
    for message in read_catalogue(language):
        if isinstance(message.id, str):
            if message.id:  # the header has none
                (found[message.id],) = forms_of(message)
        else:
            found[message.id[0]] = dict(zip(categories, forms_of(message), strict=True))
    return found
