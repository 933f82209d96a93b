"""Reference boxes of predictions: anchors over a pyramid, or the cells of one level."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AnchorGenerator:
    """Generates anchors of one scale per level, with every ratio at every cell.

    Attributes:
        strides: Strides of the levels.
        scales: Side of the square anchor at each level, in canvas pixels.
        ratios: Ratios of height to width.
    """

    strides: Sequence[int]
    scales: Sequence[float]
    ratios: Sequence[float]

    def __call__(self, canvas: tuple[int, int]) -> NDArray[np.float32]:
        """Return anchors (N, 4), level by level, then row by row, column by column, ratio by ratio.

        Args:
            canvas: Height and width of the canvas.

        Raises:
            ValueError: The numbers of scales and of levels differ.
        """
        levels: list[NDArray[np.float32]] = []
        for stride, scale in zip(self.strides, self.scales, strict=True):
            rows, columns = -(-canvas[0] // stride), -(-canvas[1] // stride)
            cy, cx = np.meshgrid((np.arange(rows) + 0.5) * stride, (np.arange(columns) + 0.5) * stride, indexing="ij")
            halves = [(scale * r**0.5 / 2, scale / r**0.5 / 2) for r in self.ratios]
            level = [np.stack([cx - w, cy - h, cx + w, cy + h], axis=-1) for h, w in halves]
            levels.append(np.stack(level, axis=2).reshape(-1, 4).astype(np.float32))
        return np.concatenate(levels)


@dataclass(frozen=True)
class PointGenerator:
    """Generates the centres of a level's cells.

    Attributes:
        stride: Stride of the level.
    """

    stride: int

    def __call__(self, canvas: tuple[int, int]) -> NDArray[np.float32]:
        """Return points (N, 2) of x, y in canvas pixels, row by row.

        Args:
            canvas: Height and width of the canvas.
        """
        rows, columns = canvas[0] // self.stride, canvas[1] // self.stride
        y, x = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
        return (np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float32) + 0.5) * self.stride
