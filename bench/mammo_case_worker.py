"""Analyses the same films for each line of standard input, and prints elapsed and processor seconds.

Started by `bench/mammo_cases.py` with the sources of some version on the path: one film, or the four of an examination,
which is also assessed as a whole if the version supports that.
"""

import hashlib
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

from lobule.contracts.result import ImageInfo
from lobule.imaging.header import read_header
from lobule.worker.pipeline import no_progress
from mammo_worker.pipeline import build_pipeline

PLACES: tuple[tuple[Literal["L", "R"], Literal["CC", "MLO"]], ...] = (
    ("L", "CC"),
    ("L", "MLO"),
    ("R", "CC"),
    ("R", "MLO"),
)


def main() -> None:
    """Answer lines until standard input ends."""
    files = [Path(word) for word in sys.argv[1:]]
    pipeline = build_pipeline()

    def films() -> None:
        for path in files:
            data, header = path.read_bytes(), read_header(path, "mammography")
            sha256 = hashlib.sha256(data).hexdigest()
            image = ImageInfo(
                sha256=sha256,
                file_name=path.name,
                modality="mammography",
                width=header.width,
                height=header.height,
            )
            pipeline.analyse(data, image, no_progress)

    look = films
    if len(files) == len(PLACES):
        try:
            from mammo_worker.examination.examine import examine, film_reader
            from mammo_worker.examination.films import ExaminedFilm
            from mammo_worker.examination.models import installed_models
            from mammo_worker.examination.views import FilmRow
        except ImportError:  # a version that judges films alone
            pass
        else:
            rows = [FilmRow(path, "1", *place) for path, place in zip(files, PLACES, strict=True)]
            read, models = film_reader(pipeline), installed_models()

            def read_as_another(row: FilmRow) -> ExaminedFilm:
                film = read(row)  # the same pixels in four places would count as one film
                return replace(film, pixels=None) if hasattr(film, "pixels") else film

            def look() -> None:
                [(_, failures)] = examine(rows, read_as_another, models)
                assert not failures, failures

    look()
    print(pipeline.manifest.version, flush=True)
    for _ in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        look()
        print(time.perf_counter() - start, time.process_time() - used, flush=True)


if __name__ == "__main__":
    main()
