"""Failures a user or a client can meet, each with a stable code and plain words.

A code is part of the API: clients branch on it, so it is never renamed. The words are for people and may change.
"""

from typing import Literal, get_args

InputErrorCode = Literal[
    "empty_file",
    "unsupported_format",
    "image_unreadable",
    "image_truncated",
    "animated_image",
    "too_many_pixels",
    "image_too_small",
    "not_histology",
    "not_mammogram",
    "not_screening_view",
    "several_films",
]
"""The image cannot be analysed. A retry with the same image fails again."""

PipelineErrorCode = Literal[
    "model_unavailable",
    "timed_out",
    "worker_lost",
    "storage_full",
    "storage_unavailable",
    "result_unreadable",
    "internal_error",
]
"""The system failed, for reasons other than the image."""

ErrorCode = InputErrorCode | PipelineErrorCode

INPUT_ERROR_CODES: frozenset[str] = frozenset(get_args(InputErrorCode))
PIPELINE_ERROR_CODES: frozenset[str] = frozenset(get_args(PipelineErrorCode))


class AnalysisError(Exception):
    """A step failed for a reason that the user can be told.

    Args:
        code: One of `InputErrorCode` or `PipelineErrorCode`.
        detail: What happened and what the user can do, in a sentence or two of plain words.
        retryable: Whether another attempt with the same input may succeed; never where the input is at fault.
    """

    def __init__(self, code: ErrorCode, detail: str, *, retryable: bool = False) -> None:
        super().__init__(detail)
        self.code: ErrorCode = code
        self.detail = detail
        self.retryable = retryable and code not in INPUT_ERROR_CODES
