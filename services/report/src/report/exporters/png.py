"""The report as a picture: the first page of a case's report, or one image with its conclusion on a sheet."""

from report.composition import Report
from report.typesetting import typeset

_PAGE_PPI = 120
_SHEET_PPI = 72  # a sheet is measured in pixels: one point each


def export_png(report: Report) -> bytes:
    """Render the first page that Typst lays out; every report has one.

    The sheet of a single image is as high as its content, and shows the picture pixel for pixel.
    """
    if report.document.kind == "image":
        return typeset(report, "sheet", format="png", ppi=_SHEET_PPI)[0]
    return typeset(report, "case", format="png", ppi=_PAGE_PPI)[0]
