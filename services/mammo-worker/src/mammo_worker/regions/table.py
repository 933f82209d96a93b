"""Reads tables of boxes, and makes tables of opinions."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from lobule.contracts.result import Box
from lobule_ml.batch import Row, open_expanded, readable, reason
from mammo_worker.regions.package import RegionReader
from mammo_worker.regions.read import region_of_picture, regions_of_film

COLUMNS = ("file", "kind", "probability_malignant", "outcome", "error", "detail")
BOX_COLUMNS = ("x", "y", "width", "height")


@dataclass(frozen=True)
class BoxOnFilm:
    """A region of a film, in pixels of the upright film."""

    file: Path
    box: Box


def read_boxes(path: Path) -> list[BoxOnFilm]:
    """Read a CSV with the columns file, x, y, width and height.

    Relative paths of files can also refer to the folder of the CSV.

    Raises:
        ValueError: The file cannot be read, a column is missing, or a row has no box.
    """
    columns = ("file", *BOX_COLUMNS)
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise ValueError(f"{path} lacks the columns {', '.join(missing)}; it needs {','.join(columns)}")
            return [_box(row, f"{path}, line {reader.line_num}", path.parent) for row in reader]
    except (OSError, UnicodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None


def _box(row: Mapping[str, str | None], place: str, folder: Path) -> BoxOnFilm:
    try:
        box = Box.model_validate({name: row[name] for name in BOX_COLUMNS})
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        said = f"{name} is {row[name] or ''!r}; write pixels, width and height above 0"
        raise ValueError(f"{place}: {said}") from None
    return BoxOnFilm(_found(Path(row["file"] or ""), folder), box)


def _found(file: Path, folder: Path) -> Path:
    return folder / file if not file.exists() and (folder / file).exists() else file


def read_opinions(
    reader: RegionReader, files: Sequence[Path], boxes: Sequence[BoxOnFilm], spacing: float | None
) -> Iterator[list[Row]]:
    """Classify regions of pictures and films, one file after another.

    A region that cannot be classified has an `outcome` with the reason, but neither kind nor probability; if its file
    cannot be read, it has an error code and the reason.

    Args:
        reader: The classifier.
        files: Pictures of single regions.
        boxes: Boxes on films.
        spacing: Spacing in mm per pixel of all files that do not state it.

    Yields:
        The rows of a file, one for each region, with `COLUMNS` and `BOX_COLUMNS`.
    """
    for file in files:
        yield _rows(reader, file, (), spacing)
    for file in dict.fromkeys(row.file for row in boxes):
        yield _rows(reader, file, [row.box for row in boxes if row.file == file], spacing)


def _rows(reader: RegionReader, file: Path, boxes: Sequence[Box], spacing: float | None) -> list[Row]:
    rows: list[Row] = [{"file": readable(file), **box.model_dump()} for box in boxes] or [{"file": readable(file)}]
    try:
        if boxes:
            regions = regions_of_film(
                file.read_bytes(), boxes, reader.side, None if spacing is None else (spacing, spacing)
            )
        else:
            with open_expanded(file) as picture:
                regions = [region_of_picture(picture.read(), reader.side, spacing)]
    except Exception as error:  # noqa: BLE001 - as in `predict`, one file must not end the run
        code, detail = reason(error)
        return [{**row, "error": code, "detail": detail} for row in rows]
    opinions = iter(reader([region.prepared for region in regions if region.prepared is not None]))
    for row, region in zip(rows, regions, strict=True):
        row["outcome"] = region.outcome
        if region.prepared is not None:
            opinion = next(opinions)
            row |= {"kind": opinion.kind, "probability_malignant": opinion.probability_malignant}
    return rows
