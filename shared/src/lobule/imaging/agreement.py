"""Whether what a user said of a film and what its file says of it agree."""

from lobule.contracts.result import ImageInfo, Notice
from lobule.imaging.film import Film


def conflicts(image: ImageInfo, film: Film) -> list[Notice]:
    """Notices where the user's word contradicts the file's tags; the user's word is used.

    Args:
        image: What the user said.
        film: What was read, with what its tags say.
    """
    notices: list[Notice] = []
    if image.laterality and film.laterality and image.laterality != film.laterality:
        notices.append(
            Notice(
                code="laterality_against_file",
                detail=f"The film was sent as {image.laterality}, its file says {film.laterality}. "
                f"{image.laterality} is used; please check it.",
            )
        )
    if image.view and film.view and image.view != film.view:
        notices.append(
            Notice(
                code="view_against_file",
                detail=f"The film was sent as {image.view}, its file says {film.view}. "
                f"{image.view} is used; please check it.",
            )
        )
    return notices
