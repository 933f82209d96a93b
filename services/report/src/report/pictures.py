"""The pictures of a report: what was analysed, what was found on it, and each finding enlarged."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lobule.contracts.result import Box, Finding, ImageInfo, Result
from lobule.contracts.tissue import TissueRegion
from lobule.errors import AnalysisError
from lobule.imaging.hanging import hang, square_pixels
from report.hanging import hang_finding, hung_size, move_finding
from report.overlay import RGB8, Mark, blend_heat, box_on_display, draw_findings, draw_outline, draw_reader
from report.palette import FILM, FINDINGS, RGB
from report.reader import ReaderRow, as_shape
from report.scale_bar import draw_scale_bar
from report.section import FindingRow, ImageSection
from report.tags import Place, TagPlaces
from report.windows import Window

Used = TypeVar("Used")

_THUMBNAIL_SIDE = 128
_CUTOUT_SIDE = 360
_CUTOUT_MARGIN = 0.35  # of the box's longer side, on each side
_CUTOUT_SMALLEST = 96
_LONGEST_HUNG = 1280  # pixels: a film that hangs is printed 72 mm high


@dataclass(frozen=True)
class Pictures:
    """The pictures of one image, uint8, (height, width, 3) each, turned as it hangs, with square pixels.

    Attributes:
        original: The image as analysed.
        annotated: The image with all marked findings of the system.
        hung: The part that is shown when hung, with the findings that the clinician did not dismiss, and without the
            heat map, which would still show the place of a dismissed finding.
        cutouts: Each finding enlarged, in their order.
        drawn: Each finding that a reader drew, enlarged.
    """

    original: RGB8
    annotated: RGB8
    hung: RGB8
    cutouts: tuple[RGB8, ...]
    drawn: tuple[RGB8, ...] = ()


def draw_pictures(
    result: Result,
    section: ImageSection,
    files: Mapping[str, bytes],
    readers: Sequence[ReaderRow] = (),
    window: Window | None = None,
) -> Pictures:
    """Draw what a result found onto its display image.

    Args:
        result: What the pipeline concluded.
        section: The same in words: the tags of the findings.
        files: The pictures that the result names, by name.
        readers: What readers drew on the image.
        window: The part that hangs; None for all of it.

    Raises:
        AnalysisError: `result_unreadable` if a picture is missing, damaged or of another size than said.
    """
    image = result.image
    display = _hung(_read(files, result.display.file, _size(result), "RGB"), image)
    width, height = hung_size(image)
    scale = (display.shape[1] / width, display.shape[0] / height)
    found = [(row, hang_finding(result.findings[row.index], image)) for row in section.findings]
    own = [(row.letter, hang_finding(as_shape(row.finding), image)) for row in readers]
    within = window and window.breast
    return Pictures(
        original=display,
        annotated=_drawn(found, _with_map(display, result, section, files, scale), scale),
        hung=_hanging(display, found, own, window, scale),
        cutouts=tuple(_cutout(display, finding, scale, within, FINDINGS[row.lesion_state]) for row, finding in found),
        drawn=tuple(_cutout(display, finding, scale, within) for _, finding in own),
    )


def _with_map(
    display: RGB8, result: Result, section: ImageSection, files: Mapping[str, bytes], scale: tuple[float, float]
) -> RGB8:
    """The display image below its heat map, with the scale bar and the squares of the map, if it has them."""
    picture, regions = display, list[TissueRegion]()
    if result.heat_map is not None:
        picture = blend_heat(display, _hung(_read(files, result.heat_map.file, _size(result), "L"), result.image))
        regions = result.tissue.regions if result.tissue is not None else regions
    tags = TagPlaces(display.shape[1], display.shape[0])
    if section.scale_bar is not None:
        squares = [_place_of(region, scale) for region in regions]
        picture = draw_scale_bar(picture, section.scale_bar, scale[0], squares, tags)
    return _with_regions(picture, regions, scale, tags)


def _hanging(
    display: RGB8,
    found: Sequence[tuple[FindingRow, Finding]],
    own: Sequence[tuple[str, Finding]],
    window: Window | None,
    scale: tuple[float, float],
) -> RGB8:
    """The part that hangs, with what was not dismissed and, by their letters, what readers drew."""
    shown, per_pixel, x, y = display, scale, 0.0, 0.0
    if window is not None:
        shown, per_pixel = _seen(display, window, scale)
        x, y = -window.box.x, -window.box.y
    standing = [(row, move_finding(finding, x, y)) for row, finding in found if row.judged != "dismissed"]
    places = TagPlaces(shown.shape[1], shown.shape[0])
    hung = _drawn(standing, shown, per_pixel, places)
    if not own:
        return hung
    moved = [move_finding(finding, x, y) for _, finding in own]
    return draw_reader(hung, moved, [letter for letter, _ in own], per_pixel, places=places)


def _size(result: Result) -> tuple[int, int]:
    return result.display.width, result.display.height


def _hung(picture: NDArray[np.uint8], image: ImageInfo) -> NDArray[np.uint8]:
    """A picture of an image, turned as it hangs, with square pixels."""
    picture = hang(picture, image.hanging)
    across, down = square_pixels(image)
    if (across, down) == (1.0, 1.0):
        return picture
    size = (round(picture.shape[1] * across), round(picture.shape[0] * down))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def _with_regions(ground: RGB8, regions: Sequence[TissueRegion], scale: tuple[float, float], places: TagPlaces) -> RGB8:
    """A map with the squares where invasive carcinoma is likeliest. A field hangs as it was sent."""
    squares = [
        Finding(label="mass", probability=region.probability_tumour, outline=None, box=_box_of(region))
        for region in regions
    ]
    marks = [Mark(FINDINGS["unknown"], f"{region.probability_tumour:.0%}") for region in regions]
    return draw_findings(ground, squares, marks, scale, small=True, places=places) if squares else ground


def _box_of(region: TissueRegion) -> Box:
    return Box(x=region.x, y=region.y, width=region.width, height=region.height)


def _place_of(region: TissueRegion, scale: tuple[float, float]) -> Place:
    corners = box_on_display(_box_of(region), scale).round().astype(int)
    return Place(*corners[0].tolist(), *corners[2].tolist())


def _drawn(
    found: Sequence[tuple[FindingRow, Finding]],
    below: RGB8,
    scale: tuple[float, float],
    places: TagPlaces | None = None,
) -> RGB8:
    """A picture with findings, a small one if the places of its tags are noted; see `overlay.draw_findings`."""
    small = places is not None
    marks = [
        Mark(FINDINGS[row.lesion_state], str(row.number))
        if small and row.number
        else Mark(FINDINGS[row.state], row.tag)
        for row, _ in found
    ]
    return (
        draw_findings(below, [finding for _, finding in found], marks, scale, small=small, places=places)
        if found
        else below
    )


def _seen(display: RGB8, window: Window, scale: tuple[float, float]) -> tuple[RGB8, tuple[float, float]]:
    """The part of a film in a window, black beyond the film, with the picture's pixels per pixel of the film."""
    box = window.box
    per_pixel = min(window.per_pixel, _LONGEST_HUNG / max(box.width, box.height))
    width, height = max(1, round(box.width * per_pixel)), max(1, round(box.height * per_pixel))
    across, down = width / box.width, height / box.height
    to_display = (scale[0] / across, 0.0, box.x * scale[0], 0.0, scale[1] / down, box.y * scale[1])
    picture = Image.fromarray(display)
    if min(to_display[0], to_display[4]) >= 2:  # a transformation takes single pixels: first their means
        times = int(min(to_display[0], to_display[4]))
        picture = picture.reduce(times)
        to_display = tuple(value / times for value in to_display)
    shown = picture.transform(
        (width, height), Image.Transform.AFFINE, to_display, Image.Resampling.BILINEAR, fillcolor=FILM
    )
    return np.asarray(shown), (across, down)


