"""Draws the synthetic films and fields of the pictures in README.md.

A film resembles a digital mammogram: skin line, nipple, fat, glandular tissue that runs to the nipple, and the pectoral
muscle of oblique views. Nothing of it comes from a patient. Conclusions about such a film have no meaning.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Side = Literal["R", "L"]
View = Literal["CC", "MLO"]
Grey = NDArray[np.floating]

WIDTH, HEIGHT, SPACING_MM = 1664, 2048, 0.1
BITS = 12
_FAT, _GLAND, _SKIN, _MUSCLE, _LESION = 0.32, 0.38, 0.07, 0.36, 0.32  # of the range of grey values


@dataclass(frozen=True)
class Lesion:
    """Something to find.

    Attributes:
        kind: A mass with rays, a round one, or a group of calcifications.
        depth: From the nipple towards the chest wall, as a share of the breast's depth.
        across: Towards the outer side in a CC view, towards the axilla in an MLO view; -1 to 1.
        size_mm: Its diameter.
    """

    kind: Literal["rays", "round", "grains"]
    depth: float
    across: float
    size_mm: float


def film(side: Side, view: View, seed: int, lesions: tuple[Lesion, ...] = (), dense: float = 0.5) -> NDArray[np.uint16]:
    """Draw a film with its chest wall at the edge where it lies on a film of this side.

    Args:
        side: Of the breast.
        view: From above or oblique.
        seed: Of the patient's breast; the same one gives the same tissue, for films of several years.
        lesions: What is in it.
        dense: Share of glandular tissue, 0 to 1.
    """
    down, inward, inside = _outline(view)
    seed += 500 if view == "MLO" else 0  # another projection of the same tissue
    thick = np.sqrt(np.clip(inside, 0, 1), dtype=np.float32)
    rays = _towards_nipple(seed, view)
    cone = np.exp(-(((inward - 0.52) / 0.36) ** 2) - (down / 0.52) ** 2)
    gland = _soft(0.62 * _clouds(seed, 1.9) + 0.38 * rays, 0.12 - 0.5 * (dense - 0.5)) * cone
    strands = np.exp(-((_clouds(seed + 1, 1.4) / 0.10) ** 2)) + np.exp(-((_clouds(seed + 2, 1.6) / 0.08) ** 2))
    fine = _clouds(seed + 4, 1.1)
    grey = (
        thick * (_FAT * (1 - 0.3 * inward) + 0.06 * strands + 0.025 * fine) + _GLAND * gland * (1 + 0.12 * fine) * thick
    )
    grey += _SKIN * np.exp(-(((inside - 0.025) / 0.02) ** 2)) * (inside > 0)
    if view == "MLO":
        grey = _with_muscle(grey, seed)
    for number, lesion in enumerate(lesions):
        grey += _drawn(lesion, _place(lesion, view), seed + 7 * number) * thick
    grain = np.random.default_rng(seed + 99).normal(0, 0.006, grey.shape).astype(np.float32)
    shown = np.where(grey > 0.004, grey + grain * (0.4 + thick), 0)
    film_ = np.clip(shown * (2**BITS - 1), 0, 2**BITS - 1).astype(np.uint16)
    return film_ if side == "L" else np.ascontiguousarray(film_[:, ::-1])


@cache
def _outline(view: View) -> tuple[Grey, Grey, Grey]:
    """Of a left breast: rows from the nipple's (-1 to 1), share of the way inwards, and how far inside the skin."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    nipple = HEIGHT * (0.5 if view == "CC" else 0.6)
    reach = WIDTH * (0.70 if view == "CC" else 0.68)
    above, below = (HEIGHT * 0.40, HEIGHT * 0.38) if view == "CC" else (HEIGHT * 0.66, HEIGHT * 0.34)
    down = np.where(y < nipple, (y - nipple) / above, (y - nipple) / below)
    power = np.where(y < nipple, 2.3 if view == "CC" else 1.9, 2.1)
    edge = reach * np.clip(1 - np.abs(down) ** power, 0, None) ** (0.5 if view == "CC" else 0.56)
    edge += 26 * np.exp(-(((y - nipple) / 34) ** 2))  # the nipple
    inside = (1 - x / np.maximum(edge, 1)) * np.clip(edge / (0.35 * reach), 0, 1)
    return down.astype(np.float32), np.clip(1 - x / reach, 0, 1), np.where(x < edge, inside * 2.4, 0).astype(np.float32)


