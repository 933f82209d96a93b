"""The report as one self-contained HTML file: no script, nothing loaded from anywhere."""

import base64
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from report.composition import Report
from report.overlay import RGB8, heat_stops
from report.palette import FINDINGS, LINE, READER, STATES, css
from report.pictures import fit, jpeg

_LONGEST_SIDE_IN_A_CASE = 1400  # several pictures share one file
_HUNG_SIDE = 640

_environment = Environment(
    loader=PackageLoader("report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(
    state_colours={state: css(colour) for state, colour in STATES.items()} | {None: css(LINE)},
    finding_colours={state: css(colour) for state, colour in FINDINGS.items()},
    reader_colour=css(READER),
    heat_stops=[css(colour) for colour in heat_stops()],
)


@dataclass(frozen=True)
class Picture:
    """An encoded picture for embedding."""

    url: str
    width: int
    height: int


def export_html(report: Report) -> bytes:
    """Render the report as HTML5 in UTF-8, printable on A4 and readable on a phone."""
    document, text = report.document, report.text
    longest = _LONGEST_SIDE_IN_A_CASE if document.kind == "case" else None
    shown = [
        {
            "original": _picture(pictures.original, longest),
            "annotated": _picture(pictures.annotated, longest),
            "hung": _picture(pictures.hung, _HUNG_SIDE) if document.kind == "case" else None,
            "cutouts": [_picture(cutout) for cutout in pictures.cutouts],
            "drawn": [_picture(cutout) for cutout in pictures.drawn],
        }
        for pictures in report.pictures
    ]
    template = _environment.get_template(f"{document.kind}.html.j2")
    return template.render(document=document, pictures=shown, t=text).encode("utf-8")


def _picture(picture: RGB8, longest: int | None = None) -> Picture:
    picture = fit(picture, longest) if longest else picture
    data = base64.b64encode(jpeg(picture)).decode("ascii")
    return Picture(f"data:image/jpeg;base64,{data}", picture.shape[1], picture.shape[0])
