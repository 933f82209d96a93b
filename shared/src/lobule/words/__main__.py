"""`python -m lobule.words`: sorts the catalogues and marks translations whose English has changed.

A comment above each translation contains the English that it translates. If the English has changed, the entry
becomes `fuzzy`: someone has to check the translation and remove the flag. A test refuses entries that are fuzzy,
missing or out of order.
"""

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from lobule.contracts.language import LANGUAGES, Language
from lobule.words.catalogue import forms_of, po_file, read_catalogue
from lobule.words.languages import WRITING

_HEADER = """\
# The sentences of Lobule in {name}: docs/adr/0007-one-catalogue-of-sentences.md.
msgid ""
msgstr ""
"Project-Id-Version: Lobule\\n"
"Language: {locale}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
_UNBROKEN = 100_000  # characters of a line; wrapped comments would not be read back unchanged


def tidy(english: Catalog, other: Catalog) -> None:
    """Add an entry of another language for every English one, and mark those whose English has changed."""
    for message in english:
        if not message.id:
            continue
        known = other.get(message.id if isinstance(message.id, str) else message.id[0])
        if known is None:
            empty = "" if isinstance(message.id, str) else [""] * other.num_plurals
            other.add(message.id, empty, auto_comments=forms_of(message))
        elif known.auto_comments != forms_of(message):
            known.auto_comments = forms_of(message)
            known.flags.add("fuzzy")


def write(language: Language, catalogue: Catalog) -> None:
    """Write a catalogue, sorted by key."""
    locale = WRITING[language].locale
    header = _HEADER.format(name=locale.english_name, locale=locale, plural=catalogue.plural_forms)
    with po_file(language).open("wb") as file:
        file.write(header.encode("utf-8"))
        write_po(file, catalogue, width=_UNBROKEN, omit_header=True, sort_output=True)


def main() -> None:
    """Tidy the files of all languages."""
    catalogues = {language: read_catalogue(language) for language in LANGUAGES}
    english = catalogues["en"]
    for language in LANGUAGES:
        if language != "en":
            tidy(english, catalogues[language])
        write(language, catalogues[language])


if __name__ == "__main__":
    main()
