"""Sentences, lists, numbers and dates in one language."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_percent

from lobule.contracts.activity import Activity
from lobule.contracts.case import Reason, Suggestion
from lobule.contracts.language import Language
from lobule.contracts.modality import ModalitySpec
from lobule.contracts.result import Notice, Thresholds
from lobule.contracts.views import parts_of, shown_view
from lobule.words.catalogue import Sentence, sentences
from lobule.words.languages import WRITING
from lobule.words.packages import package_sentence

_VIEWS = ("view", "used", "other", "file_view")
"""Values of sentences that are codes of views."""


class Words:
    """The sentences of portal, report and command line in one language.

    Args:
        language: Language of the sentences, and of numbers, lists and dates.
        zone: Time zone of the times in documents.
    """

    def __init__(self, language: Language = "en", zone: tzinfo = UTC) -> None:
        self.language: Language = language
        self.zone = zone
        self._writing = WRITING[language]
        self.locale, self.tag, self.marks = self._writing.locale, self._writing.tag, self._writing.marks
        self._sentences: Mapping[str, Sentence] = sentences(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence of `key` with `values` filled in; a list becomes a part of the sentence.

        Raises:
            KeyError: The catalogue has no such sentence, or a value for it is missing. A sentence with plural forms
                needs the number `count`.
        """
        return self._form(key, values).format_map({name: self._shown(value) for name, value in values.items()})

    def _form(self, key: str, values: Mapping[str, object]) -> str:
        sentence = self._sentences[key]
        return sentence if isinstance(sentence, str) else sentence[self.locale.plural_form(float(str(values["count"])))]

    def _shown(self, value: object) -> object:
        return self.list([str(item) for item in value]) if isinstance(value, list | tuple) else value

    def __contains__(self, key: str) -> bool:
        """Whether there is a sentence of this key."""
        return key in self._sentences

    def parts(self, *names: str) -> dict[str, str]:
        """The sentences whose keys begin with one of these names; plural forms end with their category, as `.one`."""
        found: dict[str, str] = {}
        for key, sentence in self._sentences.items():
            if key.split(".")[0] in names:
                forms = {key: sentence} if isinstance(sentence, str) else {f"{key}.{c}": s for c, s in sentence.items()}
                found |= forms
        return found

    def list(self, items: Sequence[str]) -> str:
        """Join items as in a sentence: `LCC, RCC and LMLO`; `LCC、RCC和LMLO`."""
        return format_list(items, locale=self.locale)

    def joined(self, said: Iterable[str]) -> str:
        """Join sentences."""
        return self._writing.space.join(said)

    def date(self, day: date) -> str:
        """A day: `26 Nov 2026`; `2026年11月26日`."""
        return format_date(day, "medium", locale=self.locale)

    def moment(self, at: datetime) -> str:
        """A day and a time to the minute, in the time zone of `at`: `26 Nov 2026, 07:30`."""
        pattern = self.locale.datetime_formats["medium"]
        return pattern.format(format_time(at, "short", locale=self.locale), self.date(at)).replace("'", "")

    def percent(self, probability: float, thresholds: Thresholds | None = None) -> str:
        """A probability as a percentage that never contradicts the assessment.

        The result is in whole percents, unless rounding would move the number across a threshold or to a false 0% or
        100%. The portal's `probability` in `core/numbers.js` does the same.

        Args:
            probability: Probability from 0 to 1.
            thresholds: Thresholds of its model; None if it is compared with none.
        """
        for decimals in (0, 1, 2):
            shown = _rounded(probability, decimals + 2)
            crosses = thresholds is not None and thresholds.assess(float(shown)) != thresholds.assess(probability)
            if not crosses and (shown in (0, 1)) == (probability in (0.0, 1.0)):
                return self._percentage(shown, decimals)
        if probability > 0.9999:
            return self("steps.over", percent=self._percentage(Decimal("0.9999"), 2))
        if probability < 0.0001:
            return self("steps.under", percent=self._percentage(Decimal("0.0001"), 2))
        return self._percentage(_rounded(probability * 100, 4) / 100, 4)

    def _percentage(self, share: Decimal, decimals: int) -> str:
        places = f".{'0' * decimals}" if decimals else ""
        return format_percent(share, format=f"0{places}%", locale=self.locale)

    def reason(self, reason: Reason) -> str:
        """The sentence of a reason for a case's conclusion."""
        return self(f"reason.{reason.code}", **self.with_sides(reason.values))

    def suggestion(self, suggestion: Suggestion) -> str:
        """The sentence of a suggested next step."""
        return self(f"suggestion.{suggestion.code}", **self.with_sides(suggestion.values))

    def notice(self, notice: Notice) -> str:
        """The sentence of a pipeline's notice; its own English text if the code is unknown or a value is missing."""
        try:
            return self(f"notice.{notice.code}", **self.with_sides(notice.values))
        except KeyError:
            return notice.detail

    def error(
        self, code: str, reason: str | None = None, values: Mapping[str, object] | None = None, detail: str = ""
    ) -> str:
        """The sentence of an error: the reason and the remedy.

        Args:
            code: Code of the error.
            reason: Exact reason, if the code has several.
            values: Values in the sentence. A value that is itself a code, such as `ultrasound`, has a sentence
                `error_value.<name>.<value>`.
            detail: The error's own English text, for reasons that the catalogue does not know.
        """
        # Another worker can have its own codes, and no fault of the catalogue may hide the error.
        named = {name: self._error_value(name, value) for name, value in (values or {}).items()}
        known = [key for key in (f"errors.{code}.{reason}", f"errors.{code}") if key in self]
        for key in known:
            if detail and self.language == "en" and key == f"errors.{code}":
                return detail
            with contextlib.suppress(KeyError, ValueError, TypeError, AttributeError):
                return self(key, **named)
        return detail or self("errors.unknown")

    def _error_value(self, name: str, value: object) -> object:
        key = f"error_value.{name}.{value}"
        return self(key) if key in self else value

    def with_sides(self, values: Mapping[str, object]) -> dict[str, object]:
        """Convert values for a sentence: a side, `L` or `R`, becomes a word, and the code of a view its name."""
        return {name: self._side_or_view(name, value) for name, value in values.items()}

    def _side_or_view(self, name: str, value: object) -> object:
        if name.endswith("side") and value in ("L", "R"):
            return self(f"examined.laterality.{value}")
        return shown_view(value) if isinstance(value, str) and name in _VIEWS else value

    def view(self, view: str, spec: ModalitySpec | None = None) -> str:
        """The name of a view with what it means, such as `CC (from above), M (magnification)`.

        Args:
            view: Its code.
            spec: The modality, whose worker may name it; None if its code is enough.
        """
        keys = [f"examined.view.{part}" for part in parts_of(view) if part]
        if all(key in self for key in keys):
            return self.marks.comma.join(map(self, keys))
        return self.name(spec, f"examined.view.{view}") if spec else view

    def of_modality(self, spec: ModalitySpec, start: str, end: str = "", **values: object) -> str:
        """A sentence about images of a modality: the catalogue's own, its worker's, or the general one.

        Args:
            spec: The modality.
            start: Start of the key, before the modality's name, such as `conclusion.`.
            end: End of the key, after the modality's name, such as `not_sure`.
            values: Values in the sentence; `{modality}` is the modality's title.

        Raises:
            KeyError: There is no such sentence, even for any modality.
        """
        values = {"modality": spec.titles[self.language], **values}
        key = f"{start}{spec.name}.{end}".strip(".")
        if key in self:
            return self(key, **values)
        own = spec.sentences.get(self.language, {}).get(f"{start}{end}".strip("."))
        return own.format_map(values) if own else self(f"{start}any.{end}".strip("."), **values)

    def name(self, spec: ModalitySpec, key: str) -> str:
        """The name of a view or a finding's label, from the catalogue or the modality's worker, otherwise its code.

        Args:
            spec: The modality.
            key: Key of the name, such as `examined.view.CC`.
        """
        if key in self:
            return self(key)
        return spec.sentences.get(self.language, {}).get(key) or key.rsplit(".", 1)[1].replace("_", " ")

    def activity(self, now_doing: Activity) -> str:
        """The sentence of an activity; its code in words if the catalogue has none or a value is missing."""
        try:
            return self(f"activity.{now_doing.code}", **now_doing.values)
        except KeyError:
            return now_doing.code.replace("_", " ")

    def of_package(self, english: str) -> str | None:
        """A model package's English sentence in this language; None if there is no translation."""
        return package_sentence(self.language, english)


def _rounded(value: float, places: int) -> Decimal:
    """Round half up, as JavaScript's `toFixed` does; Python's `round` rounds half to even."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
