"""Sizes in millimetres, as every place shows them."""

import pytest

from lobule.contracts.result import Box, ImageInfo
from lobule.contracts.sizes import longest_mm, whole_mm


def test_the_longest_side_is_in_mm_of_the_film():
    image = ImageInfo(sha256="0" * 64, file_name="f", modality="mammography", width=9, height=9)
    box = Box(x=0, y=0, width=100, height=80)
    assert longest_mm(box, image) is None
    assert longest_mm(box, image.model_copy(update={"pixel_spacing_mm": (0.2, 0.1)})) == pytest.approx(16)


@pytest.mark.parametrize(("mm", "whole"), [(10.5, 11), (11.5, 12), (10.49, 10), (0.0, 0), (-2.5, -2)])
def test_halves_are_rounded_up_as_in_the_scripts_of_the_portal(mm, whole):
    assert whole_mm(mm) == whole
