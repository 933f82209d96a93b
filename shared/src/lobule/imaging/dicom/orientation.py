"""Determines how a film is hung: chest walls together in the middle, head or outer side up."""

from typing import get_args

from lobule.contracts.result import Hanging, Laterality, Notice
from lobule.imaging.dicom.tags import Tags
from lobule.imaging.dicom.vocabulary import Tag
from lobule.words import make_notice

_ROTATIONS = (0, 90, 180, 270)


def hanging_of(tags: Tags, laterality: Laterality | None, notices: list[Notice]) -> Hanging | None:
    """Determine how to turn stored pixels from the patient orientation in the file.

    Rows of a left breast run to the nipple (anterior), of a right one to the chest wall (posterior); columns run to the
    feet, or in films from above to the inner side. If the side is unknown, only up and down are corrected.

    Returns:
        The identity if the film already hangs correctly; None if the file does not state enough.
    """
    codes = [code.upper() for code in tags.texts(Tag.PATIENT_ORIENTATION)]
    turn = _turn(codes[0], codes[1], laterality) if len(codes) == 2 else None
    if turn is None:
        if tags.code(Tag.FIELD_OF_VIEW_FLIP) == "YES" or (tags.number(Tag.FIELD_OF_VIEW_ROTATION) or 0) % 360:
            notices.append(make_notice("orientation_unknown"))
        return None
    if turn != Hanging():
        notices.append(make_notice("hung_right"))
    return turn


def _turn(row: str, column: str, laterality: Laterality | None) -> Hanging | None:
    across, down = _direction(row, laterality), _direction(column, laterality)
    if across is None or down is None or bool(across[0]) == bool(down[0]):
        return None
    depth = {"L": 1, "R": -1}.get(laterality or "")
    if depth is None:
        if not across[0]:
            return None  # after a quarter turn, two rotations are possible without the side
        depth = across[0]
    for rotation in _ROTATIONS:
        right, below = across, down
        for _ in range(rotation // 90):  # a quarter turn clockwise: up becomes right, right becomes down
            right, below = (-below[0], -below[1]), right
        for mirrored in (False, True):
            shown = (-right[0], -right[1]) if mirrored else right
            if shown == (depth, 0) and below == (0, 1):
                return Hanging(rotation=rotation, mirrored=mirrored)
    return None


def _direction(code: str, laterality: Laterality | None) -> tuple[int, int] | None:
    """A direction as (towards the nipple, downwards in a hung film); its first letter takes precedence."""
    inner = {"L": "R", "R": "L"}.get(laterality or "")
    for letter in code:
        if letter in "AP":
            return (1 if letter == "A" else -1, 0)
        if letter in "FH":
            return (0, 1 if letter == "F" else -1)
    for letter in code:
        if letter in get_args(Laterality) and inner is not None:
            return (0, 1 if letter == inner else -1)
    return None
