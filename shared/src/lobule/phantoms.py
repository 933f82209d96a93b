"""Synthetic pictures for demonstrations on machines without real images, labelled as synthetic.

Conclusions about a phantom are meaningless.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule.imaging.decode import encode_png

# Optical densities of the two stains in R, G, B: the usual reference of Macenko et al., ISBI 2009.
_HAEMATOXYLIN = np.array([0.5626, 0.7201, 0.4062])
_EOSIN = np.array([0.2159, 0.8012, 0.5581])


def histology_phantom(seed: int, crowded: bool, width: int = 700, height: int = 460) -> NDArray[np.uint8]:
    """A picture that resembles an H&E field from afar: fibres, and nuclei in rings or crowds.

    Args:
        seed: Seed of the drawing.
        crowded: Many large, uneven nuclei; otherwise ducts of small even ones.
        width: Width in pixels.
        height: Height in pixels.

    Returns:
        uint8 RGB, (height, width, 3).
    """
    rng = np.random.default_rng(seed)
    texture = sum(
        cv2.resize(
            rng.random((max(2, height // s), max(2, width // s))), (width, height), interpolation=cv2.INTER_CUBIC
        )
        for s in (4, 16, 48)
    )
    eosin = np.maximum(0.02, 0.20 * np.asarray(texture) - 0.08)
    haematoxylin = 0.05 + 0.04 * rng.random((height, width))
    for x, y, radius in _nuclei(rng, crowded, width, height):
        blob = np.zeros((height, width), np.float32)
        axes = (max(2, round(radius * rng.uniform(0.7, 1.3))), max(2, round(radius)))
        cv2.ellipse(blob, (round(x), round(y)), axes, float(rng.uniform(0, 180)), 0, 360, rng.uniform(0.6, 1.1), -1)
        haematoxylin = np.maximum(haematoxylin, blob)
    haematoxylin = cv2.GaussianBlur(haematoxylin, (0, 0), 1.2) * (0.8 + 0.4 * rng.random((height, width)))
    density = haematoxylin[..., None] * _HAEMATOXYLIN + eosin[..., None] * _EOSIN
    field = np.clip(245 * 10 ** -np.clip(density, 0, 3) + rng.normal(0, 3, (height, width, 1)), 0, 255).astype(np.uint8)
    return _labelled(field, (30, 30, 30))


def _nuclei(rng: np.random.Generator, crowded: bool, width: int, height: int) -> list[tuple[float, float, float]]:
    if crowded:
        return [(rng.uniform(0, width), rng.uniform(0, height), rng.uniform(5, 10)) for _ in range(420)]
    nuclei: list[tuple[float, float, float]] = []
    for _ in range(6):
        centre, ring = (rng.uniform(60, width - 60), rng.uniform(60, height - 60)), rng.uniform(30, 60)
        for angle in np.arange(0, 2 * np.pi, 9 / ring):
            x, y = centre[0] + ring * np.cos(angle), centre[1] + ring * np.sin(angle)
            nuclei.append((x + rng.normal(0, 1.5), y + rng.normal(0, 1.5), rng.uniform(3.5, 4.5)))
    return nuclei + [(rng.uniform(0, width), rng.uniform(0, height), 2.5) for _ in range(60)]


def mammogram_phantom(seed: int, width: int = 1200, height: int = 1600) -> NDArray[np.uint8]:
    """A picture that resembles a left MLO film from afar: a breast outline, cloudy tissue, one bright round mass.

    Returns:
        uint8 grey, (height, width).
    """
    rng = np.random.default_rng(seed)
    breast = np.zeros((height, width), np.float32)
    cv2.ellipse(breast, (0, round(height * 0.52)), (round(width * 0.72), round(height * 0.42)), 0, -90, 90, 1.0, -1)
    clouds = sum(
        cv2.resize(rng.random((height // s + 2, width // s + 2)).astype(np.float32), (width, height)) / n
        for n, s in ((1, 400), (2, 120), (4, 40))
    )
    blob = np.zeros((height, width), np.float32)
    cv2.circle(blob, (round(width * 0.35), round(height * 0.55)), round(width * 0.06), 1.0, -1)
    tissue = 0.35 + 0.28 * np.asarray(clouds) + 0.25 * cv2.GaussianBlur(blob, (0, 0), 18)
    edge = cv2.GaussianBlur(breast, (0, 0), 25)
    film = np.clip(255 * edge * tissue + 6 + rng.normal(0, 2, (height, width)), 0, 255).astype(np.uint8)
    return _labelled(film, (200,))


def write_sample(folder: Path) -> list[Path]:
    """Draw the four films of the portal's sample case into a folder, as JPEG; the right breast has a bright blob."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for seed, (side, view) in enumerate((side, view) for side in "RL" for view in ("CC", "MLO")):
        film = _sample_film(seed + 11, side == "R", view == "MLO")
        film = _labelled(np.ascontiguousarray(film[:, ::-1]) if side == "R" else film, (200,))
        files.append(folder / f"sample-{side}{view}.jpg")
        files[-1].write_bytes(cv2.imencode(".jpg", film, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes())
    return files


def _sample_film(seed: int, blob: bool, oblique: bool, width: int = 900, height: int = 1200) -> NDArray[np.uint8]:
    """A left breast from above or, with a wedge of muscle, at an angle; uint8 grey, (height, width)."""
    rng = np.random.default_rng(seed)
    breast = np.zeros((height, width), np.float32)
    centre = (0, round(height * (0.56 if oblique else 0.5)))
    cv2.ellipse(breast, centre, (round(width * 0.7), round(height * 0.4)), 0, -90, 90, 1.0, -1)
    clouds = sum(
        cv2.resize(rng.random((height // s + 2, width // s + 2)).astype(np.float32), (width, height)) / n
        for n, s in ((1, 300), (2, 90), (4, 30))
    )
    tissue = 0.3 + 0.26 * np.asarray(clouds)
    if oblique:
        muscle = np.zeros((height, width), np.float32)
        corners = np.array([[0, 0], [round(width * 0.42), 0], [0, round(height * 0.62)]], np.int32)
        cv2.fillPoly(muscle, [corners], 1.0)
        breast = np.maximum(breast, muscle)
        tissue += 0.22 * cv2.GaussianBlur(muscle, (0, 0), 12)
    if blob:
        lump = np.zeros((height, width), np.float32)
        cv2.circle(lump, (round(width * 0.36), round(height * 0.56)), round(width * 0.055), 1.0, -1)
        tissue += 0.3 * cv2.GaussianBlur(lump, (0, 0), 10)
    edge = cv2.GaussianBlur(breast, (0, 0), 18)
    return np.clip(255 * edge * tissue + 6 + rng.normal(0, 2, (height, width)), 0, 255).astype(np.uint8)


def write_phantoms(folder: Path) -> list[Path]:
    """Draw the demonstration's phantoms into a folder; returns the files, histology first."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "synthetic-histology-ducts.png": histology_phantom(1, crowded=False),
        "synthetic-histology-crowded.png": histology_phantom(2, crowded=True),
        "synthetic-mammogram.png": mammogram_phantom(3),
    }
    for name, picture in pictures.items():
        (folder / name).write_bytes(encode_png(picture))
    return [folder / name for name in pictures]


def _labelled(picture: NDArray[np.uint8], colour: tuple[int, ...]) -> NDArray[np.uint8]:
    height = picture.shape[0]
    cv2.putText(picture, "SYNTHETIC", (8, height - 10), cv2.FONT_HERSHEY_SIMPLEX, height / 900, colour, 1, cv2.LINE_AA)
    return picture
