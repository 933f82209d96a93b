"""Measures time and memory of the histopathology pipeline on fields of up to 100 megapixels, by format.

uv run --no-sync python bench/histo_large.py FIELD ... [--megapixels 99.9] [--um-per-pixel 0.25]

The fields are tiled, mirrored at their borders, to a picture of the given size, which is written as a plain TIFF, as a
deflated TIFF, as a TIFF of JPEG tiles and as JPEG. Each is analysed in a new process by the service's pipeline,
including its decoder. Memory is the kernel's highest mark (VmHWM) of the process of the pipeline, from its start on,
and of the two processes of the decoder. They do not have their peaks at the same time and share pages, so the sum is
more than they have together.
Limits: 120 s on two cores, 1.5 GB in the process of the pipeline.
"""

import argparse
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile
from memory import peak
from PIL import Image

from histo_worker.pipeline import build_pipeline
from histo_worker.predict import describer
from lobule.decoding.images import decoder
from lobule.imaging.decode import RGB8, decode_rgb
from lobule_ml.batch import analyse


def large_field(fields: list[RGB8], megapixels: float) -> RGB8:
    """A square picture of tissue."""
    side = round(math.sqrt(megapixels * 1e6))
    rows, columns = (min(f.shape[k] for f in fields) for k in (0, 1))
    tiles = [f[:rows, :columns] for f in fields]
    down, across = math.ceil(side / rows), math.ceil(side / columns)
    picture = np.empty((side, side, 3), np.uint8)
    for i in range(down):
        for j in range(across):
            tile = tiles[(i * across + j) % len(tiles)][:: -1 if i % 2 else 1, :: -1 if j % 2 else 1]
            part = picture[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns]
            part[:] = tile[: part.shape[0], : part.shape[1]]
    return picture


def write_all(picture: RGB8, folder: Path) -> list[Path]:
    """Write the picture in every format in which such regions are exported."""
    plain, deflated, tiled, jpeg = (folder / name for name in ("plain.tif", "deflated.tif", "tiled.tif", "whole.jpg"))
    tifffile.imwrite(plain, picture, photometric="rgb")
    tifffile.imwrite(deflated, picture, photometric="rgb", compression="zlib", predictor=True, rowsperstrip=64)
    tifffile.imwrite(tiled, picture, photometric="rgb", tile=(512, 512), compression="jpeg")
    Image.MAX_IMAGE_PIXELS = None
    Image.fromarray(picture).save(jpeg, quality=90)
    return [plain, deflated, tiled, jpeg]


def analyse_one(file: Path, um_per_pixel: float) -> None:
    """Analyse a file in this process, and print the time, the number of regions and the peaks of memory."""
    pipeline = build_pipeline()
    started = time.perf_counter()
    [outcome] = analyse(pipeline, [file], describer(None, um_per_pixel))
    seconds = time.perf_counter() - started
    if outcome.result is None or outcome.result.tissue is None:
        sys.exit(f"{outcome.error}: {outcome.detail}")
    stages = ", ".join(f"{name} {value:.1f}" for name, value in outcome.result.timings_s.items())
    alone, child = peak(), decoder.peak_mb * 1.048576  # the decoder counts in MiB
    server = peak(decoder.running.process.pid) if decoder.running else 0.0
    print(f"{seconds:.1f} s ({stages}); {len(outcome.result.tissue.regions)} regions")
    print(f"  {alone:.0f} MB, its decoder {child:.0f} and {server:.0f} MB, at most {alone + child + server:.0f} MB")


def main() -> None:
    """Make the pictures and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fields", nargs="+", type=Path, help="H&E fields; or one large picture with --one")
    parser.add_argument("--megapixels", type=float, default=99.9)
    parser.add_argument("--um-per-pixel", type=float, default=0.25)
    parser.add_argument("--one", action="store_true", help="analyse one picture in this process")
    arguments = parser.parse_args()
    if arguments.one:
        analyse_one(arguments.fields[0], arguments.um_per_pixel)
        return
    with tempfile.TemporaryDirectory() as name:
        picture = large_field([decode_rgb(path.read_bytes()) for path in arguments.fields], arguments.megapixels)
        files = write_all(picture, Path(name))
        del picture
        for file in files:
            command = [sys.executable, __file__, "--one", "--um-per-pixel", str(arguments.um_per_pixel), str(file)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            said = done.stdout.strip() if done.returncode == 0 else done.stderr.strip().rpartition("\n")[2]
            print(f"{file.name} ({file.stat().st_size / 1e6:.0f} MB): {said}", flush=True)


if __name__ == "__main__":
    main()
