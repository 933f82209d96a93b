"""Measures the cost of decoding a film in the isolated process: reads the same film here and there, alternating.

uv run --no-sync python bench/decoder.py [--rounds 20] [FILE...]

Without files, films of 14.5 megapixels are drawn. Between two films the benchmark waits as long as a network needs for
one, because the decoder restarts in that time. It prints medians of elapsed time and of processor time; the latter, of
both processes together, is meaningful even on a busy machine.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import cv2
import imagecodecs
import numpy as np
import typer
from small_images import dicom_of

from lobule.decoding.images import decoder, read_film
from lobule.imaging import read_film as unwalled
from lobule.phantoms import mammogram_phantom

_SIZE = (3024, 4808)


def films() -> dict[str, bytes]:
    """Films to read, by name."""
    large = cv2.resize(mammogram_phantom(1), _SIZE, interpolation=cv2.INTER_CUBIC)
    deep = (large.astype(np.uint16) << 4) + np.random.default_rng(0).integers(0, 16, large.shape, np.uint16)
    return {
        "16-bit DICOM, raw": dicom_of(deep),
        "16-bit PNG": bytes(imagecodecs.png_encode(deep, level=1)),
        "8-bit PNG": bytes(imagecodecs.png_encode(large, level=1)),
        "8-bit JPEG": bytes(imagecodecs.jpeg8_encode(large, level=90)),
    }


def _times(read: Callable[[bytes], object], data: bytes) -> tuple[float, float]:
    """Elapsed time and processor time in milliseconds."""
    decoder.cpu_s = 0.0
    started, computed = time.perf_counter(), time.thread_time()
    read(data)
    return (time.perf_counter() - started) * 1e3, (time.thread_time() - computed + decoder.cpu_s) * 1e3


def main(
    files: Annotated[list[Path] | None, typer.Argument()] = None,
    rounds: Annotated[int, typer.Option(help="Films of each kind.")] = 20,
    pause: Annotated[float, typer.Option(help="Seconds between two films.")] = 0.3,
) -> None:
    """Run the benchmark and print the results."""
    chosen = {path.name: path.read_bytes() for path in files} if files else films()
    print(f"{'':24} {'':>6} {'elapsed, ms':^26} {'computed, ms':^26}")
    print(f"{'film':24} {'MB':>6} " + 2 * f"{'plain':>8} {'walled':>8} {'cost':>8} ")
    for name, data in chosen.items():
        pairs: list[tuple[tuple[float, float], tuple[float, float]]] = []
        for number in range(rounds + 1):
            time.sleep(pause)
            pair = (_times(unwalled.read_film, data), _times(read_film, data))
            if number:  # the first one starts the decoder
                pairs.append(pair)
        line = f"{name:24} {len(data) / 1e6:6.1f} "
        for kind in (0, 1):
            plain, walled = (statistics.median(pair[side][kind] for pair in pairs) for side in (0, 1))
            cost = statistics.median(pair[1][kind] - pair[0][kind] for pair in pairs)
            line += f"{plain:8.0f} {walled:8.0f} {cost:8.0f} "
        print(line, flush=True)
    decoder.close()


if __name__ == "__main__":
    typer.run(main)