@cache
def _clouds(seed: int, roughness: float) -> Grey:
    """Noise whose power falls with the frequency, as that of breast tissue does; about -1 to 1."""
    half = np.random.default_rng(seed).normal(0, 1, (HEIGHT // 2, WIDTH // 2))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(WIDTH // 2), np.fft.fftfreq(HEIGHT // 2)))
    frequency[0, 0] = 1
    noise = np.fft.ifft2(np.fft.fft2(half) / frequency**roughness).real
    noise = (noise - noise.mean()) / (2 * noise.std())
    return cv2.resize(noise.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def _towards_nipple(seed: int, view: View) -> Grey:
    """Noise along lines that meet at the nipple: ducts and strands."""
    nipple = (WIDTH * (0.70 if view == "CC" else 0.68), HEIGHT * (0.5 if view == "CC" else 0.6))
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    away, angle = np.hypot(nipple[0] - x, nipple[1] - y), np.arctan2(nipple[1] - y, nipple[0] - x)
    lines = cv2.GaussianBlur(np.random.default_rng(seed + 5).normal(0, 1, (260, 60)).astype(np.float32), (0, 0), 1.6)
    lines /= 2 * lines.std()
    along = (away / HEIGHT * 59).astype(np.float32)
    return cv2.remap(lines, along, ((angle + np.pi) / (2 * np.pi) * 259).astype(np.float32), cv2.INTER_CUBIC)


def _soft(noise: Grey, threshold: float) -> Grey:
    return (1 / (1 + np.exp(-7 * (noise - threshold)))).astype(np.float32)


def _with_muscle(grey: Grey, seed: int) -> Grey:
    """A film with the pectoral muscle in its upper corner."""
    mask = np.zeros(grey.shape, np.float32)
    corner = np.array([[0, 0], [WIDTH * 0.36, 0], [WIDTH * 0.2, HEIGHT * 0.32], [0, HEIGHT * 0.66]], np.int32)
    cv2.fillPoly(mask, [corner], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), 30)
    muscle = _MUSCLE * (1 + 0.16 * _clouds(seed + 3, 1.7)) + 0.08
    return np.where(grey > 0.004, grey * (1 - 0.5 * mask) + mask * muscle, 0)


def _place(lesion: Lesion, view: View) -> tuple[float, float]:
    reach, nipple = WIDTH * (0.70 if view == "CC" else 0.68), HEIGHT * (0.5 if view == "CC" else 0.6)
    away = HEIGHT * (0.34 if view == "CC" else 0.4)
    return reach * (1 - lesion.depth), nipple - lesion.across * away


def _drawn(lesion: Lesion, centre: tuple[float, float], seed: int) -> Grey:
    """A lesion alone, on an empty film."""
    chance = np.random.default_rng(seed + 31)
    layer = np.zeros((HEIGHT, WIDTH), np.float32)
    radius = lesion.size_mm / SPACING_MM / 2
    if lesion.kind == "grains":
        for _ in range(18):
            x, y = chance.normal(centre, radius / 2.2)
            cv2.circle(layer, (round(x), round(y)), int(chance.integers(2, 5)), float(chance.uniform(0.5, 1)), -1)
        return cv2.GaussianBlur(layer, (0, 0), 1.2) * 1.5 * _LESION
    angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    uneven = 0.16 if lesion.kind == "rays" else 0.05
    wave = sum(chance.normal(0, uneven / k) * np.cos(k * angles + chance.uniform(0, 6)) for k in range(2, 9))
    edge = radius * (0.82 if lesion.kind == "rays" else 1) * (1 + wave)
    points = np.stack([centre[0] + edge * np.cos(angles), centre[1] + edge * np.sin(angles)], axis=1)
    cv2.fillPoly(layer, [points.astype(np.int32)], 1.0)
    layer = cv2.GaussianBlur(layer, (0, 0), radius / (6 if lesion.kind == "round" else 4.5))
    if lesion.kind == "rays":
        lines = np.zeros_like(layer)
        for angle in np.linspace(0, 2 * np.pi, 30, endpoint=False) + chance.uniform(-0.2, 0.2, 30):
            length, bend = radius * chance.uniform(1.1, 2.1), chance.uniform(-0.3, 0.3)
            way = np.linspace(0, length, 12)
            turned = angle + bend * way / length
            ray = np.stack([centre[0] + way * np.cos(turned), centre[1] + way * np.sin(turned)], axis=1)
            cv2.polylines(
                lines, [ray.astype(np.int32)], False, float(chance.uniform(0.3, 0.7)), int(chance.integers(2, 6))
            )
        far = np.hypot(*(axis - at for axis, at in zip(np.meshgrid(range(WIDTH), range(HEIGHT)), centre, strict=True)))
        fading = np.clip(1.15 - far / (2.1 * radius), 0, 1).astype(np.float32)
        layer = np.maximum(layer, cv2.GaussianBlur(lines, (0, 0), 2.6) * fading)
    return layer * _LESION
