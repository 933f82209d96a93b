"""Converts a picture's colours to 8-bit sRGB in strips, so that memory does not grow with the picture.

An embedded ICC profile is applied with LittleCMS: the colours of a camera or scanner are not those of a screen.
"""

import io
from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from lobule.imaging.picture import Picture

RGB8 = NDArray[np.uint8]

_ROW_PIXELS = 1 << 20  # converted at once
_MODES = {"rgb": ("RGB", "RGB "), "cmyk": ("CMYK", "CMYK"), "lab": ("LAB", "Lab ")}  # Pillow's mode, ICC's signature
_SAME = 1  # of 255; a profile with no larger change is treated as sRGB


class Colours:
    """Converts a picture's samples.

    Args:
        picture: The picture to convert.
    """

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.profile_refused = False
        """Whether the file embeds a profile that cannot be applied; set after `is_plain` or the first row."""

    @cached_property
    def _transform(self) -> ImageCms.ImageCmsTransform | None:
        """The transform from the picture's colours to sRGB; None if they are sRGB or assumed to be."""
        colour, profile = self.picture.colour, self.picture.profile
        if colour == "lab":
            return _from_lab()
        if profile is None or colour == "grey":
            return None
        mode, signature = _MODES[colour]
        try:
            opened: Any = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if opened.profile.xcolor_space != signature:
                raise ImageCms.PyCMSError("the profile is for other colours")
            transform = _to_srgb(opened, mode)
        except (ImageCms.PyCMSError, OSError, ValueError):
            self.profile_refused = True
            return None
        return None if colour == "rgb" and _moves_nothing(transform) else transform

    @cached_property
    def is_plain(self) -> bool:
        """Whether the samples are 8-bit sRGB already."""
        picture = self.picture
        plain = picture.bits == 8 and picture.alpha == "none" and picture.colour == "rgb"
        return plain and self._transform is None

    def parts(self) -> Iterator[tuple[int, RGB8]]:
        """Yield the picture from top to bottom: the first row of a strip, and its 8-bit RGB (rows, width, 3)."""
        step = max(1, _ROW_PIXELS // self.picture.width)
        for top in range(0, self.picture.height, step):
            yield top, self.rows(top, top + step)

    def rows(self, top: int, bottom: int) -> RGB8:
        """Some rows as 8-bit RGB (rows, width, 3)."""
        return self._converted(np.ascontiguousarray(self.picture.samples[top:bottom]))

    def _converted(self, samples: NDArray[Any]) -> RGB8:
        picture, alpha = self.picture, None
        samples = _in_8_bits(samples, picture.bits)
        if picture.alpha != "none":
            alpha, samples = samples[..., -1:], samples[..., :-1]
            samples = samples[..., 0] if samples.shape[-1] == 1 else samples
        rgb = self._in_srgb(samples)
        return rgb if alpha is None else _over_white(rgb, alpha, premultiplied=picture.alpha == "premultiplied")

    def _in_srgb(self, samples: NDArray[np.uint8]) -> RGB8:
        if self.picture.colour == "grey":
            return np.repeat(samples[:, :, None], 3, axis=2)
        if self._transform is not None:
            mode = _MODES[self.picture.colour][0]
            if mode == "LAB":  # as Pillow reads it: a and b signed
                samples = samples ^ np.array([0, 128, 128], np.uint8)
            size = (samples.shape[1], samples.shape[0])
            image = Image.frombytes(mode, size, np.ascontiguousarray(samples).tobytes())
            return np.asarray(ImageCms.applyTransform(image, self._transform))
        if self.picture.colour == "cmyk":
            inks = 255 - samples.astype(np.uint16)
            return ((inks[..., :3] * inks[..., 3:] + 127) // 255).astype(np.uint8)
        return samples


def _to_srgb(profile: Any, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


@cache
def _from_lab() -> ImageCms.ImageCmsTransform:
    return _to_srgb(ImageCms.createProfile("LAB"), "LAB")


def _moves_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 3)
    moved = np.asarray(ImageCms.applyTransform(Image.fromarray(grid), transform))
    return int(np.abs(moved.astype(np.int16) - grid).max()) <= _SAME


def _in_8_bits(samples: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Convert samples to 8 bits: the upper byte of deeper ones; shallower ones are scaled to the full range."""
    if bits == 8:
        return samples
    if bits > 8:
        return (samples >> (bits - 8)).astype(np.uint8)
    return (samples.astype(np.uint16) * 255 // (2**bits - 1)).astype(np.uint8)


def _over_white(rgb: RGB8, alpha: NDArray[np.uint8], *, premultiplied: bool) -> RGB8:
    """Composite a transparent picture over white, the colour of empty glass under the microscope."""
    opacity = alpha.astype(np.uint16)
    own = rgb.astype(np.uint16) * (255 if premultiplied else opacity)
    return np.minimum((own + 255 * (255 - opacity) + 127) // 255, 255).astype(np.uint8)
