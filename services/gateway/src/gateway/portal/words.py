"""The languages of the portal's pages, and the sentences that a page hands to its scripts."""

import re
from dataclasses import dataclass

from lobule.contracts.language import LANGUAGES, Language, negotiate_language
from lobule.words import Words

OWN_NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}
HTML_TAGS: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}
COOKIE = "lobule_language"
_OF_REASON = re.compile(r"errors\.(?!page\.)\w+\.")


def choose_language(cookie: str | None, accept_language: str) -> Language:
    """The user's choice, or else the best of what the browser accepts, or else English."""
    chosen: Language | None = next((language for language in LANGUAGES if language == cookie), None)
    return chosen or negotiate_language(accept_language)


@dataclass(frozen=True)
class Spoken:
    """Words and the language that they are in, as HTML names it."""

    text: str
    tag: str


class PageWords(Words):
    """The sentences of one language, as templates use them.

    Args:
        language: Of the page.
    """

    def __init__(self, language: Language) -> None:
        super().__init__(language)
        self.tag = HTML_TAGS[language]

    def parts(self, *names: str) -> dict[str, str]:
        """See `Words.parts`; without the sentences of an error's reasons, for scripts know its code alone."""
        found = super().parts(*names)
        return {key: text for key, text in found.items() if not _OF_REASON.match(key)}

    def view(self, code: str) -> str:
        """What a view is called; its code where the catalogue has no name for it."""
        return self(f"examined.view.{code}") if f"examined.view.{code}" in self else code

    def kind(self, label: str, own: str | None) -> str:
        """What a finding's label is called, else what its modality's worker calls it, else the label."""
        return self(f"reading.kind.{label}") if f"reading.kind.{label}" in self else own or label.replace("_", " ")

    def of_code(self, code: str, otherwise: str) -> str:
        """The sentence of an error of the API; `otherwise` where the catalogue has none."""
        return self(f"errors.{code}") if f"errors.{code}" in self else otherwise

    def action(self, name: str) -> str:
        """What was done, as the audit log names it: `case.claim`; its name where the catalogue has no words."""
        return self(f"audit.{name}") if f"audit.{name}" in self else name

    def of_model(self, english: str) -> Spoken:
        """What a model package says of itself in English, in this language where that is known."""
        known = self.of_package(english)
        return Spoken(english, "en") if known is None else Spoken(known, self.tag)
