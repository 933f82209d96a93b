"""Seconds a film of the mammography worker, warm: the shipped light model through the whole pipeline, and the paper's
configuration (ResNet-101, random weights) through its network alone.

usage: python bench/mammo_speed.py FILM... [--paper SIDE] [--rounds N]
"""

import argparse
import hashlib
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np

from lobule.contracts.result import ImageInfo
from lobule.imaging.header import read_header
from lobule.worker.pipeline import no_progress


def light(films: list[Path], rounds: int) -> None:
    from mammo_worker.pipeline import build_pipeline

    start = time.perf_counter()
    pipeline = build_pipeline()
    print(f"light: ready after {time.perf_counter() - start:.1f} s")
    for path in films:
        seconds: list[float] = []
        stages: dict[str, float] = {}
        for _ in range(rounds):
            start = time.perf_counter()
            data = path.read_bytes()
            header = read_header(path, "mammography")
            image = ImageInfo(
                sha256=hashlib.sha256(data).hexdigest(),
                file_name=path.name,
                modality="mammography",
                width=header.width,
                height=header.height,
            )
            stages = pipeline.analyse(data, image, no_progress).result.timings_s
            seconds.append(time.perf_counter() - start)
        size = f"{header.width} x {header.height}"
        print(f"light: {path.name} ({size}) median {statistics.median(seconds):.2f} s, {stages}")


def paper(side: int, rounds: int) -> None:
    import tensorflow as tf

    from mammo_worker.configs import report
    from mammo_worker.nn.mask_rcnn import MaskRCNN

    model = MaskRCNN(report.paper((side, side)))
    graph = tf.function(model.detect)
    canvas = tf.constant(np.random.default_rng(0).integers(0, 255, (1, side, side, 2)).astype(np.uint8))
    graph(canvas)
    seconds: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        graph(canvas)
        seconds.append(time.perf_counter() - start)
    print(f"paper: ResNet-101, {side} x {side}, median {statistics.median(seconds):.2f} s, best {min(seconds):.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--paper", type=int, default=0, metavar="SIDE")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores ({platform.processor() or platform.machine()}), load before the run {load:.1f}")
    if arguments.films:
        light(arguments.films, arguments.rounds)
    if arguments.paper:
        paper(arguments.paper, arguments.rounds)


if __name__ == "__main__":
    main()
