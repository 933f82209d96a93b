"""Tables of regions: boxes in, opinions out."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from lobule.contracts.result import Box
from lobule.errors import AnalysisError
from mammo_worker.regions.package import RegionReader
from mammo_worker.regions.read import region_of_picture, regions_of_film

COLUMNS = ("file", "kind", "probability_malignant", "outcome")
BOX_COLUMNS = ("x", "y", "width", "height")


@dataclass(frozen=True)
class BoxOnFilm:
    """A region of a film, in pixels of the film as it is read: upright."""

    file: Path
    box: Box


def read_boxes(path: Path) -> list[BoxOnFilm]:
    """Rows of a CSV with the columns file, x, y, width and height.

    Raises:
        ValueError: A column is missing or a number is none.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            return [
                BoxOnFilm(Path(row["file"]), Box.model_validate({name: row[name] for name in BOX_COLUMNS}))
                for row in csv.DictReader(stream)
            ]
    except (OSError, UnicodeError, csv.Error, KeyError, TypeError, ValidationError) as error:
        raise ValueError(f"{path} needs the columns file, x, y, width and height: {error}") from None


def write_opinions(
    reader: RegionReader, files: Sequence[Path], boxes: Sequence[BoxOnFilm], output: Path, spacing: float | None
) -> list[str]:
    """Read pictures and films one after the other, and write a row for each region.

    A region that cannot be judged has an `outcome` that says why, and neither kind nor probability.

    Args:
        reader: The classifier.
        files: Pictures of single regions.
        boxes: On films.
        output: CSV: `COLUMNS`, and `BOX_COLUMNS` where there are boxes.
        spacing: mm a pixel of all files, where they do not say it.

    Returns:
        A line for each file that could not be read.
    """
    refused: list[str] = []
    on_films: dict[Path, list[Box]] = {}
    for row in boxes:
        on_films.setdefault(row.file, []).append(row.box)
    with output.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow((*COLUMNS, *(BOX_COLUMNS if boxes else ())))
        for file in [*files, *on_films]:
            own = on_films.get(file, []) if file not in files else []
            try:
                data = file.read_bytes()
                regions = (
                    regions_of_film(data, own, reader.side, spacing)
                    if own
                    else [region_of_picture(data, reader.side, spacing)]
                )
            except (AnalysisError, OSError) as error:
                refused.append(f"{file}: {error}")
                continue
            places = [(box.x, box.y, box.width, box.height) for box in own] or [()]
            opinions = iter(reader([region.prepared for region in regions if region.prepared is not None]))
            for region, place in zip(regions, places, strict=True):
                said = ("", "")
                if region.prepared is not None:
                    opinion = next(opinions)
                    said = (opinion.kind, round(opinion.probability_malignant, 5))
                writer.writerow((file, *said, region.outcome, *place))
    return refused
