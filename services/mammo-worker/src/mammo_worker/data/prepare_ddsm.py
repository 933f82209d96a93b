"""Converts DDSM case by case with limited disk space."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
from numpy.typing import NDArray

from mammo_worker.films.ddsm import (
    Abnormality,
    CaseFile,
    decode_ljpeg,
    fill_outline,
    normalise,
    parse_overlay,
    read_case_file,
)


def prepare_ddsm(folder: Path, out: Path, remove_sources: bool = False) -> Iterator[tuple[str, str]]:
    """Convert every case under `folder`; finished cases are skipped.

    A case becomes `OUT/<case>/`: per view a 16-bit PNG linear in optical density, per abnormality a mask
    `<view>.mask<i>.png`, and last `case.json`, which marks the case as finished. The disk never contains more than the
    sources, the finished cases, and the one in work.

    Args:
        folder: Folder with the case folders at any depth.
        out: Output folder.
        remove_sources: Whether to delete a case's LJPEG files after its conversion.

    Yields:
        The case's name, and `converted`, `done before`, or the reason for refusing it.
    """
    for ics in sorted(folder.rglob("*.ics")):
        try:
            case = read_case_file(ics)
            target = out / case.name
            if (target / "case.json").exists():
                yield case.name, "done before"
                continue
            sources = {view: _source(case, view, ics.parent) for view in case.films}
            target.mkdir(parents=True, exist_ok=True)
            record = _convert(case, sources, target)
        except Exception as error:  # noqa: BLE001 - one damaged case must not stop the others; it is reported
            yield ics.stem, f"refused: {error}"
            continue
        _write_whole(target / "case.json", json.dumps(record, indent=1).encode())
        if remove_sources:
            for film in sources.values():  # other cases may have theirs in the same folder
                film.unlink()
        yield case.name, "converted"


def _source(case: CaseFile, view: str, folder: Path) -> Path:
    for name in (case.name.replace("-", "_"), case.name):
        if (path := folder / f"{name}.{view}.LJPEG").exists():
            return path
    raise FileNotFoundError(f"the film {view} of case {case.name} is missing")


def _convert(case: CaseFile, sources: dict[str, Path], target: Path) -> dict[str, Any]:
    films: dict[str, Any] = {}
    for view, entry in case.films.items():
        source = sources[view]
        film = normalise(decode_ljpeg(source.read_bytes(), entry), case.digitizer)
        _write_png(target / f"{view}.png", film)
        marks: list[dict[str, Any]] = []
        overlay = source.with_suffix(".OVERLAY")
        if entry.overlay:
            for number, mark in enumerate(parse_overlay(overlay.read_text("ascii", errors="replace"))):
                mask = fill_outline(mark.boundary, entry.lines, entry.pixels_per_line)
                _write_png(target / f"{view}.mask{number}.png", mask)
                marks.append(_mark_record(mark))
        films[view] = {
            "width": entry.pixels_per_line,
            "height": entry.lines,
            "microns": entry.microns,
            "abnormalities": marks,
        }
    return {
        "name": case.name,
        "age": case.age,
        "density": case.density,
        "digitizer": case.digitizer,
        "films": films,
    }


def _mark_record(mark: Abnormality) -> dict[str, Any]:
    low, high = mark.boundary.min(axis=0), mark.boundary.max(axis=0) + 1
    return {
        "lesion": mark.lesion,
        "pathology": mark.pathology,
        "assessment": mark.assessment,
        "subtlety": mark.subtlety,
        "box": [*low.tolist(), *high.tolist()],
    }


def _write_png(path: Path, image: NDArray[Any]) -> None:
    done, encoded = cv2.imencode(".png", image)
    if not done:
        raise OSError(f"cannot encode {path.name}")
    _write_whole(path, encoded.tobytes())


def _write_whole(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
