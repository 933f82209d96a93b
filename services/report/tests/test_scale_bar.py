"""The scale bar on the map of a field."""

import numpy as np
import pytest

from lobule.contracts.language import LANGUAGES
from lobule.contracts.result import HeatMap
from lobule.contracts.tissue import Tissue, TissueRegion
from lobule.words import Words
from report.palette import INK, WASH
from report.pictures import draw_pictures
from report.section import build_section
from report.sizes import scale_bar_of


@pytest.fixture
def make_field(make_histology):
    """A field of 360 x 240 pixels with a map, at a scale, with regions."""

    def make(um: float = 0.5, source: str = "file", regions: tuple[TissueRegion, ...] = ()):
        tissue = Tissue(
            model="tissue-lite0 1.0.0",
            um_per_pixel=um,
            scale_source=source,
            probability_tumour=0.9,
            tumour_share=0.3,
            marked_from=0.25,
            unlike_training=0.5,
            regions=list(regions),
        )
        heat_map = HeatMap(kind="tumour", file="heat.png", method="how", meaning="what")
        return make_histology(tissue=tissue, heat_map=heat_map)

    return make


@pytest.fixture
def annotated(analysed_at):
    """The picture of a field with what was found."""
    return lambda field: draw_pictures(field[0], build_section(field[0], analysed_at, Words("en")), field[1]).annotated


def plate_of(picture):
    """Left, top, right and lower edge of what has the colour of the bar's ground."""
    y, x = np.nonzero((picture == WASH).all(axis=2))
    return x.min(), y.min(), x.max(), y.max()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("um", "source", "micrometres", "words"),
    [
        (0.5, "file", 20, "20 µm"),
        (0.25, "given", 20, "20 µm"),
        (1.2, "magnification", 100, "≈ 100 µm"),
        (0.02, "given", 1, "1 µm"),
        (8, "given", 500, "500 µm"),
        (1.111111111111111, "given", 50, "50 µm"),
    ],
)
def test_it_is_the_longest_round_length_that_a_quarter_of_the_field_holds(
    make_field, um, source, micrometres, words, language
):
    bar = scale_bar_of(make_field(um, source)[0], Words(language))
    assert bar is not None
    assert (bar.pixels, bar.words) == (pytest.approx(micrometres / um), words)


@pytest.mark.parametrize("source", ["estimated", None])
def test_there_is_none_where_the_scale_is_a_guess(make_field, make_histology, annotated, source):
    field = make_field(source=source) if source else make_histology()
    assert scale_bar_of(field[0], Words("en")) is None
    assert not (annotated(field) == WASH).all(axis=2).any()


def test_it_is_as_long_as_it_says_in_the_lower_left_corner(make_field, annotated):
    picture = annotated(make_field())
    left, top, right, low = plate_of(picture)
    assert left < 12
    assert low > 240 - 12
    dark = (picture[top:low, left:right] == INK).all(axis=2)
    assert dark.sum(axis=1).max() == 20 / 0.5


def test_it_stands_in_a_corner_where_nothing_is_marked(make_field, annotated):
    marked = TissueRegion(x=0, y=140, width=100, height=100, probability_tumour=0.9)
    left, _, right, low = plate_of(annotated(make_field(regions=(marked,))))
    assert left > 100
    assert right > 360 - 12
    assert low > 240 - 12


def test_no_tag_stands_over_it(make_field, annotated):
    """That of a region above it would."""
    bare = plate_of(annotated(make_field()))
    high = TissueRegion(x=0, y=0, width=90, height=190, probability_tumour=0.9)
    assert plate_of(annotated(make_field(regions=(high,)))) == bare
