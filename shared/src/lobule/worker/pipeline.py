"""The interface between job processing and the inference pipeline of a service."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from lobule.contracts.activity import Activity
from lobule.contracts.models import ModelManifest
from lobule.contracts.result import ImageInfo, Result

ReportProgress = Callable[[float, Activity], None]
"""Called with the fraction done, 0 to 1, and what is being done now."""


def no_progress(_fraction: float, _activity: Activity) -> None:
    """A `ReportProgress` that does nothing."""


def part_of(progress: ReportProgress, number: int, total: int) -> ReportProgress:
    """The progress of one of several equal parts of the work, `number` counted from 0."""
    return lambda fraction, activity: progress((number + fraction) / total, activity)


@dataclass(frozen=True)
class Analysis:
    """What a pipeline leaves behind: the result and the files that it names."""

    result: Result
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])


class Pipeline(Protocol):
    """An inference pipeline: image bytes in, result out. Built once per process, after the fork, and warmed."""

    @property
    def manifest(self) -> ModelManifest:
        """The model package in use."""
        ...

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        ...

    def analyse(self, data: bytes, image: ImageInfo, progress: ReportProgress) -> Analysis:
        """Analyse one image.

        Args:
            data: The uploaded file, whole. The worker does not keep it, so a pipeline that deletes it frees its memory.
            image: What the gateway knows of it; width and height come from the header, before EXIF orientation.
            progress: Called as the work goes on.

        Raises:
            AnalysisError: Where the image cannot be analysed.
        """
        ...
