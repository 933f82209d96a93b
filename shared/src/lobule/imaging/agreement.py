"""Whether what a user said of a film and what its file says of it agree."""

from lobule.contracts.result import ImageInfo, Notice
from lobule.imaging.film import Film
from lobule.words import make_notice


def conflicts(image: ImageInfo, film: Film) -> list[Notice]:
    """Notices where the user's word contradicts the file's tags; the user's word is used.

    Args:
        image: What the user said.
        film: What was read, with what its tags say.
    """
    notices: list[Notice] = []
    if image.laterality and film.laterality and image.laterality != film.laterality:
        notices.append(make_notice("laterality_against_file", side=image.laterality, file_side=film.laterality))
    if image.view and film.view and image.view != film.view:
        notices.append(make_notice("view_against_file", view=image.view, file_view=film.view))
    return notices
