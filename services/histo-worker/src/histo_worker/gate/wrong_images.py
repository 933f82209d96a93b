"""Pictures that are not H&E fields, by kind, to fit and to measure the gate; sources of the two halves are disjoint.

Real pictures are mammograms of three collections, photographs that ship with scikit-image, scikit-learn and matplotlib,
and an immunohistochemistry field of scikit-image. Synthesised pictures are other stains (real fields, unmixed and
stained again), text, noise and glass.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import cv2
import matplotlib
import numpy as np
import skimage.color
import skimage.data
import sklearn.datasets
from numpy.typing import NDArray
from PIL import Image

from lobule.imaging.decode import decode_rgb

RGB8 = NDArray[np.uint8]
Half = Literal["tune", "measure"]
Picture = tuple[str, RGB8]

_PHOTOGRAPHS: dict[Half, tuple[str, ...]] = {
    "tune": ("astronaut.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "brick.png", "grass.png", "china.jpg",
             "camera.png", "moon.png", "clock_motion.png", "Minduka_Present_Blue_Pack.png"),
    "measure": ("chelsea.png", "retina.jpg", "hubble_deep_field.jpg", "gravel.png", "coins.png", "flower.jpg",
                "grace_hopper.jpg", "color.png", "cell.png", "page.png", "microaneurysms.png"),
}  # fmt: skip
_TINTED = 20  # number of copies of each photograph

_MAMMOGRAMS: dict[Half, tuple[str, ...]] = {
    "tune": ("cbis_ddsm_mass",),
    "measure": ("cbis_ddsm_mass", "mias", "cdd_cesm"),
}


def wrong_images(half: Half, fields: Sequence[RGB8], mammograms: Path | None, seed: int) -> Iterator[Picture]:
    """Yield the pictures of one half, each with its kind.

    Args:
        half: The half whose sources are used.
        fields: Real H&E fields to stain again; use other patients for the other half.
        mammograms: Folder of the mammogram collections, or None.
        seed: Seed of crops and synthesised pictures.

    Raises:
        FileNotFoundError: The folder of the mammogram collections does not exist.
    """
    rng = np.random.default_rng([seed, half == "measure"])
    if mammograms is not None:
        if not mammograms.is_dir():
            raise FileNotFoundError(f"{mammograms} is not a folder")
        yield from _mammograms(half, mammograms, rng)
    yield from _photographs(half, rng)
    for field in fields:
        yield "other stain (synthesised)", _restained(field, half, rng)
    if half == "measure":
        yield "other stain (real)", skimage.data.immunohistochemistry()
    synthesised: dict[str, Callable[[Half, np.random.Generator], RGB8]] = {
        "blank glass": _blank_glass,
        "noise": _noise,
        "text": _text,
        "plain or gradient": _gradient,
    }
    for kind, make in synthesised.items():
        for _ in range(60):
            yield kind, make(half, rng)
    if half == "measure":
        yield from _tinted(half, rng)


def _mammograms(half: Half, folder: Path, rng: np.random.Generator) -> Iterator[Picture]:
    for collection in _MAMMOGRAMS[half]:
        paths = sorted(p for p in (folder / collection / "images").glob("*") if p.suffix in (".png", ".jpg"))
        if collection == "cbis_ddsm_mass":  # sorted by patient, so that the halves share no patient
            middle = len(paths) // 2
            paths = paths[: middle - 10] if half == "tune" else paths[middle + 10 :]
        for index in rng.permutation(len(paths))[:40]:
            yield "mammogram", decode_rgb(paths[index].read_bytes())


def _photographs(half: Half, rng: np.random.Generator) -> Iterator[Picture]:
    for photograph in _opened(half):
        yield "photograph", photograph
        for _ in range(10):
            yield "photograph", _crop(photograph, rng)
        if half == "tune":
            for _ in range(_TINTED):
                yield "photograph", _tint(photograph, rng)


def _tinted(half: Half, rng: np.random.Generator) -> Iterator[Picture]:
    for photograph in _opened(half):
        for _ in range(_TINTED):
            yield "photograph", _tint(photograph, rng)


def _opened(half: Half) -> Iterator[RGB8]:
    folders = [
        Path(inspect.getfile(skimage.data)).parent,
        Path(inspect.getfile(sklearn.datasets)).parent / "images",
        Path(matplotlib.get_data_path()) / "sample_data",
    ]
    for name in _PHOTOGRAPHS[half]:
        path = next((f / name for f in folders if (f / name).exists()), None)
        if path is None:  # an older scikit-image without this picture
            continue
        with Image.open(path) as opened:
            yield np.array(opened.convert("RGB"))


def _tint(photograph: RGB8, rng: np.random.Generator) -> RGB8:
    """Change the light of one of the few photographs, including pink and purple light."""
    tint = rng.uniform(0.6, 1.3, 3) * [1.0, rng.uniform(0.7, 1.0), 1.0]
    return np.clip(_crop(photograph, rng) * tint, 0, 255).astype(np.uint8)


def _crop(photograph: RGB8, rng: np.random.Generator) -> RGB8:
    height, width = photograph.shape[:2]
    side = int(rng.uniform(0.4, 0.9) * min(height, width))
    y, x = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
    return np.ascontiguousarray(photograph[y : y + side, x : x + side])


def _restained(field: RGB8, half: Half, rng: np.random.Generator) -> RGB8:
    """Stain a field with another dye from the unmixed stains of a real field.

    The dyes are haematoxylin with DAB (brown), blue alone, and green and blue trichrome.
    """
    amounts = skimage.color.rgb2hed(field)
    nuclei, eosin = np.maximum(amounts[:, :, 0], 0), np.maximum(amounts[:, :, 1], 0)
    palettes = [
        np.array([[0.65, 0.70, 0.29], [0.27, 0.57, 0.78]]),  # haematoxylin and DAB (Ruifrok & Johnston 2001)
        np.array([[0.74, 0.61, 0.27], [0.65, 0.45, 0.20]]),  # haematoxylin alone, and methylene-like blue
        np.array([[0.80, 0.59, 0.10], [0.84, 0.35, 0.40]]),  # light green with a blue
        np.array([[0.15, 0.40, 0.90], [0.80, 0.50, 0.30]]),  # yellow-brown with a blue
    ]
    dyes = palettes[int(rng.integers(4))]
    if half == "tune":
        dyes = np.maximum(dyes + rng.uniform(-0.06, 0.06, dyes.shape), 0.05)
    dyes = dyes / np.linalg.norm(dyes, axis=1, keepdims=True)
    strength = rng.uniform(3, 14, 2)
    density = nuclei[..., None] * dyes[0] * strength[0] + eosin[..., None] * dyes[1] * strength[1]
    return np.clip(np.exp(-density) * 255, 0, 255).astype(np.uint8)


def _blank_glass(half: Half, rng: np.random.Generator) -> RGB8:
    tint = rng.uniform(215, 255, 3) if half == "tune" else rng.uniform(225, 253) + rng.uniform(-6, 6, 3)
    glass = np.full((460, 700, 3), tint) + rng.normal(0, rng.uniform(0.5, 4), (460, 700, 3))
    y, x = np.mgrid[-1:1:460j, -1:1:700j]
    glass -= (rng.uniform(0, 20) * (x**2 + y**2))[..., None]  # vignetting
    for _ in range(int(rng.integers(0, 6))):  # dust
        centre = (int(rng.integers(700)), int(rng.integers(460)))
        cv2.circle(glass, centre, int(rng.integers(1, 8)), tuple(rng.uniform(60, 200, 3)), -1)
    return np.clip(glass, 0, 255).astype(np.uint8)


def _noise(half: Half, rng: np.random.Generator) -> RGB8:
    shape = (460, 700, 3)
    kind = int(rng.integers(4))
    if kind == 0:
        return rng.integers(0, 256, shape, dtype=np.uint8)
    if kind == 1:
        return np.clip(rng.normal(rng.uniform(60, 220), rng.uniform(10, 70), shape), 0, 255).astype(np.uint8)
    if kind == 2:  # the colours of H&E without its structure
        mean, grain = rng.uniform([170, 100, 150], [230, 190, 220]), rng.uniform(15, 50)
        return np.clip(rng.normal(mean, grain, shape), 0, 255).astype(np.uint8)
    grains = rng.integers(0, 256, (460 // 8 + 1, 700 // 8 + 1, 3), dtype=np.uint8)
    size = (700, 460)
    return cv2.resize(grains, size, interpolation=cv2.INTER_NEAREST if half == "tune" else cv2.INTER_CUBIC).astype(
        np.uint8
    )


def _text(half: Half, rng: np.random.Generator) -> RGB8:
    paper, ink = rng.uniform(225, 255, 3), rng.uniform(0, 110, 3)
    page = np.full((600, 800, 3), paper, dtype=np.uint8)
    letters = "abcdefghijklmnopqrstuvwxyz .,:0123456789" if half == "tune" else "ABCDEFGHIJKLMNOPQRSTUVWXYZ -/()%"
    fonts = (0, 2) if half == "tune" else (3, 4, 6)
    size, step = rng.uniform(0.4, 1.1), int(rng.integers(18, 42))
    for y in range(step, 600, step):
        words = "".join(rng.choice(list(letters), int(rng.integers(10, 70))))
        cv2.putText(
            page, words, (int(rng.integers(5, 60)), y), int(rng.choice(fonts)), size, tuple(ink), 1, cv2.LINE_AA
        )
    return np.clip(page + rng.normal(0, 2, page.shape), 0, 255).astype(np.uint8)


def _gradient(half: Half, rng: np.random.Generator) -> RGB8:
    start, end = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
    if half == "measure" and rng.random() < 0.5:  # one plain colour
        end = start
    ramp = np.linspace(0, 1, 700)[None, :, None]
    return np.broadcast_to(start * (1 - ramp) + end * ramp, (460, 700, 3)).round().astype(np.uint8)
