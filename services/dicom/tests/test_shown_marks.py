"""Marks as others show them: presentation states, and pictures of the hung films."""

import io
import tracemalloc
from typing import get_args

import numpy as np
import pytest
from dicom_content import names
from dicom_objects import analysed, finding
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset

from dicom_node.results.film import film_name
from dicom_node.results.presentation_state import presentation_state
from dicom_node.results.secondary_capture import HEIGHT, MOST_PIXELS, hung
from dicom_node.results.segmentation import segmentation
from lobule.contracts.result import Box, Hanging, MammographyView

BOX = Box(x=10.5, y=20, width=30, height=40)


def test_marks_are_drawn_as_the_sender_has_the_film_shown(film):
    tags = {"WindowCenter": 2000, "WindowWidth": 4000, "PhotometricInterpretation": "MONOCHROME1"}
    state = presentation_state(analysed(film(**tags), finding(1, BOX)), **names(), number=1)
    [annotation] = state.GraphicAnnotationSequence
    assert list(annotation.GraphicObjectSequence[0].GraphicData)[:4] == [10.5, 20, 40.5, 20]
    assert annotation.TextObjectSequence[0].UnformattedTextValue == "Finding 1 in RCC: 60%"
    assert state.SoftcopyVOILUTSequence[0].WindowWidth == 4000
    assert state.PresentationLUTShape == "INVERSE"


def test_calcifications_have_another_shape_than_masses_and_are_named(film):
    cluster = finding(1, BOX).model_copy(update={"label": "calcification"})
    [annotation] = presentation_state(analysed(film(), cluster), **names(), number=1).GraphicAnnotationSequence
    [line] = annotation.GraphicObjectSequence
    assert line.NumberOfGraphicPoints == 9, "the corners are cut off, and the line is closed"
    assert list(line.GraphicData)[:2] == list(line.GraphicData)[-2:]
    assert "calcifications" in annotation.TextObjectSequence[0].UnformattedTextValue


@pytest.mark.parametrize(
    ("spacing", "aspect"), [(None, [1, 1]), (None, [1, 2]), ((0.15, 0.15), [1, 1]), ((0.15, 0.225), [2, 3])]
)
def test_pixels_that_are_not_square_are_shown_as_they_are(film, spacing, aspect):
    said = {"pixel_spacing_mm": spacing, "pixel_aspect": None if spacing else aspect[0] / aspect[1]}
    state = presentation_state(analysed(film(), finding(1, BOX), **said), **names(), number=1)
    assert list(state.DisplayedAreaSelectionSequence[0].PresentationPixelAspectRatio) == aspect


def test_lookup_tables_of_the_sender_are_repeated(film):
    """Or there is no presentation state, where they cannot be."""
    table = Dataset()
    table.LUTDescriptor, table.LUTData = [4096, 0, 12], np.arange(4095, -1, -1, dtype=np.uint16).tobytes()
    shown = analysed(film(VOILUTSequence=[table]), finding(1, BOX))
    assert shown.repeats_display
    [transformation] = presentation_state(shown, **names(), number=1).SoftcopyVOILUTSequence
    [repeated] = transformation.VOILUTSequence
    assert list(repeated.LUTDescriptor) == [4096, 0, 12], "of 12 bits, as it was"
    assert repeated.LUTData == table.LUTData
    table.LUTDescriptor = [4096, 0, 10]
    assert not analysed(film(VOILUTSequence=[table]), finding(1, BOX)).repeats_display
    modality = {"ModalityLUTSequence": [table], "WindowCenter": 2000, "WindowWidth": 4000}
    assert not analysed(film(**modality), finding(1, BOX)).repeats_display


@pytest.mark.parametrize(
    ("side", "view", "copy", "name"),
    [
        ("R", "CC", 1, "RCC"),
        ("R", "CC", 2, "RCC 2"),
        ("L", "LM", 1, "LLM"),
        (None, "LM", 1, "LM (side unknown)"),
        ("L", "M", 1, "L magnification"),
        ("L", "MCC", 1, "LCC magnification"),
        ("R", "SMMLO", 2, "RMLO spot compression magnification 2"),
        ("R", "S", 2, "R spot compression 2"),
        ("R", "RM", 1, "R rolled medially"),
        ("R", None, 1, "R (view unknown)"),
        (None, None, 1, "film"),
    ],
)
def test_the_name_of_a_film_is_that_of_no_other_view(side, view, copy, name):
    assert film_name(side, view, copy) == name


