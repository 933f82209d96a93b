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
    def test_box_and_outline_cover_the_same_pixels(self, hanging):
        picture = np.zeros((40, 60), np.uint8)
        picture[10:15, 20:40] = 255
        corners = [(20.0, 10.0), (39.0, 10.0), (39.0, 14.0), (20.0, 14.0)]
        finding = Finding(label="mass", probability=0.5, box=Box(x=20, y=10, width=20, height=5), outline=corners)
        turned = hang_finding(finding, hanging, (60, 40))
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
        size = (result.image.width, result.image.height)
        turned = [hang_finding(finding, hanging, size) for finding in result.findings]
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
