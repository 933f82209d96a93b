"""Memory of the histopathology pipeline over many analyses of fields of several sizes.

uv run --no-sync python bench/histo_memory.py FIELD ... [--jobs 500]
"""

import argparse
import hashlib
import resource
from pathlib import Path

import cv2
import numpy as np

from histo_worker.pipeline import build_pipeline
from lobule.contracts.result import ImageInfo
from lobule.imaging.decode import decode_rgb, encode_png
from lobule.worker.pipeline import no_progress


def resident_mb() -> float:
    """Current resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def variants(files: list[Path]) -> list[bytes]:
    """Each field unchanged, smaller and larger, because varying sizes make an allocator grow."""
    encoded: list[bytes] = []
    for file in files:
        field = decode_rgb(file.read_bytes())
        encoded += [encode_png(cv2.resize(field, None, fx=s, fy=s).astype(np.uint8)) for s in (1.0, 1.0, 0.7, 1.3)]
    return encoded


def main() -> None:
    """Run the analyses and print the memory during the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fields", nargs="+", type=Path, help="H&E fields")
    parser.add_argument("--jobs", type=int, default=500)
    arguments = parser.parse_args()
    pipeline = build_pipeline()
    encoded = variants(arguments.fields)
    print(f"ready: {resident_mb():.0f} MB", flush=True)
    for job in range(1, arguments.jobs + 1):
        data = encoded[job % len(encoded)]
        info = ImageInfo(
            sha256=hashlib.sha256(data).hexdigest(), file_name="field.png", modality="histopathology", width=1, height=1
        )
        pipeline.analyse(data, info, no_progress)
        if job % 50 == 0 or job == arguments.jobs:
            print(f"after {job} jobs: {resident_mb():.0f} MB", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"highest: {peak:.0f} MB; traces of the network: {pipeline.traces}")


if __name__ == "__main__":
    main()
