"""A PDF that a report service might have made."""

import io

import pypdf


def blank_pdf(width: int = 300) -> bytes:
    """A page without text.

    Args:
        width: Of the page, in points; another width gives another file.
    """
    document, written = pypdf.PdfWriter(), io.BytesIO()
    document.add_blank_page(width, 400)
    document.write(written)
    return written.getvalue()
