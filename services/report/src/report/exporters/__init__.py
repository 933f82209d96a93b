"""The file formats of a report, a module for each. Add a new one to `EXPORTERS`."""

from collections.abc import Mapping
from typing import Protocol

from lobule.contracts.case import ReportForm
from report.composition import Report
from report.exporters.html import export_html
from report.exporters.json import export_json
from report.exporters.pdf import export_pdf
from report.exporters.png import export_png


class Exporter(Protocol):
    """Writes a report in one form."""

    def __call__(self, report: Report, /) -> bytes:
        """The whole file."""
        ...


EXPORTERS: Mapping[ReportForm, Exporter] = {
    "html": export_html,
    "pdf": export_pdf,
    "png": export_png,
    "json": export_json,
}
