"""Films that do not hang as they are stored: the picture turns with its findings, the tags stay readable."""

import itertools

import numpy as np
import pytest

from lobule.contracts.result import Box, DisplayImage, Finding, Hanging
from lobule.imaging.decode import encode_png
from lobule.imaging.hanging import hang
from report.composition import image_report
from report.hanging import hang_finding
from report.overlay import Mark, box_on_display, draw_findings, outline_on_display
from report.palette import FINDINGS

EVERY = [Hanging(rotation=r, mirrored=m) for r, m in itertools.product((0, 90, 180, 270), (False, True))]


@pytest.mark.parametrize("hanging", EVERY, ids=str)
class TestEveryHanging:
    def test_box_and_outline_cover_the_same_pixels(self, mammogram, hanging):
        picture = np.zeros((40, 60), np.uint8)
        picture[10:15, 20:40] = 255
        corners = [(20.0, 10.0), (39.0, 10.0), (39.0, 14.0), (20.0, 14.0)]
        finding = Finding(label="mass", probability=0.5, box=Box(x=20, y=10, width=20, height=5), outline=corners)
        image = mammogram[0].image.model_copy(update={"width": 60, "height": 40, "hanging": hanging})
        turned = hang_finding(finding, image)
        rows, columns = np.nonzero(hang(picture, hanging))
        for vertices in (box_on_display(turned.box, (1.0, 1.0)), outline_on_display(turned.outline or [], (1.0, 1.0))):
            assert vertices.min(axis=0).tolist() == [columns.min(), rows.min()]
            assert vertices.max(axis=0).tolist() == [columns.max(), rows.max()]

    def test_a_report_turns_the_picture_and_not_the_tag(self, mammogram, analysed_at, tissue, hanging):
        result, files = mammogram
        result = result.model_copy(update={"image": result.image.model_copy(update={"hanging": hanging})})
        report = image_report(result, files, analysed_at)
        [pictures], [section] = report.pictures, report.document.images
        assert np.array_equal(pictures.original, hang(tissue, hanging))
        turned = [hang_finding(finding, result.image) for finding in result.findings]
        marks = [Mark(FINDINGS[row.state], row.tag) for row in section.findings]
        expected = draw_findings(pictures.original, turned, marks, (0.5, 0.5))
        assert np.array_equal(pictures.annotated, expected)


def test_scales_turn_too(mammogram, analysed_at):
    """A display image whose pixels are not square shows where the axes go."""
    result, _ = mammogram
    image = result.image.model_copy(update={"hanging": Hanging(rotation=90)})
    display = DisplayImage(file="display.png", width=720, height=240)  # twice as wide as the film's aspect
    ground = np.zeros((240, 720, 3), np.uint8)
    ground[60:150, 200:361] = 99  # the first finding: x 200 to 360, y 120 to 300 at half the height
    result = result.model_copy(update={"image": image, "display": display, "findings": result.findings[:1]})
    report = image_report(result, {"display.png": encode_png(ground)}, analysed_at)
    cutout = report.pictures[0].cutouts[0]
    middle = cutout[len(cutout) // 2, len(cutout) // 2]
    assert middle.tolist() == [99, 99, 99]


@pytest.mark.parametrize("hanging", [None, Hanging(rotation=90), Hanging(rotation=270, mirrored=True)], ids=str)
def test_pixels_that_are_not_square_are_shown_as_long_and_wide_as_they_are(mammogram, analysed_at, hanging):
    """A lesion of 30 x 30 mm on a film whose columns are half as far apart as its rows."""
    result, _ = mammogram
    lesion = result.findings[0].model_copy(update={"box": Box(x=200, y=100, width=300, height=150), "outline": None})
    image = result.image.model_copy(update={"pixel_spacing_mm": (0.2, 0.1), "hanging": hanging})
    ground = np.zeros((240, 360, 3), np.uint8)
    ground[50:125, 100:250] = 99
    result = result.model_copy(update={"image": image, "findings": [lesion]})
    report = image_report(result, {"display.png": encode_png(ground)}, analysed_at)
    original = report.pictures[0].original
    assert sorted(original.shape[:2]) == [360, 480], "48 x 36 mm"
    rows, columns = np.nonzero((original > 50).all(axis=2))
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 2
    marked = (report.pictures[0].annotated != original).any(axis=2)
    lines = marked[rows.min() - 2 : rows.max() + 3, columns.min() - 2 : columns.max() + 3]
    edges = (lines[:5].any(axis=0), lines[-5:].any(axis=0), lines[:, :5].any(axis=1), lines[:, -5:].any(axis=1))
    assert all(edge.mean() > 0.95 for edge in edges), "the box lies around the lesion"
