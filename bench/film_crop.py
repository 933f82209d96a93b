"""Measures how closely the reading page crops real films to the breast, and whether it cuts off marked masses.

python bench/film_crop.py --data ../shared/data [--beside OTHER/viewer/breast.js]
"""

import argparse
import json
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from mammo_worker.data.annotated import AnnotatedFilm
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm
from mammo_worker.data.readers.cdd_cesm import cdd_cesm
from mammo_worker.data.readers.mini_mias import mini_mias

VIEWER = Path(__file__).parents[1] / "services/gateway/src/gateway/portal/web/viewer/breast.js"
FINDER = """
import { createInterface } from 'node:readline';
const { findBreast } = await import(process.argv[1]);
for await (const line of createInterface({ input: process.stdin })) {
  const { samples, ...size } = JSON.parse(line);
  const found = findBreast({ ...size, samples: Uint8Array.from(Buffer.from(samples, 'base64')) });
  console.log(JSON.stringify(found?.box ?? null));
}
"""
SIDE = 256  # side of the copy in which the page searches the breast
TOLERANCE = 1.0  # in samples of the copy


def copies(films: list[AnnotatedFilm]) -> Iterator[dict[str, Any]]:
    """Each film at the size that the page searches, with its marks on that scale."""
    for film in films:
        pixels = film.read()
        scale = min(1.0, SIDE / max(pixels.shape))
        size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        yield {"name": film.name, "pixels": small, "marks": film.boxes * scale}


def found(viewer: Path, films: list[dict[str, Any]]) -> list[dict[str, float] | None]:
    """The boxes that a viewer's `findBreast` returns for films."""
    lines = [
        json.dumps(
            {
                "samples": b64encode(film["pixels"].tobytes()).decode(),
                "width": film["pixels"].shape[1],
                "height": film["pixels"].shape[0],
            }
        )
        for film in films
    ]
    command = ["node", "--input-type=module", "-e", FINDER, str(viewer.resolve())]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def report(kind: str, films: list[dict[str, Any]], boxes: list[dict[str, float] | None]) -> None:
    """Print a summary, and the names of films with a mark that is cut off."""
    shares, cut = [], []
    for film, box in zip(films, boxes, strict=True):
        height, width = film["pixels"].shape
        shares.append(1.0 if box is None else box["width"] * box["height"] / (width * height))
        if box is not None and any(
            x1 < box["x"] - TOLERANCE
            or y1 < box["y"] - TOLERANCE
            or x2 > box["x"] + box["width"] + TOLERANCE
            or y2 > box["y"] + box["height"] + TOLERANCE
            for x1, y1, x2, y2 in film["marks"]
        ):
            cut.append(film["name"])
    uncropped = sum(box is None for box in boxes)
    print(
        f"  {kind}: {len(films)} films, {uncropped} uncropped, mean box {sum(shares) / len(shares):.3f} of the film,"
        f" {len(cut)} with a mark cut"
    )
    for name in cut:
        print(f"    {name}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--beside", type=Path, help="another breast.js, with the modules that it imports beside it")
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    data = arguments.data
    films = {
        "CBIS-DDSM": list(copies(cbis_ddsm(data / "cbis_ddsm_mass"))),
        "mini-MIAS": list(copies(mini_mias(data / "mias"))),
        "CDD-CESM, digital": list(copies(cdd_cesm(data / "cdd_cesm"))),
    }
    for viewer in filter(None, (VIEWER, arguments.beside)):
        print(viewer)
        for kind, of_kind in films.items():
            report(kind, of_kind, found(viewer, of_kind))


if __name__ == "__main__":
    main()
