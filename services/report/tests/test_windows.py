"""The part of each film that a case's report shows."""

import cv2
import numpy as np
import pytest

from lobule.contracts.result import Box, BreastArea, Hanging
from lobule.imaging.decode import encode_png
from report.composition import case_report
from report.exporters.png import export_png
from report.palette import FILM
from report.windows import hung_windows, window_of

BREAST = BreastArea(box=Box(x=0, y=100, width=300, height=240), tips=[(0, 200), (300, 200)])
"""At the left of a film of 720 x 480 pixels."""


@pytest.fixture
def film(mammogram):
    """A film of a left breast; its result may be changed."""

    def film(breast=BREAST, spacing=0.1, side="L", findings=(), **changes):
        image = mammogram[0].image.model_copy(
            update={"laterality": side, "pixel_spacing_mm": spacing and (spacing, spacing)} | changes
        )
        return mammogram[0].model_copy(update={"image": image, "breast": breast, "findings": list(findings)})

    return film


class TestHungWindows:
    def test_films_of_different_detectors_have_one_scale_in_mm(self, film):
        coarse, fine = film(), film(spacing=0.05)
        first, second = hung_windows([(coarse, ()), (fine, ())])
        assert (first.box.width, first.box.height) == (300, 240)
        assert (second.box.width, second.box.height) == (600, 480)
        assert first.box.width * first.per_pixel == second.box.width * second.per_pixel

    def test_pixels_that_are_not_square_have_the_same_scale_both_ways(self, film):
        square, flat = film(), film(pixel_spacing_mm=(0.2, 0.1))
        first, second = hung_windows([(square, ()), (flat, ())])
        assert second.breast == Box(x=0, y=200, width=300, height=480), "twice as tall"
        assert (first.box.width, first.box.height) == (second.box.width, second.box.height) == (300, 480)
        assert first.per_pixel == second.per_pixel

    def test_millimetres_of_another_plane_are_no_scale(self, film):
        """Two films in the breast and one at its detector, where the breast is magnified by an unknown factor."""
        small = BREAST.model_copy(update={"box": Box(x=0, y=100, width=150, height=120)})
        first, second, other = hung_windows(
            [(film(), ()), (film(small), ()), (film(small, spacing_plane="detector"), ())]
        )
        assert first.box.width == second.box.width == 300, "one scale"
        assert (other.box.width, other.box.height) == (150, 120), "as large as fits"

    def test_chest_wall_is_at_the_side_of_the_window(self, film):
        wide = BREAST.model_copy(update={"box": Box(x=0, y=100, width=400, height=240)})
        mirrored = Hanging(mirrored=True)
        left, right, _ = hung_windows([(film(), ()), (film(side="R", hanging=mirrored), ()), (film(wide), ())])
        assert left.box.x == 0
        assert right.box.x + right.box.width == 720

    def test_no_finding_is_cut(self, film, mammogram):
        beside = mammogram[0].findings[1]
        [window] = hung_windows([(film(findings=[beside]), ())])
        assert window.box == Box(x=0, y=20, width=600, height=320)

    def test_film_of_unknown_spacing_is_shown_as_large_as_fits(self, film):
        known, unknown = hung_windows([(film(), ()), (film(spacing=None), ())])
        assert unknown.box == known.box
        small = BREAST.model_copy(update={"box": Box(x=0, y=100, width=150, height=120)})
        known, unknown = hung_windows([(film(), ()), (film(small, spacing=None), ())])
        assert (unknown.box.width, unknown.box.height) == (150, 120)

    def test_films_without_any_spacing_share_the_scale_of_their_pixels(self, film):
        small = BREAST.model_copy(update={"box": Box(x=0, y=100, width=150, height=120)})
        windows = hung_windows([(film(spacing=None), ()), (film(small, spacing=None), ())])
        assert {(window.box.width, window.box.height) for window in windows} == {(300, 240)}

    def test_film_on_which_the_breast_is_not_known_hangs_whole(self, film):
        [window] = hung_windows([(film(None), ())])
        assert window.box == Box(x=0, y=0, width=720, height=480)

    def test_film_on_which_the_breast_is_not_known_does_not_make_the_others_smaller(self, film):
        known, unknown = hung_windows([(film(), ()), (film(None), ())])
        assert (known.box.width, known.box.height) == (300, 240)
        assert (unknown.box.width, unknown.box.height) == (720, 576), "whole"


def test_image_without_a_breast_has_no_window(film):
    assert window_of(film(None)) is None
    assert window_of(film()).box == BREAST.box


def test_hung_picture_shows_the_breast_alone_and_is_black_beyond_the_film(make_content, results, mammogram):
    """The film's display image has half of its pixels; the breast is grey, a label beside it white."""
    display = np.zeros((240, 360, 3), np.uint8)
    display[50:170, :150] = 90
    display[20:60, 300:340] = 255
    result = mammogram[0].model_copy(update={"breast": BREAST, "findings": []})
    report = case_report(make_content(), [(result, {"display.png": encode_png(display)}), results[1]])
    [number] = report.document.hung
    assert report.document.results[number].image.laterality == "L"
    hung = report.pictures[number].hung
    assert hung.shape == (120, 150, 3)
    assert set(np.unique(hung[2:-2, 2:-2])) == {90}
    larger = result.model_copy(
        update={"breast": BREAST.model_copy(update={"box": Box(x=0, y=-40, width=300, height=380)})}
    )
    report = case_report(make_content(), [(larger, {"display.png": encode_png(display)}), results[1]])
    assert report.pictures[number].hung[5, 50].tolist() == list(FILM)


@pytest.mark.parametrize(
    "box", [Box(x=0, y=0, width=200, height=480), Box(x=0, y=100, width=700, height=100)], ids=["tall", "wide"]
)
def test_printed_film_shows_its_whole_window(make_content, results, mammogram, box):
    """The breast, whose shape is another than the film's, has a colour of its own at each edge."""
    left, top, right, bottom = (round(edge / 2) for edge in (box.x, box.y, box.x + box.width, box.y + box.height))
    display = np.zeros((240, 360, 3), np.uint8)
    display[top:bottom, left:right] = 90
    edges = {"top": (255, 0, 0), "bottom": (0, 255, 0), "left": (0, 0, 255), "right": (255, 0, 255)}
    display[top : top + 8, left + 20 : right - 20] = edges["top"]
    display[bottom - 8 : bottom, left + 20 : right - 20] = edges["bottom"]
    display[top + 20 : bottom - 20, left : left + 8] = edges["left"]
    display[top + 20 : bottom - 20, right - 8 : right] = edges["right"]
    area = BreastArea(box=box, tips=[(0, 150), (100, 150)])
    result = mammogram[0].model_copy(update={"breast": area, "findings": []})
    report = case_report(make_content(), [(result, {"display.png": encode_png(display)}), results[1]])
    page = cv2.imdecode(np.frombuffer(export_png(report), np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    seen = [edge for edge, colour in edges.items() if (abs(page - colour) < 60).all(axis=2).sum() > 20]
    assert seen == list(edges)
