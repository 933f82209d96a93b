"""The report as PDF: A4, embedded fonts, selectable text."""

from report.composition import Report
from report.typesetting import typeset


def export_pdf(report: Report) -> bytes:
    """As many pages as the report needs."""
    return typeset(report, report.document.kind, format="pdf")[0]
