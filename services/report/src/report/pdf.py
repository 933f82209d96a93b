"""The report as a PDF (and its first page as a picture), set by Typst on A4 with embedded fonts and selectable text."""

import json
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst

from report.catalogue import Catalogue
from report.document import ReportDocument
from report.overlay import heat_stops
from report.palette import FINDINGS, STATES, css
from report.pictures import Pictures, fit, jpeg
from report.typeface import FONT_FOLDERS

_LONGEST_SIDE = 1500  # pixels; half of A4's width then has more than 300 a inch
_PAGE_PPI = 120


def render_pdf(document: ReportDocument, pictures: Sequence[Pictures], text: Catalogue) -> bytes:
    """Set a report as PDF.

    Args:
        document: What it says.
        pictures: Of each of its images, in their order.
        text: The catalogue that it was written with.
    """
    return _compile(document, pictures, text, format="pdf")


def render_first_page(document: ReportDocument, pictures: Sequence[Pictures], text: Catalogue) -> bytes:
    """A report's first page, which holds all that it concludes, as PNG."""
    return _compile(document, pictures, text, format="png", ppi=_PAGE_PPI, first_page=True)


def _compile(
    document: ReportDocument,
    pictures: Sequence[Pictures],
    text: Catalogue,
    *,
    first_page: bool = False,
    **options: Any,
) -> bytes:
    with tempfile.TemporaryDirectory(prefix="lobule-report-") as name:
        folder = Path(name)
        data = {
            "document": document.model_dump(mode="json", exclude={"results"}),
            "words": text.words(),
            "pictures": [_leave(folder, number, of_image) for number, of_image in enumerate(pictures, start=1)],
            "colours": {
                "states": {state: css(colour) for state, colour in STATES.items()},
                "findings": {label: css(colour) for label, colour in FINDINGS.items()},
                "heat": [css(colour) for colour in heat_stops()],
            },
            "first_page": first_page,
        }
        (folder / "data.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        source = files("report") / "templates" / "report.typ"
        (folder / "main.typ").write_text(source.read_text("utf-8"), "utf-8")
        fonts = [str(path) for path in FONT_FOLDERS]
        made = typst.compile(str(folder / "main.typ"), font_paths=fonts, ignore_system_fonts=True, **options)
        assert isinstance(made, bytes), "a PDF, or a picture of one page"
        return made


def _leave(folder: Path, number: int, pictures: Pictures) -> dict[str, Any]:
    """Put an image's pictures into the folder, and say what they are called there."""

    def put(name: str, content: bytes) -> str:
        (folder / name).write_bytes(content)
        return name

    height, width = pictures.original.shape[:2]
    return {
        "aspect": height / width,
        "original": put(f"{number}-original.jpg", jpeg(fit(pictures.original, _LONGEST_SIDE))),
        "annotated": put(f"{number}-annotated.jpg", jpeg(fit(pictures.annotated, _LONGEST_SIDE))),
        "cutouts": [put(f"{number}-{i}.jpg", jpeg(cutout)) for i, cutout in enumerate(pictures.cutouts, start=1)],
    }
