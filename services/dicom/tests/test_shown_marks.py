"""Marks as others show them: presentation states, and pictures of the hung films."""

import io

import numpy as np
from dicom_content import names
from dicom_objects import analysed, finding
from PIL import Image
from pydicom.dataset import Dataset

from dicom_node.results.presentation_state import presentation_state
from dicom_node.results.secondary_capture import HEIGHT, hung
from lobule.contracts.result import Box, Hanging

BOX = Box(x=10.5, y=20, width=30, height=40)


def test_marks_are_drawn_as_the_sender_has_the_film_shown(film):
    tags = {"WindowCenter": 2000, "WindowWidth": 4000, "PhotometricInterpretation": "MONOCHROME1"}
    state = presentation_state(analysed(film(**tags), finding(1, BOX)), **names(), number=1)
    [annotation] = state.GraphicAnnotationSequence
    assert list(annotation.GraphicObjectSequence[0].GraphicData)[:4] == [10.5, 20, 40.5, 20]
    assert annotation.TextObjectSequence[0].UnformattedTextValue == "RCC f1 60%"
    assert state.SoftcopyVOILUTSequence[0].WindowWidth == 4000
    assert state.PresentationLUTShape == "INVERSE"


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


def test_films_hang_with_their_marks(film):
    """The right breast at the left, its chest wall in the middle; a film that is stored lying is turned upright."""
    lying = Hanging(rotation=90, mirrored=False)
    right = analysed(film(), finding(1, Box(x=0, y=0, width=20, height=20)))
    left = analysed(film(), job="job-2", laterality="L", hanging=lying)
    stream = io.BytesIO()
    Image.new("L", (right.result.display.width, right.result.display.height), 90).save(stream, "PNG")
    sheet = hung([left, right], {"job-1": stream.getvalue(), "job-2": stream.getvalue()})
    width = sheet.shape[1] // 2
    marked = (sheet[..., 0] > 200) & (sheet[..., 2] < 60)
    rows, columns = np.nonzero(marked)
    assert rows.size
    assert rows.max() < HEIGHT / 3
    assert columns.max() < width
    assert (sheet[:HEIGHT, -1] == 0).all() != (sheet[:HEIGHT, 0] == 0).all(), "the films are of different widths"
