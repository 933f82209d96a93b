"""Pictures in, films out; and the way from a film to its canvas and back."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobule.imaging.read_film import read_film
from mammo_worker.data.cases import cbis_ddsm
from mammo_worker.films.gate import not_a_mammogram
from mammo_worker.films.prepare import CanvasTransform, find_breast, prepare_film


def as_png(pixels):
    return cv2.imencode(".png", pixels)[1].tobytes()


def test_real_films_are_neither_inverted_nor_refused(shared_data):
    """Every 20th film, those with white frames among them; all are positives and mammograms."""
    for case in cbis_ddsm(shared_data / "cbis_ddsm_mass")[::20]:
        pixels = case.read()
        film = read_film(as_png(pixels))
        assert film.notices == [], case.name
        assert not_a_mammogram(film) is None, case.name


@pytest.mark.parametrize("right", [False, True])
def test_breast_is_turned_to_the_left_whichever_side(right, draw_film):
    film = prepare_film(draw_film(600, 400, right=right), (320, 160))
    assert film.transform.flipped == right
    columns = film.canvas[..., 0].sum(axis=0)
    assert columns[0] > 0
    assert columns[-1] < columns[0]
    assert film.canvas.shape == (320, 160, 2)


def test_frame_and_marker_are_dropped(draw_film):
    plain = draw_film(600, 400, bits=8)
    dirty = plain.copy()
    dirty[:12], dirty[-12:], dirty[:, -12:] = 255, 255, 255
    dirty[60:100, 300:370] = 255
    mask, on_right = find_breast(dirty)
    assert not on_right
    marker = cv2.resize(mask.astype(np.uint8), (400, 600))[60:100, 300:370]
    assert marker.sum() == 0
    clean, _ = find_breast(plain)
    assert (mask & clean).sum() / (mask | clean).sum() > 0.9


def test_a_blank_film_has_no_breast():
    assert prepare_film(np.full((300, 200), 7, np.uint8), (320, 160)).breast_share == 0


@settings(max_examples=60, deadline=None)
@given(
    st.integers(200, 6000),
    st.integers(200, 6000),
    st.booleans(),
    st.floats(0.05, 1.5),
    st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=5),
)
def test_box_to_canvas_and_back_is_the_same_box(width, height, flipped, scale, corners):
    transform = CanvasTransform(float(width), flipped, width * 0.05, height * 0.1, scale, scale * 1.001)
    x1, y1, dx, dy = np.array(corners).T
    boxes = np.stack([x1 * width, y1 * height, x1 * width + dx * 200, y1 * height + dy * 200], axis=1)
    back = transform.boxes_to_film(transform.boxes_to_canvas(boxes))
    assert np.abs(back - boxes).max() < 0.5


def test_a_marked_square_lands_where_the_transform_says(draw_film):
    film = draw_film(900, 560, bits=12, right=True)
    film[400:440, 430:470] = 4095
    prepared = prepare_film(film, (640, 320))
    x1, y1, x2, y2 = prepared.transform.boxes_to_canvas(np.array([[430, 400, 470, 440]]))[0]
    rows, columns = np.nonzero(prepared.canvas[..., 0] > 240)
    centre = (columns.mean() + 0.5, rows.mean() + 0.5)
    assert np.hypot(centre[0] - (x1 + x2) / 2, centre[1] - (y1 + y2) / 2) < 1.0


def test_real_films_keep_their_masses(shared_data):
    cases = cbis_ddsm(shared_data / "cbis_ddsm_mass")[:40]
    kept = []
    for case in cases:
        film = prepare_film(case.read(), (640, 320))
        boxes = film.transform.boxes_to_canvas(case.boxes)
        inside = np.clip(boxes, 0, [film.content[1], film.content[0]] * 2)
        area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        kept += (np.prod(inside[:, 2:] - inside[:, :2], axis=1) / area).tolist()
    assert np.mean(np.array(kept) > 0.8) >= 0.95
