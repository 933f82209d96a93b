"""Fields that are small patches, one per file or many on a sheet."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from histo_worker.data.breakhis import Field
from histo_worker.preprocessing.windows import Window
from lobule.imaging.decode import RGB8


@dataclass(frozen=True, order=True)
class Patch(Field):
    """A patch of a slide from a published data set.

    It is not decoded by the service's reader, which refuses pictures that are too small for a field.

    Attributes:
        window: Position in the file's picture; None if it is the whole picture.
    """

    window: Window | None = None

    @property
    def part(self) -> str:
        """The window as text."""
        return "" if self.window is None else str(self.window)

    def pixels(self) -> RGB8:
        """Decode the patch into uint8 (height, width, 3); see `Field.pixels`."""
        try:
            picture = _picture(self.path, self.path.stat().st_mtime_ns)
        except OSError as error:
            raise ValueError(f"{self.path}: unreadable_file: {error}") from None
        if picture is None:
            raise ValueError(f"{self.path}: image_unreadable: it is not a picture, or damaged")
        return picture.copy() if self.window is None else self._cut(picture, self.window)

    def _cut(self, sheet: RGB8, window: Window) -> RGB8:
        height, width = sheet.shape[:2]
        x, y, side = window.x, window.y, window.side
        if min(x, y) < 0 or x + side > width or y + side > height:
            raise ValueError(f"{self.path}: {side} pixels from ({x}, {y}) are outside its {width} x {height}")
        return window.cut(sheet).copy()


@lru_cache(8)  # neighbours on a sheet are often read in succession
def _picture(path: Path, _changed: int) -> RGB8 | None:
    found = (
        cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB) if path.stat().st_size else None
    )
    return None if found is None else np.asarray(found, np.uint8)