def test_no_two_sides_and_views_have_one_name():
    views = [*get_args(MammographyView), None]
    both = {(side, view): film_name(side, view) for side in ("R", "L", None) for view in views}
    assert len(set(both.values())) == len(both)


@pytest.mark.parametrize("spacing", [None, (0.2, 0.1)])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_mark_and_its_number_lie_on_the_film_however_it_is_turned(film, rotation, mirrored, spacing):
    hanging = Hanging(rotation=rotation, mirrored=mirrored)
    one = analysed(film(), finding(7, BOX), hanging=hanging, pixel_spacing_mm=spacing)
    size = one.result.display.width, one.result.display.height
    picture, box = Image.new("L", size), finding(7, BOX).box
    ImageDraw.Draw(picture).rectangle([box.x, box.y, box.x + box.width, box.y + box.height], fill=255)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    sheet = hung([one], {"job-1": stream.getvalue()}.__getitem__)[40:HEIGHT].astype(int)
    lesion = np.argwhere(sheet.min(axis=2) > 250)
    mark = np.argwhere((sheet[..., 0] > 240) & (sheet[..., 2] < 20))
    number = np.argwhere((sheet[..., 0] > 120) & (sheet[..., 2] < 20))
    within = 8 if spacing is None else 16  # a pixel of the drawn film is twice as long
    assert np.abs(mark.max(axis=0) - lesion.max(axis=0)).max() < within
    height, width = np.ptp(lesion, axis=0)
    tall, wide = (BOX.width, BOX.height) if rotation in (90, 270) else (BOX.height, BOX.width)
    aspect = tall / wide * {None: 1, (0.2, 0.1): 0.5 if rotation in (90, 270) else 2}[spacing]
    assert height / width == pytest.approx(aspect, rel=0.05), "as long and wide as it is"
    assert number[:, 0].min() < lesion[:, 0].min() - 8, "above the box"


def test_films_hang_with_their_marks(film):
    """The right breast at the left, its chest wall in the middle; a film that is stored lying is turned upright."""
    lying = Hanging(rotation=90, mirrored=False)
    right = analysed(film(), finding(1, Box(x=0, y=0, width=20, height=20)))
    left = analysed(film(), job="job-2", laterality="L", hanging=lying)
    stream = io.BytesIO()
    Image.new("L", (right.result.display.width, right.result.display.height), 90).save(stream, "PNG")
    sheet = hung([left, right], {"job-1": stream.getvalue(), "job-2": stream.getvalue()}.__getitem__)
    width = sheet.shape[1] // 2
    marked = (sheet[..., 0] > 200) & (sheet[..., 2] < 60)
    rows, columns = np.nonzero(marked)
    assert rows.size
    assert rows.max() < HEIGHT / 3
    assert columns.max() < width
    assert (sheet[:HEIGHT, -1] == 0).all() != (sheet[:HEIGHT, 0] == 0).all(), "the films are of different widths"


@pytest.mark.parametrize(("columns", "rows", "count"), [(1200, 200, 4), (60, 80, 60)])
def test_the_picture_of_any_study_fits_into_memory(film, columns, rows, count):
    """A peer may send strips whose pixels are long, and any number of films; the object is made in memory."""
    shape = {"width": columns, "height": rows, "pixel_spacing_mm": (0.05, 0.19)}
    films = [analysed(film(), job=f"job-{number}", **shape) for number in range(count)]
    stream = io.BytesIO()
    Image.new("L", (columns, rows), 90).save(stream, "PNG")
    sheet = hung(films, lambda _job: stream.getvalue())
    assert sheet.shape[0] * sheet.shape[1] < 1.1 * MOST_PIXELS
    assert sheet.max() > 80


def test_many_outlines_on_a_large_film_fit_into_memory(film):
    """highdicom would hold each mask several times, a byte for a pixel."""
    outline = [(10.0, 10.0), (900.0, 12.0), (40.0, 900.0)]
    one = analysed(film(), *[finding(number, BOX, outline=outline) for number in range(1, 13)])
    segmentation(one, **names(), number=1)  # loads what is loaded once
    one.header.Rows = one.header.Columns = side = 1999
    tracemalloc.start()
    made = segmentation(one, **names(), number=1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6 * side * side + 10_000_000
    assert [made.Rows, made.Columns, made.NumberOfFrames] == [side, side, 12]
    assert made.pixel_array.sum(axis=(1, 2)).min() > 300_000
