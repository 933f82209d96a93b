"""Measures the seconds that the mammography worker needs for a film, warm.

Measures the shipped model through the whole pipeline, reading included, and the thesis' network (ResNet-101, random
weights) and Matterport's Mask R-CNN in alternating rounds, so that load affects both equally. `make bench`, or

    python bench/mammo_speed.py [FILM...] --thesis 1024 --thesis 2048 --matterport PYTHON

PYTHON is a Python 3.7 with Matterport's Mask R-CNN; see `bench/matterport_speed.py` for what to install in it.
"""

import hashlib
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from lobule.contracts.result import ImageInfo
from lobule.imaging.header import read_header
from lobule.worker.pipeline import no_progress

HERE = Path(__file__).parent
SAMPLES = ("cbis_ddsm_mass/fullres_sample/Mass-Training_P_00001_LEFT_CC_0.jpg", "mias/images/mdb003.jpg")
HOW = (
    "Matterport's Mask R-CNN is left out. To measure it: python3.7 -m venv mp && mp/bin/pip install mrcnn-colab==2.1 "
    "tensorflow==1.15.5 keras==2.2.5 'h5py<3' 'protobuf<3.21' 'numpy<1.19' scikit-image imgaug, then "
    "make bench MATTERPORT=mp/bin/python"
)


def shipped(films: list[Path], rounds: int) -> None:
    """The shipped model through the pipeline, as a job runs it."""
    from mammo_worker.pipeline import build_pipeline

    start = time.perf_counter()
    pipeline = build_pipeline()
    print(f"{pipeline.manifest.name}: ready after {time.perf_counter() - start:.1f} s; then warm, medians in seconds\n")
    stages = ("read", "prepare", "network", "draw")
    print(f"{'film':<46}{'pixels':>14}{'total':>8}{'processor':>11}" + "".join(f"{s:>9}" for s in stages))
    for path in films:
        totals: list[float] = []
        processor: list[float] = []
        parts: list[dict[str, float]] = []
        for _ in range(rounds + 1):
            start, used = time.perf_counter(), time.process_time()
            data = path.read_bytes()
            header = read_header(path, "mammography")
            image = ImageInfo(
                sha256=hashlib.sha256(data).hexdigest(),
                file_name=path.name,
                modality="mammography",
                width=header.width,
                height=header.height,
            )
            parts.append(pipeline.analyse(data, image, no_progress).result.timings_s)
            totals.append(time.perf_counter() - start)
            processor.append(time.process_time() - used)
        line = f"{path.name:<46}{f'{header.width} x {header.height}':>14}{statistics.median(totals[1:]):>8.2f}"
        line += f"{statistics.median(processor[1:]):>11.2f}"
        print(line + "".join(f"{statistics.median(p[s] for p in parts[1:]):>9.3f}" for s in stages))


class Contender:
    """A network in a separate process, which analyses a film on request."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.clock: list[float] = []
        self.processor: list[float] = []
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def answer(self) -> str:
        line = (self._process.stdout.readline() if self._process.stdout else "").strip()
        if not line:
            raise SystemExit(f"{self.name} ended with {self._process.wait()}; run its script alone to see why")
        return line

    def look(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        clock, processor = (float(word) for word in self.answer().split())
        self.clock.append(clock)
        self.processor.append(processor)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def thesis(side: int, rounds: int, matterport: Path | None) -> None:
    """Measure ours and Matterport's network in alternating rounds."""
    ours = [sys.executable, str(HERE / "maskrcnn_speed.py"), str(side)]
    wanted = {
        f"ours, {side} x {side}, float32": [*ours, str(side), "float32"],
        f"ours, {side} x {side}, bfloat16": [*ours, str(side), "bfloat16"],
        f"ours, the breast on {side} x {side // 2}, float32": [*ours, str(side // 2), "float32"],
        f"ours, the breast on {side} x {side // 2}, bfloat16": [*ours, str(side // 2), "bfloat16"],
    }
    if matterport is not None:
        wanted = {
            f"Matterport, {side} x {side}, float32": [str(matterport), str(HERE / "matterport_speed.py"), str(side)]
        } | wanted
    contenders: list[Contender] = []
    try:
        for name, command in wanted.items():
            contenders.append(Contender(name, command))
            contenders[-1].answer()  # one after the other: warming up takes much memory
        print(f"\nResNet-101, random weights, {rounds} alternating rounds; medians in seconds", flush=True)
        for _ in range(rounds):
            for contender in contenders:
                contender.look()
    finally:
        for contender in contenders:
            contender.end()
    first = contenders[0]
    print(f"{'':<46}{'clock':>8}{'share':>8}{'processor':>12}{'share':>8}")
    for c in contenders:
        shares = [
            statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
            for mine, theirs in ((c.clock, first.clock), (c.processor, first.processor))
        ]
        clock, processor = statistics.median(c.clock), statistics.median(c.processor)
        print(f"{c.name:<46}{clock:>8.2f}{shares[0]:>8.2f}{processor:>12.2f}{shares[1]:>8.2f}")
    print(f"(shares of {first.name}, the median over the rounds)")


def main(
    films: Annotated[list[Path] | None, typer.Argument(help="films; by default two of the shared data")] = None,
    data: Annotated[Path, typer.Option(help="folder of the data sets")] = Path("../shared/data"),
    thesis_side: Annotated[list[int] | None, typer.Option("--thesis", metavar="SIDE")] = None,
    matterport: Annotated[Path | None, typer.Option(help="Python 3.7 with Matterport's Mask R-CNN")] = None,
    rounds: Annotated[int, typer.Option(help="films each")] = 5,
) -> None:
    """Measure, and print tables."""
    processor = platform.processor() or platform.machine()
    print(f"\n{os.cpu_count()} cores ({processor}), load before the run {os.getloadavg()[0]:.1f}")
    chosen = films or [data / name for name in SAMPLES if (data / name).exists()]
    if chosen:
        shipped(chosen, rounds)
    else:
        print(f"no films in {data}; the shipped model is left out")
    for side in thesis_side or []:
        thesis(side, rounds, matterport)
    if matterport is None:
        print(f"\n{HOW}")


if __name__ == "__main__":
    typer.run(main)
