"""RoIAlign over all levels of a pyramid at once."""

from collections.abc import Sequence

from lobule_ml.keras_types import Tensor, ops

CELLS_PER_BOX = 14.0  # Lin et al.'s rule, 224 pixels at stride 16, as one number


def assign_levels(boxes: Tensor, strides: Sequence[int]) -> Tensor:
    """The index of each box's pyramid level, by its size.

    It is that of Lin et al., "Feature Pyramid Networks", eq. 1, but rounded to the nearest level instead of down.
    """
    width = ops.maximum(boxes[..., 2] - boxes[..., 0], 1e-3)
    height = ops.maximum(boxes[..., 3] - boxes[..., 1], 1e-3)
    level = ops.log2(ops.sqrt(width * height) / (CELLS_PER_BOX * strides[0]))
    return ops.cast(ops.clip(ops.round(level), 0, len(strides) - 1), "int32")


def roi_align(levels: Sequence[Tensor], strides: Sequence[int], boxes: Tensor, size: int, sampling: int = 2) -> Tensor:
    """Pool a fixed grid under every box (He et al., "Mask R-CNN", section 3).

    Every bin is the mean of `sampling` x `sampling` bilinear samples; no coordinate is rounded. The levels are
    concatenated, so that one gather is sufficient for boxes of all levels.

    Args:
        levels: Feature maps (B, H_l, W_l, C), the strides doubling from one to the next.
        strides: Their strides in canvas pixels.
        boxes: Boxes (B, R, 4) in canvas pixels.
        size: Number of bins down and across.
        sampling: Number of samples per bin and axis.

    Returns:
        The pooled features (B, R, size, size, C).
    """
    batch, channels = ops.shape(levels[0])[0], int(levels[0].shape[-1])
    flat = ops.concatenate([ops.reshape(x, (batch, -1, channels)) for x in levels], axis=1)
    heights, widths = [int(x.shape[1]) for x in levels], [int(x.shape[2]) for x in levels]
    starts = [sum(h * w for h, w in zip(heights[:i], widths[:i], strict=True)) for i in range(len(levels))]
    level = assign_levels(boxes, strides)

    def of_level(values: Sequence[int], dtype: str) -> Tensor:
        return ops.take(ops.convert_to_tensor(list(values), dtype), level)

    stride = of_level(strides, "float32")
    steps = (ops.arange(size * sampling, dtype="float32") + 0.5) / (size * sampling)

    def samples(low: Tensor, high: Tensor, cells: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Lower cell, upper cell and weight of the upper, (B, R, size * sampling) each."""
        position = ops.expand_dims(low, -1) + steps * ops.expand_dims(high - low, -1)
        last = ops.expand_dims(ops.cast(cells, "float32"), -1) - 1.0
        position = ops.clip(position / ops.expand_dims(stride, -1) - 0.5, 0.0, last)
        lower = ops.floor(position)
        upper = ops.minimum(lower + 1.0, last)
        return ops.cast(lower, "int32"), ops.cast(upper, "int32"), position - lower

    width = of_level(widths, "int32")
    y0, y1, wy = samples(boxes[..., 1], boxes[..., 3], of_level(heights, "int32"))
    x0, x1, wx = samples(boxes[..., 0], boxes[..., 2], width)
    image = ops.reshape(ops.arange(batch, dtype="int32"), (-1, 1, 1, 1)) * int(flat.shape[1] or 0)
    table = ops.reshape(flat, (-1, channels))
    origin = ops.expand_dims(ops.expand_dims(of_level(starts, "int32"), -1), -1) + image

    def at(y: Tensor, x: Tensor) -> Tensor:
        row = ops.expand_dims(y * ops.expand_dims(width, -1), -1)
        return ops.take(table, origin + row + ops.expand_dims(x, -2), axis=0)

    wy, wx = ops.expand_dims(ops.expand_dims(wy, -1), -1), ops.expand_dims(ops.expand_dims(wx, -2), -1)
    top = at(y0, x0) * (1.0 - wx) + at(y0, x1) * wx
    bottom = at(y1, x0) * (1.0 - wx) + at(y1, x1) * wx
    pooled = top * (1.0 - wy) + bottom * wy
    if sampling > 1:
        rois = int(boxes.shape[1])
        pooled = ops.reshape(pooled, (-1, rois, size, sampling, size, sampling, channels))
        pooled = ops.mean(pooled, axis=(3, 5))
    return pooled
