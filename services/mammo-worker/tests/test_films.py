"""Pictures in, films out; and the way from a film to its canvas and back."""

import sys

import cv2
import mammo_frames
import numpy as np
import pytest
from altered_films import draw_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from lobule.errors import AnalysisError
from lobule.imaging.film import Film
from lobule.imaging.read_film import read_film
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.films.breast import find_breast
from mammo_worker.films.gate import check_shape, not_a_mammogram
from mammo_worker.films.prepare import CanvasTransform, prepare_film


def as_png(pixels):
    return cv2.imencode(".png", pixels)[1].tobytes()


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


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
    found = find_breast(dirty)
    assert not found.on_right
    marker = cv2.resize(found.mask.astype(np.uint8), (400, 600))[60:100, 300:370]
    assert marker.sum() == 0
    assert overlap(found.mask, find_breast(plain).mask) > 0.9


def test_frames_labels_and_tape_on_real_films_change_nothing(shared_data):
    """The quick part of `bench/mammo_frames.py`."""
    chance = np.random.default_rng(5)
    for case in cbis_ddsm(shared_data / "cbis_ddsm_mass")[7::50]:
        film = case.read()
        plain = find_breast(film)
        breast = cv2.resize(plain.mask.astype(np.uint8), film.shape[::-1], interpolation=cv2.INTER_NEAREST)
        framed = draw_frame(film, cv2.dilate(breast, np.ones((9, 9), np.uint8)) == 0, chance)
        assert not_a_mammogram(Film(framed.film)) is None, case.name
        found = find_breast(framed.film)
        visible = cv2.resize(framed.covered.astype(np.uint8) * 255, plain.mask.shape[::-1]) == 0
        assert overlap(found.mask & visible, plain.mask & visible) > 0.85, case.name
        assert found.on_right == plain.on_right


def test_the_measurement_draws_each_film(draw_film, monkeypatch, tmp_path, capsys):
    """Also the last one, which is the only one here."""
    monkeypatch.setattr(mammo_frames, "every_film", lambda _: [("only.jpg", draw_film(600, 400, 8))])
    monkeypatch.setattr(sys, "argv", ["mammo_frames.py", "--data", str(tmp_path), "--films", "1"])
    mammo_frames.main()
    assert "films with drawn frames: 0 of 1 refused" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [
        lambda film: film.astype(np.uint16) * 16,
        lambda film: film.astype(np.uint16) * 257,
        lambda film: film.astype(np.uint16) * 200 + 9000,
        lambda film: film.astype(np.float32) * 0.01 - 5,
    ],
    ids=["12 bits", "16 bits", "offset", "real numbers"],
)
def test_networks_see_the_same_whatever_the_scale_of_the_values(change, shared_data):
    for case in cbis_ddsm(shared_data / "cbis_ddsm_mass")[3::300]:
        film = case.read()
        plain, changed = prepare_film(film, (704, 352)), prepare_film(change(film), (704, 352))
        assert changed.transform == plain.transform
        assert np.abs(changed.canvas.astype(int) - plain.canvas).mean() < 0.05


def test_padding_changes_nothing(shared_data):
    for case in cbis_ddsm(shared_data / "cbis_ddsm_mass")[5::200]:
        film = case.read()
        plain = prepare_film(film, (704, 352))
        padded = np.pad(film, 60, constant_values=int(film.min()))
        framed = prepare_film(padded, (704, 352), valid=np.pad(np.ones(film.shape, bool), 60))
        assert np.array_equal(framed.canvas, plain.canvas)
        assert np.allclose(framed.transform.boxes_to_film(case.boxes), plain.transform.boxes_to_film(case.boxes) + 60)


def test_padding_in_place_of_the_background_leaves_the_breast_where_it_is(shared_data):
    for image in sorted((shared_data / "cdd_cesm" / "images").glob("*_DM_*.jpg"))[2::60]:
        film = read_film(image.read_bytes()).pixels
        valid = film > np.percentile(film, 3) + 2
        plain = prepare_film(film, (704, 352))
        padded = prepare_film(np.where(valid, film, film[valid].min()), (704, 352), valid=valid)
        assert padded.transform.flipped == plain.transform.flipped, image.name
        assert np.abs(padded.canvas.astype(int) - plain.canvas).mean() < 10, image.name


def test_markers_brighter_than_tissue_leave_the_tissue_as_it_is(shared_data):
    """12 bits of tissue beside a marker of 16 bits."""
    moved = []
    for case in cbis_ddsm(shared_data / "cbis_ddsm_mass")[5::200]:
        film = case.read().astype(np.uint16) * 16
        breast = find_breast(film)
        marked = film.copy()
        place = slice(700, 740), slice(30, 90) if breast.on_right else slice(film.shape[1] - 90, film.shape[1] - 30)
        marked[place] = 65535
        if not cv2.resize(breast.surroundings.astype(np.uint8), film.shape[::-1])[place].any():
            assert overlap(find_breast(marked).mask, breast.mask) > 0.97, case.name
            seen, plain = (prepare_film(f, (704, 352)).canvas.astype(int) for f in (marked, film))
            moved.append(np.abs(seen - plain).mean())
    assert np.median(moved) < 0.1


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


@pytest.mark.parametrize("shape", [(64, 8000), (8000, 64)])
def test_a_strip_is_refused_before_anything_is_looked_for(shape):
    with pytest.raises(AnalysisError, match="strip") as refused:
        check_shape(Film(np.zeros(shape, np.uint8)))
    assert refused.value.code == "not_mammogram"
    check_shape(Film(np.zeros((3000, 1000), np.uint8)))
