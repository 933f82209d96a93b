"""The codes of failures of a step; the catalogue has their sentences.

A code is part of the API: clients branch on it, so it is never renamed. Reasons may be added, and sentences may change.
"""

from typing import Literal, get_args

InputErrorCode = Literal[
    "empty_file",
    "unsupported_format",
    "image_unreadable",
    "image_truncated",
    "animated_image",
    "too_many_pixels",
    "image_too_large",
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
    "deadline_passed",
    "storage_full",
    "storage_unavailable",
    "result_unreadable",
    "internal_error",
]
"""The system failed, for reasons other than the image."""

ErrorCode = InputErrorCode | PipelineErrorCode

INPUT_ERROR_CODES: frozenset[str] = frozenset(get_args(InputErrorCode))
PIPELINE_ERROR_CODES: frozenset[str] = frozenset(get_args(PipelineErrorCode))
