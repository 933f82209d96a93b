"""A PDF like one of the report service."""

import io

import pypdf


def blank_pdf(width: int = 300) -> bytes:
    """A page without text.

    Args:
        width: Width of the page in points; another width results in another file.
    """
    document, written = pypdf.PdfWriter(), io.BytesIO()
    document.add_blank_page(width, 400)
    document.write(written)
    return written.getvalue()
