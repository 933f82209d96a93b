"""Applies a corrected view and side to a stored result.

A correction does not analyse the image again, so the stored result contains the former view and side. The values that
depend on them are derived again: how the film hangs, and the notices about both.
"""

from lobule.contracts.notices import CHEST_WALL_NOTICES, HUNG_BY_CHEST_WALL, Notice
from lobule.contracts.result import ChestWall, Hanging, Laterality, Result, View
from lobule.words import make_notice

_OF_VIEW = {"special_view", "view_against_file"}
_OF_SIDE = CHEST_WALL_NOTICES | {"laterality_against_file"}
_SCREENING = ("CC", "MLO")


def as_corrected(result: Result, view: View | None, laterality: Laterality | None) -> Result:
    """Copy a result with another view and side."""
    before = result.image
    image = before.model_copy(update={"view": view, "laterality": laterality})
    notices = result.notices
    if view != before.view:
        notices = [notice for notice in notices if notice.code not in _OF_VIEW] + _about_view(result, view)
    if laterality != before.laterality:
        by_tags = None if _has(result, HUNG_BY_CHEST_WALL) else before.hanging
        image.hanging, beside = hang_by_chest_wall(_chest_wall_of(result), laterality, by_tags)
        notices = [notice for notice in notices if notice.code not in _OF_SIDE] + _about_side(result, laterality)
        notices += [beside] if beside else []
    return result.model_copy(update={"image": image, "notices": notices})


def hang_by_chest_wall(
    chest_wall: ChestWall | None, laterality: Laterality | None, hanging: Hanging | None
) -> tuple[Hanging | None, Notice | None]:
    """Hang a film whose chest wall is on the wrong side for its label.

    Args:
        chest_wall: Its edge of the film after `hanging` is applied; None if uncertain.
        laterality: Side of the breast, stated by the user or the file.
        hanging: Hanging by the file's tags; None if they do not state it.

    Returns:
        How to hang the film, and a notice if its chest wall contradicts its side. Without tags the film may be
        mirrored, so it is turned; if tags contradict the chest wall, the label is in doubt, and the film hangs as the
        tags state.
    """
    if laterality is None or chest_wall is None or (chest_wall == "right") == (laterality == "R"):
        return hanging, None
    if hanging is None:
        return Hanging(mirrored=True), make_notice(HUNG_BY_CHEST_WALL, side=laterality)
    return hanging, make_notice("chest_wall_against_laterality", side=laterality)


def _has(result: Result, code: str) -> bool:
    return any(notice.code == code for notice in result.notices)


def _chest_wall_of(result: Result) -> ChestWall | None:
    """The chest wall's edge; older results do not store it, but a notice tells it if it contradicted the side."""
    if result.chest_wall is None and any(notice.code in CHEST_WALL_NOTICES for notice in result.notices):
        return "left" if result.image.laterality == "R" else "right"
    return result.chest_wall


def _about_view(result: Result, view: View | None) -> list[Notice]:
    conflicts = [notice.values for notice in result.notices if notice.code == "view_against_file"]
    against = [
        make_notice("view_against_file", **{**values, "view": view})
        for values in conflicts
        if view is not None and view != values.get("file_view")
    ]
    is_film = result.image.modality == "mammography"
    special = [make_notice("special_view", view=view)] if is_film and view and view not in _SCREENING else []
    return against + special


def _about_side(result: Result, laterality: Laterality | None) -> list[Notice]:
    """Notices about a side that differs from the analysed one; none if the file agrees with it."""
    former = result.image.laterality
    by_file = [n.values.get("file_side") for n in result.notices if n.code == "laterality_against_file"]
    if laterality is None or former is None or laterality in by_file:
        return []
    return [make_notice("laterality_corrected", side=laterality, former_side=former)]
