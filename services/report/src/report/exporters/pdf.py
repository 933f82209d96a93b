"""The report as PDF: A4, embedded fonts, selectable text."""

from report.composition import Report
from report.typesetting import typeset


def export_pdf(report: Report) -> bytes:
    """Render the report as A4 pages in a PDF."""
    return typeset(report, report.document.kind, format="pdf")[0]
