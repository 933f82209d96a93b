"""Real films of the public data sets, with drawn scanner frames, labels and tape, or several in one picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo_worker.data.annotated import read_grey
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm

SIDES = ("top", "bottom", "left", "right")
WIDTHS = (0.005, 0.08)  # as a share of a side


@dataclass(frozen=True)
class FramedFilm:
    """A film with drawn frames, labels and tape.

    Attributes:
        film: Film (height, width), of the same type as the original.
        covered: True where the film's own pixels were drawn over.
        sides: Sides with a frame.
    """

    film: NDArray[np.uint8]
    covered: NDArray[np.bool_]
    sides: tuple[str, ...]


def draw_frame(film: NDArray[np.uint8], free: NDArray[np.bool_], chance: np.random.Generator) -> FramedFilm:
    """Draw frames of different widths on one to four sides, and often a label and tape.

    Args:
        film: 8 bits (height, width).
        free: (height, width), False at the breast; labels are drawn where it is mostly True.
        chance: Source of randomness.
    """
    height, width = film.shape
    drawn, covered = film.copy(), np.zeros(film.shape, bool)
    sides = tuple(chance.choice(SIDES, size=chance.integers(1, 5), replace=False).tolist())
    level = 255 if chance.random() < 0.5 else int(chance.integers(90, 256))
    noise = float(chance.choice([0.0, 2.0]))
    for side in sides:
        across = height if side in ("top", "bottom") else width
        depth = max(1, round(float(chance.uniform(*WIDTHS)) * across))
        lines = slice(0, depth) if side in ("top", "left") else slice(across - depth, across)
        area = (lines, slice(None)) if side in ("top", "bottom") else (slice(None), lines)
        shape = drawn[area].shape
        drawn[area] = np.clip(level + chance.normal(0, noise, shape), 0, 255).astype(np.uint8)
        covered[area] = True
    if chance.random() < 0.5:
        _draw_label(drawn, covered, free, chance)
    if chance.random() < 0.3:
        _draw_tape(drawn, covered, chance)
    return FramedFilm(drawn, covered, sides)


def _draw_label(
    drawn: NDArray[np.uint8], covered: NDArray[np.bool_], free: NDArray[np.bool_], chance: np.random.Generator
) -> None:
    """A white label beside the breast, with letters cut out."""
    height, width = drawn.shape
    tall, wide = round(height * chance.uniform(0.03, 0.08)), round(width * chance.uniform(0.1, 0.25))
    for _ in range(30):
        y, x = int(chance.integers(0, height - tall)), int(chance.integers(0, width - wide))
        if free[y : y + tall, x : x + wide].mean() > 0.95:
            drawn[y : y + tall, x : x + wide] = 255
            cv2.putText(drawn, "R CC 0123", (x + 3, y + tall // 2), 0, tall / 60, (40,), 2)
            covered[y : y + tall, x : x + wide] = True
            return


def _draw_tape(drawn: NDArray[np.uint8], covered: NDArray[np.bool_], chance: np.random.Generator) -> None:
    """A grey strip of tape that crosses a corner of the film."""
    height, width = drawn.shape
    reach = chance.uniform(0.05, 0.15) * height
    x, y = (0, width - 1)[int(chance.integers(2))], (0, height - 1)[int(chance.integers(2))]
    start = (x, int(abs(y - reach)))
    end = (int(abs(x - reach * chance.uniform(0.4, 1.0))), y)
    strip = np.zeros(drawn.shape, np.uint8)
    cv2.line(strip, start, end, (1,), max(2, round(height * chance.uniform(0.01, 0.03))))
    drawn[strip > 0] = int(chance.integers(120, 256))
    covered |= strip > 0


def lay_out(rows: Sequence[Sequence[NDArray[np.uint8]]], gap: int, background: int) -> NDArray[np.uint8]:
    """Lay out several films in one picture, as in a screenshot.

    Args:
        rows: Films side by side, row by row.
        gap: Pixels between films.
        background: Grey of the gaps.
    """
    height, width = rows[0][0].shape
    lines: list[NDArray[np.uint8]] = []
    for row in rows:
        parts: list[NDArray[np.uint8]] = []
        for film in row:
            parts += [np.full((height, gap), background, np.uint8), cv2.resize(film, (width, height)).astype(np.uint8)]
        line = np.hstack(parts[1:])
        lines += [np.full((gap, line.shape[1]), background, np.uint8), line]
    return np.vstack(lines[1:])


def every_film(data: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield names and pixels of all films of all data sets, CBIS-DDSM's with their true aspect.

    Args:
        data: Folder of the data sets.
    """
    for film in cbis_ddsm(data / "cbis_ddsm_mass"):
        yield film.name, film.read()
    for folder in ("cdd_cesm", "mias", "cbis_ddsm_mass/fullres_sample"):
        for path in sorted((data / folder).rglob("*.jpg")):
            if "mask" not in path.parts[-2] and not path.stem.endswith("_1_0"):  # the full-size film's mask
                yield path.name, read_grey(path)
