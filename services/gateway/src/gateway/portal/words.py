"""The languages of the portal's pages, and the sentences that a page hands to its scripts."""

import re
from dataclasses import dataclass
from typing import Protocol, cast

from markupsafe import Markup, escape

from lobule.contracts.language import LANGUAGES, Language, negotiate_language
from lobule.words import Words

COOKIE = "lobule_language"
_OF_REASON = re.compile(r"errors\.(?!page\.)\w+\.")
_TARGETS = {"access": "emergency_access", "key": "security_key", "resource": "resource_type", "username": "user"}
"""Kinds of objects of the audit log that routes name otherwise than elsewhere."""


_VALUES = {
    "conclusion": "common.assessment",
    "kind": "clinical.kind",
    "role": "admin.role",
    "verdict": "review",
    "was": "review",
}
"""Details of the audit log whose values are words, with the keys of these."""


def choose_language(cookie: str | None, accept_language: str) -> Language:
    """The language that the user has chosen, otherwise the best match of `Accept-Language`, otherwise English."""
    chosen: Language | None = next((language for language in LANGUAGES if language == cookie), None)
    return chosen or negotiate_language(accept_language)


@dataclass(frozen=True)
class TaggedText:
    """A text and its language as an HTML language tag."""

    text: str
    tag: str


class Named(Protocol):
    """A case, as far as its name depends on it."""

    sample: bool
    pseudonym: str


class PageWords(Words):
    """The sentences of one language, as templates use them."""

    def parts(self, *names: str) -> dict[str, str]:
        """See `Words.parts`; without the sentences of an error's reasons, which scripts get from the API."""
        found = super().parts(*names)
        return {key: text for key, text in found.items() if not _OF_REASON.match(key)}

    def html(self, key: str, /, **values: object) -> Markup:
        """A sentence with values that may be HTML; others are escaped."""
        return escape(self._form(key, values)).format(**values)

    def kind(self, label: str, own: str | None) -> str:
        """The name of a finding's label: from the catalogue, otherwise from its worker, otherwise the label itself."""
        return self(f"reading.kind.{label}") if f"reading.kind.{label}" in self else own or label.replace("_", " ")

    def of_code(self, code: str, otherwise: str) -> str:
        """The sentence of an API error; `otherwise` if the catalogue has none."""
        return self(f"errors.{code}") if f"errors.{code}" in self else otherwise

    def action(self, name: str) -> str:
        """The sentence of an audit action such as `case.claim`; its name if the catalogue has none."""
        return self(f"audit.{name}") if f"audit.{name}" in self else name

    def target(self, kind: str) -> str:
        """The name of a kind of object in the audit log, such as `case`; the kind itself if the catalogue has none."""
        key = f"admin.audit.target.{_TARGETS.get(kind, kind)}"
        return self(key) if key in self else kind.replace("_", " ")

    def detail(self, name: str) -> str:
        """The name of a detail in the audit log; the detail's own where the catalogue has none."""
        key = f"admin.audit.detail.{name}"
        return self(key) if key in self else name.replace("_", " ")

    def detail_value(self, name: str, value: object) -> str:
        """A detail's value in words, where it is one that readers choose; identifiers stay as they are."""
        if isinstance(value, bool):
            return self(f"common.{'yes' if value else 'no'}")
        if isinstance(value, list | tuple):
            return self.marks.comma.join(self.detail_value(name, each) for each in cast("list[object]", value))
        key = f"{_VALUES.get(name)}.{value}"
        return self(key) if key in self else "–" if value is None else str(value)

    def name_of(self, case: Named) -> str:
        """What a case is called: a sample by the page's language, whoever opened it."""
        return self("worklist.sample.name") if case.sample else case.pseudonym

    def node_code(self, code: str) -> str:
        """What came of a task, a sending or a work item of a DICOM node; its code where the catalogue has no words."""
        kind, _, status = code.partition("_")
        if kind in ("http", "status") and status:
            return self(f"admin.node.code.{kind}", status=status)
        return self(f"admin.node.code.{code}") if f"admin.node.code.{code}" in self else self.of_code(code, code)

    def peer(self, name: str) -> str:
        """What a system is called that a DICOM node speaks with."""
        kind, colon, rest = name.partition(":")
        if not colon or f"admin.node.name.{kind}" not in self:
            return name
        return self(f"admin.node.name.{kind}", name=rest)

    def of_model(self, english: str) -> TaggedText:
        """A sentence of a model package in this language, or in English if there is no translation."""
        known = self.of_package(english)
        return TaggedText(english, "en") if known is None else TaggedText(known, self.tag)
