"""Measures how often burnt-in text is found in films, and how often films without text are flagged.

    python bench/burnt_in_text.py ../shared/data --sheets /tmp/flagged

First, the films of each set are read unchanged, and the flagged ones are written to a contact sheet for inspection.
Then lines of text are drawn into the darkest places of their background, and the found ones are counted. The films
with which the thresholds were chosen (`SEEN` of each set) are left out.
"""

import argparse
import random
import time
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lobule.imaging.burnt_in import TextLine, find_text
from lobule.imaging.read_film import read_film

SEEN = 60
SETS = {"mini-MIAS": "mias", "CDD-CESM": "cdd_cesm", "CBIS-DDSM": "cbis_ddsm_mass"}
TEXTS = {
    "name and day of birth": "DOE^JANE 1960-02-03",
    "short name": "Li Wu",
    "identifier and time": "P-4711 08:15",
    "Chinese name": "王小东 女 64岁",
}
HEIGHTS = (10, 14, 20, 32)
_TRIES, _DARK, _TALL = 60, 0.12, 420


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--films", type=int, default=100, help="of each set")
    parser.add_argument("--sheets", type=Path, help="folder for contact sheets of the flagged films")
    options = parser.parse_args()
    for name, folder in SETS.items():
        paths = sorted((options.data / folder).rglob("*.jpg"))
        random.Random(3).shuffle(paths)
        films = [path for path in paths[SEEN:] if "mask" not in str(path)][: options.films]
        _measure(name, films, options.sheets)


def _measure(name: str, paths: list[Path], sheets: Path | None) -> None:
    flagged, spent, found, drawn = list[Image.Image](), 0.0, dict[tuple[str, int], int](), dict[tuple[str, int], int]()
    chance = np.random.default_rng(5)
    for path in paths:
        film = read_film(path.read_bytes())
        began = time.perf_counter()
        lines = find_text(film.pixels, film.valid)
        spent += time.perf_counter() - began
        if lines:
            flagged.append(_framed(film.pixels, lines))
        for (kind, height), text, box in _drawings(film.pixels, chance):
            covered = np.zeros(text.shape, bool)
            for left, top, right, bottom, _ in find_text(text, film.valid):
                covered[top:bottom, left:right] = True
            drawn[kind, height] = drawn.get((kind, height), 0) + 1
            found[kind, height] = found.get((kind, height), 0) + (covered[box].mean() >= 0.5)
    print(f"{name}: {len(paths)} films, {len(flagged)} flagged as they are, {1000 * spent / len(paths):.0f} ms each")
    for kind in TEXTS:
        shares = [f"{found[kind, h]}/{drawn[kind, h]} at {h}" for h in HEIGHTS if drawn.get((kind, h))]
        print(f"  {kind}: {', '.join(shares)} pixels")
    if sheets and flagged:
        sheets.mkdir(parents=True, exist_ok=True)
        _sheet(flagged).save(sheets / f"{name}.png")


def _drawings(
    film: np.ndarray, chance: np.random.Generator
) -> Iterator[tuple[tuple[str, int], np.ndarray, tuple[slice, slice]]]:
    """Copies of a film with a line of text each, and its position; none if the film has no dark place for it."""
    low, high = np.percentile(film, [1, 99.9])
    for kind, text in TEXTS.items():
        height = int(chance.choice(HEIGHTS))
        mask = _written(text, height, turned=chance.random() < 0.2)
        size = mask.shape
        for _ in range(_TRIES):
            if size[0] + 8 >= film.shape[0] or size[1] + 8 >= film.shape[1]:
                break
            top, left = (int(chance.integers(4, film.shape[axis] - size[axis] - 4)) for axis in (0, 1))
            around = film[top - 4 : top + size[0] + 4, left - 4 : left + size[1] + 4]
            if around.max() > low + _DARK * (high - low):
                continue
            box = (slice(top, top + size[0]), slice(left, left + size[1]))
            copy = film.copy()
            ink = low + chance.uniform(0.6, 1) * (high - low)
            copy[box] = (film[box] * (1 - mask) + ink * mask).astype(film.dtype)
            yield (kind, height), copy, box
            break


def _written(text: str, height: int, *, turned: bool) -> np.ndarray:
    """A line of text, 0 to 1, in capitals of this height."""
    package, name = ("pylopdf-fonts-zh-cn", "NotoSansSC-Regular.otf")
    path = next(str(file.locate()) for file in files(package) or () if file.name == name)
    font = ImageFont.truetype(path, round(height / 0.73))
    left, top, right, bottom = (int(each) for each in font.getbbox(text))
    image = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(image).text((-left, -top), text, 255, font)
    mask = np.asarray(image) / 255
    return np.rot90(mask) if turned else mask


def _framed(film: np.ndarray, lines: list[TextLine]) -> Image.Image:
    picture = Image.fromarray((film / max(1, film.max()) * 255).astype(np.uint8)).convert("RGB")
    for line in lines:
        ImageDraw.Draw(picture).rectangle(line[:4], outline=(255, 0, 0), width=3)
    picture.thumbnail((_TALL, _TALL))
    return picture


def _sheet(pictures: list[Image.Image]) -> Image.Image:
    across = 6
    sheet = Image.new("RGB", (across * _TALL, -(-len(pictures) // across) * _TALL))
    for index, picture in enumerate(pictures):
        sheet.paste(picture, (index % across * _TALL, index // across * _TALL))
    return sheet


if __name__ == "__main__":
    main()
