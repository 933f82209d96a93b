"""A decoded picture, before it is read as a film or a field."""

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

Alpha = Literal["none", "straight", "premultiplied"]


@dataclass(frozen=True)
class Picture:
    """Upright samples as stored.

    Attributes:
        samples: uint8 or uint16 (height, width) or (height, width, channels); may be a view.
        bits: Bits of a sample; the largest value is `2 ** bits - 1`.
        colour: Colour space of the channels; palettes and YCbCr are decoded to `rgb`.
        alpha: Kind of the last channel, if it is not a colour.
        profile: ICC profile that the file embeds.
        offset: With `step`: the value that the file stores for a grey sample is `offset + sample * step`.
        step: -1 if the file stores white as zero.
    """

    samples: NDArray[Any]
    bits: int
    colour: Literal["grey", "rgb", "cmyk", "lab"]
    alpha: Alpha = "none"
    profile: bytes | None = None
    offset: float = 0.0
    step: float = 1.0

    @property
    def height(self) -> int:
        """Rows."""
        return self.samples.shape[0]

    @property
    def width(self) -> int:
        """Columns."""
        return self.samples.shape[1]
