"""Pictures of what a film shows brighter than that of the other breast, over the uploaded image."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawn_breasts import HEIGHT, WIDTH, breast, shown

from lobule.contracts.result import Hanging
from lobule.imaging.film import Film
from lobule.imaging.hanging import hang, points_in_file
from lobule.words import make_notice
from mammo_worker.examination.differences import MAX_SIDE, STRONGEST, differences_of
from mammo_worker.examination.films import examined

MASS = (110, 200)
WITH_MASS = breast(0, mass=(*MASS, 22))
OTHER = breast(1, right=True)


def decoded(picture: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)


def filed(hanging: Hanging):
    """The film with a mass, stored so that it hangs as drawn after this hanging."""
    back = Hanging(
        rotation=hanging.rotation if hanging.mirrored else (360 - hanging.rotation) % 360, mirrored=hanging.mirrored
    )
    pixels = np.ascontiguousarray(hang(WITH_MASS, back))
    height, width = pixels.shape
    film = shown(WITH_MASS)
    result = film.result.model_copy(
        update={"image": film.result.image.model_copy(update={"width": width, "height": height})}
    )
    return examined("f", "L", "CC", Film(pixels=pixels, bits=8), result, hanging), pixels


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_mass_of_one_breast_stands_out_in_the_uploaded_image(rotation, mirrored):
    hanging = Hanging(rotation=rotation, mirrored=mirrored)
    this, pixels = filed(hanging)
    assert np.array_equal(hang(pixels, hanging), WITH_MASS)
    found, pictures = differences_of([this, replace(shown(OTHER, side="R"), name="g")])
    assert [(each.job_id, each.other, each.strongest) for each in found] == [
        ("f", "g", STRONGEST),
        ("g", "f", STRONGEST),
    ]
    assert [each.file for each in found] == list(pictures)
    picture = decoded(pictures[found[0].file])
    scale = picture.shape[1] / pixels.shape[1]
    assert max(picture.shape) == MAX_SIDE
    assert picture.shape == pytest.approx(np.array(pixels.shape) * scale, abs=1)
    y, x = np.unravel_index(int(picture.argmax()), picture.shape)
    [place] = points_in_file(np.array([MASS]), hanging, pixels.shape)
    assert (np.array([x, y]) + 0.5) / scale == pytest.approx(place, abs=20)
    assert picture.max() > 80
    assert not picture[hang_back(WITH_MASS < 10, hanging, picture.shape)].any(), "nothing outside the breast"


def hang_back(mask, hanging, shape):
    """A mask of the hung film on the picture of the file."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    height, width = (WIDTH, HEIGHT) if hanging.rotation in (90, 270) else (HEIGHT, WIDTH)
    corners = points_in_file(np.array([[0, 0], [1, 0], [0, 1]]), hanging, (height, width))
    linear = np.column_stack([corners[1] - corners[0], corners[2] - corners[0]])
    points = np.stack([x.ravel() * width / shape[1], y.ravel() * height / shape[0]], 1) - corners[0]
    inside = np.clip((points @ np.linalg.inv(linear).T).astype(int), 0, [WIDTH - 1, HEIGHT - 1])
    return cv2.erode(mask.astype(np.uint8), np.ones((9, 9)))[inside[:, 1], inside[:, 0]].reshape(shape) > 0


def test_films_are_compared_with_the_first_comparable_one_of_the_same_view():
    this, other = shown(WITH_MASS), replace(shown(OTHER, side="R"), name="g")
    again = replace(other, name="again")
    assert [each.other for each in differences_of([this, other, again])[0]] == ["g", "f", "f"]
    assert differences_of([this, replace(other, view="MLO")]) == ([], {})
    assert differences_of([this, replace(other, laterality="L")]) == ([], {})
    assert differences_of([this, replace(other, thumbnail=None, anatomy=None)]) == ([], {})


@pytest.mark.parametrize(
    "code", ["breast_cut_off", "implant", "magnified_view", "orientation_unknown", "partial_view", "polarity_doubted"]
)
def test_what_cannot_be_compared_is_not(code):
    this, other = shown(WITH_MASS), replace(shown(OTHER, side="R"), name="g")

    def noticed(*codes):
        result = other.result.model_copy(update={"notices": [make_notice(each) for each in codes]})
        return differences_of([this, replace(other, result=result)])

    assert noticed(code) == ([], {})
    assert len(noticed("few_pixels", "implant", "implant_displaced")[0]) == 2
