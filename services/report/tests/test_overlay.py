import cv2
import numpy as np
import pytest
from rendered_reports import render

from lobule.contracts.result import Box, DisplayImage, Finding
from lobule.imaging.decode import decode_rgb, encode_png
from report.composition import image_report
from report.overlay import Mark, blend_heat, box_on_display, draw_findings, outline_on_display
from report.palette import FINDINGS
from report.pictures import draw_pictures


def offsets_within_one_pixel(drawn, known):
    """Whether two masks agree once each is grown by one pixel around the other's edge."""
    kernel = np.ones((3, 3), np.uint8)
    grown, shrunk = cv2.dilate(known, kernel), cv2.erode(known, kernel)
    return bool(np.all(drawn <= grown) and np.all(shrunk <= drawn))


def changed(before, after):
    return np.any(before != after, axis=2).astype(np.uint8)


MARK = Mark(FINDINGS["malignancy_suspected"], "1")


def near(picture, state="malignancy_suspected"):
    """Where a picture has the colour of a finding's state, but for what smoothing leaves."""
    return np.all(np.abs(picture.astype(int) - FINDINGS[state]) < 24, axis=2)


class TestBlendHeat:
    def test_colours_exactly_the_evidence(self, tissue, heat):
        assert np.array_equal(changed(tissue, blend_heat(tissue, heat)), (heat > 0).astype(np.uint8))

    def test_stronger_evidence_is_more_opaque(self):
        ground = np.full((1, 3, 3), 200, np.uint8)
        blended = blend_heat(ground, np.array([[0, 120, 255]], np.uint8)).astype(int)
        distance = np.abs(blended - 200).sum(axis=2)[0]
        assert distance[0] == 0 < distance[1] < distance[2]


