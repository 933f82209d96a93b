"""Films of 1,000 rows with native resolution at their lesions, where the crops of CBIS-DDSM are placed back."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_REACH = 12  # search radius around a crop's expected place, in film pixels
_LEAST_CORRELATION = 0.9  # correlation of a crop with the film, at the film's resolution
_LARGEST_DIFFERENCE = 60.0  # native pixels between the sides of box and crop; crops have margins of 10 to 25 pixels


@dataclass(frozen=True)
class PlacedCrop:
    """A crop with its position on the film.

    Attributes:
        grey: uint8 (height, width), as stored; large crops are shrunk.
        corner: Position x, y of its upper left corner in film pixels.
        size: Width and height in film pixels.
        gain: Factor from the crop's grey to the film's; crops of CBIS-DDSM are stretched to their brightest pixel.
        offset: Offset from the crop's grey to the film's.
    """

    grey: NDArray[np.uint8]
    corner: tuple[float, float]
    size: tuple[float, float]
    gain: float
    offset: float


def place_crop(
    film: NDArray[np.uint8],
    grey: NDArray[np.uint8],
    native_size: tuple[int, int],
    box: NDArray[np.floating],
    factor: float,
) -> PlacedCrop | None:
    """Find the position from which a crop was cut; None if it does not match its box or the film.

    Args:
        film: Film (height, width).
        grey: The crop.
        native_size: Height and width of the crop in native pixels, before it was shrunk.
        box: Box x1, y1, x2, y2 of its lesion in film pixels.
        factor: Native pixels per film pixel.
    """
    height, width = (length / factor for length in native_size)
    if max(abs(height - (box[3] - box[1])), abs(width - (box[2] - box[0]))) * factor > _LARGEST_DIFFERENCE:
        return None
    small = cv2.resize(grey, (max(4, round(width)), max(4, round(height))), interpolation=cv2.INTER_AREA)
    middle = (box[:2] + box[2:]) / 2
    first = np.maximum(np.floor(middle - np.array(small.shape[::-1]) / 2 - _REACH).astype(int), 0)
    last = first + np.array(small.shape[::-1]) + 2 * _REACH
    part = film[first[1] : last[1], first[0] : last[0]]
    if part.shape[0] < small.shape[0] or part.shape[1] < small.shape[1]:
        return None
    _, best, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(part, small, cv2.TM_CCOEFF_NORMED))
    if best < _LEAST_CORRELATION:
        return None
    under = part[y : y + small.shape[0], x : x + small.shape[1]]
    gain, offset = np.polyfit(small.ravel().astype(float), under.ravel().astype(float), 1)
    corner = (float(first[0] + x), float(first[1] + y))
    return PlacedCrop(grey, corner, (width, height), float(gain), float(offset))


def native_region(
    film: NDArray[np.uint8], crops: list[PlacedCrop], box: NDArray[np.floating], factor: float
) -> NDArray[np.float32]:
    """A box of the film at native resolution, in the film's grey; outside the crops it is enlarged from the film.

    Args:
        film: Film (height, width).
        crops: Crops on the film.
        box: Box x1, y1, x2, y2 in film pixels.
        factor: Native pixels per film pixel.
    """
    size = (max(8, round(float(box[2] - box[0]) * factor)), max(8, round(float(box[3] - box[1]) * factor)))

    def draw(
        image: NDArray[np.float32], corner: tuple[float, float], scale: tuple[float, float]
    ) -> NDArray[np.float32]:
        # Maps a pixel of the region to one of the image; both are counted from the centre of their first pixel.
        at = [(float(box[i]) - corner[i] + 0.5 / factor) * scale[i] - 0.5 for i in (0, 1)]
        affine = np.array([[scale[0] / factor, 0, at[0]], [0, scale[1] / factor, at[1]]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        drawn = cv2.warpAffine(image, affine, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=(-1.0,))
        return drawn.astype(np.float32)

    x1, y1 = (max(0, int(np.floor(v)) - 4) for v in box[:2])
    part = film[y1 : int(np.ceil(box[3])) + 5, x1 : int(np.ceil(box[2])) + 5].astype(np.float32)
    region = np.maximum(draw(part, (x1, y1), (1.0, 1.0)), 0).astype(np.float32)
    for crop in crops:
        scale = (crop.grey.shape[1] / crop.size[0], crop.grey.shape[0] / crop.size[1])
        inside = draw(np.ones(crop.grey.shape, np.float32), crop.corner, scale) > 0.5
        fine = draw(crop.grey.astype(np.float32), crop.corner, scale) * crop.gain + crop.offset
        region[inside] = np.clip(fine, 0, 255)[inside]
    return region
