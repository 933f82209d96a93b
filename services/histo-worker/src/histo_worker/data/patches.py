"""Fields that are small patches, alone in a file or many on a sheet."""

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
    """A patch of a slide, of a published data set.

    It is decoded apart from the service's reader, which refuses pictures that are too small to be a field.

    Attributes:
        window: Where on the file's picture it lies; None where it is all of it.
    """

    window: Window | None = None

    @property
    def part(self) -> str:
        """The window in words."""
        return "" if self.window is None else str(self.window)

    def pixels(self) -> RGB8:
        """The patch's pixels, uint8 (height, width, 3); see `Field.pixels`."""
        try:
            picture = _picture(self.path, self.path.stat().st_mtime_ns)
        except OSError as error:
            raise ValueError(f"{self.path}: unreadable_file: {error}") from None
        if picture is None:
            raise ValueError(f"{self.path}: image_unreadable: it is no picture, or a damaged one")
        return picture.copy() if self.window is None else self._cut(picture, self.window)

    def _cut(self, sheet: RGB8, window: Window) -> RGB8:
        height, width = sheet.shape[:2]
        x, y, side = window.x, window.y, window.side
        if min(x, y) < 0 or x + side > width or y + side > height:
            raise ValueError(f"{self.path}: {side} pixels from ({x}, {y}) on are not within its {width} x {height}")
        return window.cut(sheet).copy()


@lru_cache(8)  # neighbours on a sheet are often read one after the other
def _picture(path: Path, _changed: int) -> RGB8 | None:
    found = (
        cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB) if path.stat().st_size else None
    )
    return None if found is None else np.asarray(found, np.uint8)
