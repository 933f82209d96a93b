"""Lays out reports with Typst: A4 pages, or a sheet for one picture."""

import json
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import typst

from report.composition import Report
from report.overlay import RGB8, heat_stops
from report.palette import FINDINGS, READER, STATES, css
from report.pictures import Pictures, fit, jpeg
from report.typeface import FONT_FOLDERS, writable

Template = Literal["image", "case", "sheet"]

_TEMPLATES = files("report") / "templates"
_PARTS = (
    "appendix",
    "certainty",
    "clinical",
    "clinician",
    "common",
    "conclusion",
    "document",
    "doubts",
    "examined",
    "findings",
    "heat_map",
)
_PARTS += ("limits", "next", "notices", "pictures", "reasons", "review", "signature", "system")
_LONGEST_SIDE = 1500  # pixels; half of A4's width then has more than 300 an inch
_LONGEST_SIDE_IN_A_CASE = 1000


def typeset(report: Report, template: Template, **options: Any) -> list[bytes]:
    """Set a report.

    Args:
        report: The report.
        template: Name of the template in `templates`, without `.typ`.
        options: Options of `typst.compile`.

    Returns:
        The PDF alone, or a picture of each page.
    """
    with tempfile.TemporaryDirectory(prefix="lobule-report-") as name:
        folder = Path(name)
        for source in ("base", template):
            (folder / f"{source}.typ").write_text((_TEMPLATES / f"{source}.typ").read_text("utf-8"), "utf-8")
        leave = _leave_sheet if template == "sheet" else _leave
        data = {
            "document": report.document.model_dump(mode="json", exclude={"results"}),
            "words": report.text.parts(*_PARTS),
            "marks": report.text.marks._asdict(),
            "locale": {"lang": report.text.locale.language, "region": report.text.locale.territory},
            "pictures": [leave(folder, number, pictures) for number, pictures in enumerate(report.pictures, start=1)],
            "colours": {
                "states": {state: css(colour) for state, colour in STATES.items()},
                "findings": {state: css(colour) for state, colour in FINDINGS.items()},
                "reader": css(READER),
                "heat": [css(colour) for colour in heat_stops()],
            },
        }
        (folder / "data.json").write_text(json.dumps(_writable(data), ensure_ascii=False), "utf-8")
        made = typst.compile(str(folder / f"{template}.typ"), font_paths=_fonts(), **options)
        assert made is not None, "no output file was named"
        return made if isinstance(made, list) else [made]


@cache
def _fonts() -> typst.Fonts:
    """The fonts of reports, which are searched once in the life of the process."""
    return typst.Fonts(include_system_fonts=False, font_paths=[str(path) for path in FONT_FOLDERS])


def _writable(data: Any) -> Any:
    """The data with every string as the fonts can write it."""
    if isinstance(data, str):
        return writable(data)
    if isinstance(data, Mapping):
        return {key: _writable(value) for key, value in data.items()}
    return [_writable(value) for value in data] if isinstance(data, list | tuple) else data


def _leave(folder: Path, number: int, pictures: Pictures) -> dict[str, Any]:
    """Write an image's pictures into the folder; returns their file names."""

    def put(name: str, picture: RGB8) -> str:
        (folder / f"{number}-{name}.jpg").write_bytes(jpeg(picture))
        return f"{number}-{name}.jpg"

    return {
        "aspect": _aspect(pictures.original),
        "hung_aspect": _aspect(pictures.hung),
        "original": put("original", fit(pictures.original, _LONGEST_SIDE)),
        "annotated": put("annotated", fit(pictures.annotated, _LONGEST_SIDE)),
        "hung": put("hung", fit(pictures.hung, _LONGEST_SIDE_IN_A_CASE)),
        "cutouts": [put(str(i), cutout) for i, cutout in enumerate(pictures.cutouts, start=1)],
        "drawn": [put(f"drawn{i}", cutout) for i, cutout in enumerate(pictures.drawn, start=1)],
    }


def _aspect(picture: RGB8) -> float:
    return picture.shape[0] / picture.shape[1]


def _leave_sheet(folder: Path, number: int, pictures: Pictures) -> dict[str, Any]:
    """Write the annotated picture into the folder without compression, so that a sheet shows its samples unchanged."""
    (folder / f"{number}.rgb").write_bytes(pictures.annotated.tobytes())
    height, width = pictures.annotated.shape[:2]
    return {"annotated": f"{number}.rgb", "width": width, "height": height}
