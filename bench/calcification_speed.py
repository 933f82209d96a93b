"""Measures what the experimental search for calcifications adds to the time of a film, in alternating rounds.

    python bench/calcification_speed.py [FILM] --spacing 0.05

The default film is the full-resolution one of the shared data, 3024 x 4808 pixels of 0.05 mm.
"""

import hashlib
import os
import statistics
import time
from pathlib import Path
from typing import Annotated

import typer

from lobule.contracts.result import ImageInfo
from lobule.imaging.header import read_header
from lobule.worker.pipeline import no_progress

SAMPLE = Path("../shared/data/cbis_ddsm_mass/fullres_sample/Mass-Training_P_00001_LEFT_CC_0.jpg")


def main(
    film: Annotated[Path, typer.Argument(help="a film of 0.1 mm a pixel or finer")] = SAMPLE,
    spacing: Annotated[float, typer.Option(help="its millimetres per pixel")] = 0.05,
    rounds: Annotated[int, typer.Option(help="alternating rounds")] = 7,
) -> None:
    """Measure, and print the medians and their ratio."""
    from mammo_worker.calcifications.package import installed_search
    from mammo_worker.pipeline import build_pipeline

    pipelines = {"without": build_pipeline(), "with the search": build_pipeline(clusters=installed_search())}
    data, header = film.read_bytes(), read_header(film, "mammography")
    image = ImageInfo(
        sha256=hashlib.sha256(data).hexdigest(),
        file_name=film.name,
        modality="mammography",
        width=header.width,
        height=header.height,
        pixel_spacing_mm=(spacing, spacing),
    )
    seconds: dict[str, list[float]] = {name: [] for name in pipelines}
    ratios: list[float] = []
    print(f"{os.cpu_count()} cores, load before the run {os.getloadavg()[0]:.1f}; {header.width} x {header.height}")
    for number in range(rounds + 1):
        for name, pipeline in pipelines.items():
            start = time.perf_counter()
            found = pipeline.analyse(data, image, no_progress).result.findings
            seconds[name].append(time.perf_counter() - start)
            if not number:
                print(f"{name}: {sum(f.label == 'calcification' for f in found)} clusters, {len(found)} findings")
        ratios.append(seconds["with the search"][-1] / seconds["without"][-1])
    for name, each in seconds.items():
        print(f"{name:<16} {statistics.median(each[1:]):.2f} s, the median of {rounds} warm rounds")
    print(f"ratio            {statistics.median(ratios[1:]):.2f}, the median over the rounds")


if __name__ == "__main__":
    typer.run(main)
