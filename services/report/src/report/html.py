"""The report as one self-contained HTML file: no script, nothing loaded from anywhere."""

import base64
from dataclasses import dataclass
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from report.catalogue import Catalogue
from report.document import ReportDocument
from report.overlay import heat_stops
from report.palette import FINDINGS, STATES, css

_environment = Environment(
    loader=PackageLoader("report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(
    state_colours={state: css(colour) for state, colour in STATES.items()},
    finding_colours={label: css(colour) for label, colour in FINDINGS.items()},
    heat_stops=[css(colour) for colour in heat_stops()],
)


@dataclass(frozen=True)
class Picture:
    """An encoded picture for embedding."""

    data: bytes
    media_type: Literal["image/jpeg", "image/png"]
    width: int
    height: int

    @property
    def url(self) -> str:
        """The picture as a data: URL."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode('ascii')}"


def render_html(document: ReportDocument, original: Picture, annotated: Picture, text: Catalogue) -> bytes:
    """Lay a report out as HTML5, UTF-8, printable on A4.

    Args:
        document: What it says.
        original: The display image.
        annotated: The same with the overlay drawn.
        text: The catalogue that `document` was written with.
    """
    template = _environment.get_template("report.html.j2")
    page = template.render(document=document, original=original, annotated=annotated, t=text, language=text.language)
    return page.encode("utf-8")
