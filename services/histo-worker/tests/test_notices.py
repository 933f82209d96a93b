"""Notices about the scale of a field."""

import pytest

from histo_worker.notices import scale_notices
from histo_worker.scale import Scale
from lobule.contracts.result import ImageInfo


def image(**known) -> ImageInfo:
    return ImageInfo(sha256="0" * 64, file_name="f.png", modality="histopathology", width=700, height=460, **known)


@pytest.mark.parametrize(
    ("um", "contradicts"), [(0.48, False), (0.75, False), (0.31, False), (1.2, True), (0.24, True)]
)
def test_a_given_scale_that_contradicts_the_magnification_is_doubted(um, contradicts):
    given = image(magnification="100X", um_per_pixel=um)
    told = [
        n.values for n in scale_notices(given, "100X", Scale(um, "given")) if n.code == "scale_against_magnification"
    ]
    assert told == [{"um": f"{um:g}", "magnification": "100X", "usual": "0.48"}] * contradicts


def test_a_magnification_that_only_the_files_name_states_contradicts_nothing():
    told = [notice.code for notice in scale_notices(image(um_per_pixel=1.2), "400X", Scale(1.2, "given"))]
    assert told == []