def _cutout(
    display: RGB8, finding: Finding, scale: tuple[float, float], within: Box | None, colour: RGB | None = None
) -> RGB8:
    """Cut out a square around a finding and draw only its outline; without a colour, as a reader's finding.

    The square keeps to a part of the film if one is given, so that it shows no label beside the breast.
    """
    corners = box_on_display(finding.box, scale)
    (left, top), (right, bottom) = corners[0], corners[2]
    longer = max(right - left, bottom - top)
    side = max(1, round(min(max(longer * (1 + 2 * _CUTOUT_MARGIN), _CUTOUT_SMALLEST), *display.shape[:2])))
    room = within or Box(x=0, y=0, width=display.shape[1] / scale[0], height=display.shape[0] / scale[1])
    x = _placed((left + right - side) / 2, side, room.x * scale[0], (room.x + room.width) * scale[0], display.shape[1])
    y = _placed((top + bottom - side) / 2, side, room.y * scale[1], (room.y + room.height) * scale[1], display.shape[0])
    cutout = fit(display[y : y + side, x : x + side], _CUTOUT_SIDE)
    zoom = len(cutout) / side
    if colour is None:
        return draw_reader(cutout, [finding], [], scale, (x, y), zoom)
    return draw_outline(cutout, finding, colour, scale, origin=(x, y), zoom=zoom)


def _placed(start: float, side: int, least: float, most: float, size: int) -> int:
    """Where a square begins along an axis: within a part if it has room there, and always on the picture."""
    if side <= most - least:
        start = min(max(start, least), most - side)
    return min(max(round(start), 0), size - side)


def draw_thumbnail(picture: RGB8) -> bytes:
    """A picture, small, as a JPEG file."""
    return jpeg(np.ascontiguousarray(fit(picture, _THUMBNAIL_SIDE)), quality=80)


def fit(picture: RGB8, longest: int) -> RGB8:
    """Shrink a picture so that its longer side has at most a given number of pixels."""
    height, width = picture.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return picture
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))


def jpeg(picture: NDArray[np.uint8], quality: int = 92) -> bytes:
    """A grey or RGB picture as a JPEG file."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def check_pictures(result: Result, files: Mapping[str, bytes]) -> None:
    """Check that the pictures of a result exist, can be decoded and have the size that it states.

    Raises:
        AnalysisError: `result_unreadable`.
    """
    for name in (result.display.file, *([result.heat_map.file] if result.heat_map else [])):
        _opened(files, name, _size(result), lambda image: image.verify())


def _read(files: Mapping[str, bytes], name: str, size: tuple[int, int], mode: str) -> NDArray[np.uint8]:
    """Decode one of our own pictures and check its size against the result."""
    return _opened(files, name, size, lambda image: np.asarray(image.convert(mode)))


def _opened(files: Mapping[str, bytes], name: str, size: tuple[int, int], use: Callable[[Image.Image], Used]) -> Used:
    if name not in files:
        raise AnalysisError("result_unreadable", "picture_missing", name=name)
    try:
        with Image.open(io.BytesIO(files[name])) as image:
            found = image.size
            used = use(image)
    except Exception:  # noqa: BLE001 - decoders of damaged bytes raise anything
        raise AnalysisError("result_unreadable", "picture_damaged", name=name) from None
    if found != size:
        raise AnalysisError(
            "result_unreadable",
            "picture_size",
            name=name,
            found_width=found[0],
            found_height=found[1],
            width=size[0],
            height=size[1],
        )
    return used
