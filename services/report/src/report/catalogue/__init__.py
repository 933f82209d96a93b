"""Every sentence of a report, by key, in every language; no template holds a sentence of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from lobule.contracts import pipeline_words
from lobule.contracts.language import Language
from report.catalogue.chinese import CHINESE
from report.catalogue.english import ENGLISH

CATALOGUES: Mapping[Language, Mapping[str, str]] = {"en": ENGLISH, "zh": CHINESE}


@dataclass(frozen=True)
class Catalogue:
    """The sentences of one language."""

    language: Language = "en"

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key` with `values` filled in.

        Raises:
            KeyError: The catalogue has no such sentence, or a value for it is missing.
        """
        return CATALOGUES[self.language][key].format(**values)

    def said(self, key: str, english: str) -> str:
        """What a pipeline said in English, in this language where it is known under `key`."""
        return pipeline_words.said(self.language, key, english)

    def of_model(self, english: str) -> str:
        """What a model package says of itself, in this language where that is known."""
        return pipeline_words.sentence(self.language, english) or english

    def words(self) -> dict[str, str]:
        """Every sentence as it stands, blanks and all, for a layout that looks them up by itself."""
        return dict(CATALOGUES[self.language])
