"""Compares the user's description of a film with its file."""

from lobule.contracts.result import ImageInfo, Notice
from lobule.imaging.film import Film
from lobule.words import make_notice


def conflicts(image: ImageInfo, film: Film) -> list[Notice]:
    """Notices where the user's description contradicts the file's tags. The user's takes precedence.

    Args:
        image: The user's description.
        film: The film with its tags.
    """
    notices: list[Notice] = []
    if image.laterality and film.laterality and image.laterality != film.laterality:
        notices.append(make_notice("laterality_against_file", side=image.laterality, file_side=film.laterality))
    if image.view and film.view and image.view != film.view:
        notices.append(make_notice("view_against_file", view=image.view, file_view=film.view))
    return notices
