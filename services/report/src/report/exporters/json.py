"""The report as JSON: the whole document, with the results behind its words."""

from report.composition import Report


def export_json(report: Report) -> bytes:
    """Serialise the `ReportDocument` as JSON in UTF-8."""
    return report.document.model_dump_json(indent=2).encode("utf-8")
