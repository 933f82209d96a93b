"""Drawn breasts with a mass where a test wants it, and films of them as they are examined together."""

import cv2
import numpy as np

from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, ModelInfo, Result, Thresholds
from lobule.imaging.film import Film
from mammo_worker.examination.films import examined

HEIGHT, WIDTH = 600, 360


def breast(seed=0, scale=1.0, mass=None, right=False):
    """A drawn breast; `scale` is its size, `mass` is x, y and radius before scaling."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    x, y = x / scale, (y - HEIGHT / 2) / scale + HEIGHT / 2
    inside = (x / 270) ** 2 + ((y - 300) / 240) ** 2 < 1
    chance = np.random.default_rng(seed)
    texture = cv2.GaussianBlur(chance.normal(0, 1, (HEIGHT, WIDTH)), (0, 0), 4)
    gland = 40 * np.exp(-(((x - 120) / 80) ** 2) - ((y - 300) / 110) ** 2)
    grey = np.where(inside, 80 + gland + 5 * texture / texture.std(), 3.0)
    if mass:
        grey += np.where(inside, 60 * np.exp(-(((x - mass[0]) / mass[2]) ** 2) - ((y - mass[1]) / mass[2]) ** 2), 0)
    film = np.clip(grey + chance.normal(0, 1, grey.shape), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(film[:, ::-1]) if right else film


def shown(pixels, boxes=(), side="L", spacing=None, plane=None):
    """An examined film with findings at these boxes: centre x, centre y, width, and the height if another."""
    sha = "0" * 64
    thresholds = Thresholds(low=0.2, high=0.6, finding=0.3)
    image = ImageInfo(sha256=sha, file_name="f", modality="mammography", width=WIDTH, height=HEIGHT)
    result = Result(
        image=image.model_copy(update={"pixel_spacing_mm": spacing and (spacing, spacing), "spacing_plane": plane}),
        model=ModelInfo(name="m", version="1", weights_sha256=sha, calibration="c", trained_on="t"),
        thresholds=thresholds,
        assessment="not_sure",
        probability_malignant=0.5,
        findings=[
            Finding(
                label="malignant",
                probability=0.9,
                probability_malignant=0.4,
                box=Box(x=x - size / 2, y=y - (*tall, size)[0] / 2, width=size, height=(*tall, size)[0]),
            )
            for x, y, size, *tall in boxes
        ],
        display=DisplayImage(file="d.png", width=WIDTH, height=HEIGHT),
    )
    return examined("f", side, "CC", Film(pixels=pixels, bits=8), result, None)
