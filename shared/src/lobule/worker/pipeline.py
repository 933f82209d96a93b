"""The interface between job processing and the inference pipeline of a service."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from lobule.contracts.activity import Activity
from lobule.contracts.models import Adaptation, ModelManifest
from lobule.contracts.result import ImageInfo, Result
from lobule.decoding.image_file import ImageFile

ReportProgress = Callable[[float, Activity], None]
"""Called with the finished fraction, from 0 to 1, and the current activity."""


def no_progress(_fraction: float, _activity: Activity) -> None:
    """A `ReportProgress` that does nothing."""


@dataclass(frozen=True)
class Analysis:
    """The output of a pipeline: the result and the files that it names."""

    result: Result
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])


class StageClock:
    """Measures the stages of an analysis.

    Attributes:
        seconds: Seconds by stage, for `Result.timings_s`.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the stage that the block runs."""
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 4)


class Pipeline(Protocol):
    """An inference pipeline: image file in, result out. It is built and warmed up once per process, after the fork."""

    @property
    def manifest(self) -> ModelManifest:
        """The model package in use."""
        ...

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        ...

    def analyse(self, file: ImageFile, image: ImageInfo, progress: ReportProgress) -> Analysis:
        """Analyse one image.

        Args:
            file: The uploaded file. It may have 300 MB, so a pipeline gives it to the decoder without reading it.
            image: Known facts about the image; width and height are from the header, before EXIF orientation.
            progress: Called during the work.

        Raises:
            AnalysisError: The image cannot be analysed.
        """
        ...


@runtime_checkable
class Adaptable(Protocol):
    """A pipeline whose numbers can be adapted to a laboratory."""

    @property
    def adaptation(self) -> Adaptation | None:
        """The laboratory that they are adapted to."""
        ...