class TestDrawFindings:
    @pytest.mark.parametrize("scale", [0.5, 1.0, 1.7])
    def test_a_tinted_mask_covers_the_same_pixels(self, scale):
        height, width = 300, 400
        mask = np.zeros((height, width), np.uint8)
        cv2.ellipse(mask, (200, 170), (110, 70), 20, 0, 360, 1, cv2.FILLED)
        points = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0][0][:, 0, :]
        box = Box(x=5, y=295, width=3, height=3)  # out of the way: the outline is what is measured
        finding = Finding(label="benign", probability=0.5, box=box, outline=[(float(x), float(y)) for x, y in points])
        size = (round(width * scale), round(height * scale))
        ground = np.full((size[1], size[0], 3), 128, np.uint8)
        drawn = draw_findings(ground, [finding], [MARK], (size[0] / width, size[1] / height))
        line = near(drawn).astype(np.uint8)
        line[round(250 * scale) :] = 0  # the box and its tag
        edges = cv2.findContours(line, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
        covered = cv2.drawContours(np.zeros_like(line), edges, -1, 1, cv2.FILLED)
        known = cv2.resize(mask * 255, size, interpolation=cv2.INTER_LINEAR) > 127
        assert offsets_within_one_pixel(covered, known.astype(np.uint8))

    def test_the_line_runs_on_the_edge_of_the_mask(self):
        ground = np.full((200, 200, 3), 128, np.uint8)
        corners = [(50.0, 60.0), (149.0, 60.0), (149.0, 139.0), (50.0, 139.0)]
        finding = Finding(
            label="malignant", probability=0.5, box=Box(x=50, y=60, width=100, height=80), outline=corners
        )
        drawn = draw_findings(ground, [finding], [MARK], (1.0, 1.0))
        line = near(drawn)
        rows, columns = np.nonzero(line[100:]), np.nonzero(line[:, 100])
        assert np.abs(np.array([rows[1].min(), rows[1].max()]) - (50, 149)).max() <= 1
        assert np.abs(np.array([rows[0].max() + 100, columns[0].max()]) - 139).max() <= 1

    def test_states_have_their_own_colours(self):
        ground = np.zeros((200, 200, 3), np.uint8)
        finding = Finding(label="mass", probability=0.5, box=Box(x=50, y=60, width=100, height=80))
        for state, colour in FINDINGS.items():
            assert near(draw_findings(ground, [finding], [Mark(colour, "1")], (1.0, 1.0)), state)[139, 100]
        assert len(set(FINDINGS.values())) == 4

    def test_a_tag_stays_inside_the_picture(self):
        ground = np.zeros((120, 120, 3), np.uint8)
        for box in (Box(x=0, y=0, width=120, height=120), Box(x=110, y=110, width=10, height=10)):
            mark = Mark(FINDINGS["not_sure"], "1  99.9%")
            drawn = draw_findings(ground, [Finding(label="mass", probability=0.5, box=box)], [mark], (1.0, 1.0))
            assert drawn.shape == ground.shape
            assert np.count_nonzero(np.all(drawn == FINDINGS["not_sure"], axis=2)) > 400


class TestCoordinates:
    def test_outlines_run_through_centres_of_pixels(self):
        assert outline_on_display([(0.0, 0.0), (9.0, 9.0)], (2.0, 2.0)).tolist() == [[0.5, 0.5], [18.5, 18.5]]

    def test_boxes_cover_whole_pixels(self):
        corners = box_on_display(Box(x=10, y=20, width=30, height=40), (0.5, 0.5))
        assert corners.tolist() == [[5, 10], [19, 10], [19, 29], [5, 29]]


def picture_on(sheet, picture):
    """The part of a sheet where a picture lies, found by its first row, which nothing is drawn on."""
    height, width = picture.shape[:2]
    x = (sheet.shape[1] - width) // 2
    rows = [y for y in range(len(sheet) - height) if np.array_equal(sheet[y, x : x + width], picture[0])]
    assert len(rows) == 1
    return sheet[rows[0] : rows[0] + height, x : x + width]


class TestSheet:
    def test_heat_on_the_rendered_png_covers_the_same_pixels(self, make_histology, analysed_at, tissue, heat):
        result, files = make_histology()
        sheet = decode_rgb(render(result, files, analysed_at=analysed_at, forms={"png"})["report.en.png"])
        picture = picture_on(sheet, tissue)
        assert offsets_within_one_pixel(changed(tissue, picture), (heat > 0).astype(np.uint8))
        assert np.array_equal(picture, blend_heat(tissue, heat)), "not a pixel is scaled"

    def test_outline_on_the_rendered_png_covers_the_same_pixels(self, mammogram, analysed_at, tissue):
        result, files = mammogram
        result = result.model_copy(update={"findings": result.findings[:1]})
        sheet = decode_rgb(render(result, files, analysed_at=analysed_at, forms={"png"})["report.en.png"])
        line = near(picture_on(sheet, tissue))
        inside = line.copy()
        inside[:60] = False  # the tag stands above the box
        rows, columns = np.nonzero(inside)
        # image x 200 to 360, y to 300 at half size: display x 100 to 180, y to 150
        assert abs(columns.min() - 100) <= 1
        assert abs(columns.max() - 180) <= 1
        assert abs(rows.max() - 150) <= 1

    @pytest.mark.parametrize(("width", "height"), [(64, 64), (2600, 400), (301, 2000)])
    def test_odd_sizes_are_drawn_unscaled(self, make_histology, analysed_at, width, height):
        picture = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
        image = DisplayImage(file="display.png", width=width, height=height)
        result, _ = make_histology(file_name="x" * 300, display=image, heat_map=None)
        sheet = decode_rgb(
            render(result, {"display.png": encode_png(picture)}, analysed_at=analysed_at, forms={"png"})[
                "report.en.png"
            ]
        )
        assert np.array_equal(picture_on(sheet, picture), picture)


class TestCutout:
    def test_the_outline_is_drawn_where_the_finding_lies(self, mammogram, analysed_at):
        result, files = mammogram
        section = image_report(result, files, analysed_at).document.images[0]
        cutout = draw_pictures(result, section, files).cutouts[0]
        rows, columns = np.nonzero(near(cutout))
        side = len(cutout)
        # display x 100 to 180, y 60 to 150, in the middle of a square of 90.5 * 1.7 pixels: 154
        assert abs(columns.min() - (100 - 63) * side / 154) <= 3
        assert abs(rows.min() - (60 - 28) * side / 154) <= 3
        assert abs((rows.max() - rows.min()) - 90 * side / 154) <= 3
