"""Errors for reasons that users can be told: of steps and image readers, and of commands."""

from typing import ClassVar

from lobule.contracts.errors import INPUT_ERROR_CODES, ErrorCode
from lobule.contracts.progress import StepError
from lobule.words import Words

ErrorValue = str | int | float | list[str]
"""A value in an error's sentence."""


class AnalysisError(Exception):
    """A step failed for a reason that the user can be told.

    Args:
        code: One of `InputErrorCode` or `PipelineErrorCode`.
        reason: Exact reason. The catalogue has its sentence as `errors.<code>.<reason>`, and that of an error
            without a reason as `errors.<code>`.
        retryable: Whether another attempt with the same input may succeed; never if the input is at fault.
        values: Values in the sentence.
    """

    def __init__(
        self, code: ErrorCode, reason: str | None = None, *, retryable: bool = False, **values: ErrorValue
    ) -> None:
        super().__init__(code, reason)
        self.code: ErrorCode = code
        self.reason = reason
        self.values = values
        self.retryable = retryable and code not in INPUT_ERROR_CODES

    @property
    def detail(self) -> str:
        """The reason and the remedy in English, for logs and for clients without a catalogue."""
        return Words("en").error(self.code, self.reason, self.values)

    def document(self) -> StepError:
        """The error as a document for other services."""
        return StepError(code=self.code, reason=self.reason, values=dict(self.values), detail=self.detail)

    def __str__(self) -> str:
        return self.detail


class SentenceError(Exception):
    """An error whose sentence is `<prefix><code>` of the catalogue.

    Args:
        code: Code of the sentence.
        values: Values in the sentence.
    """

    prefix: ClassVar[str]
    """Start of the keys of its sentences, with the full stop."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code, values)
        self.code, self.values = code, values

    def __str__(self) -> str:
        """The sentence in English."""
        return self.sentence(Words("en"))

    def sentence(self, words: Words) -> str:
        """The sentence in the language of `words`."""
        return words(self.prefix + self.code, **self.values)
