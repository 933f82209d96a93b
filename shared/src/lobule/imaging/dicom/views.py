"""View and side of a film, by the standard's codes (DICOM PS3.16, context groups 4014 and 4015)."""

import re
from collections.abc import Sequence
from typing import Literal, get_args

from lobule.contracts.result import Laterality, MammographyView, Notice
from lobule.contracts.views import modified, parts_of
from lobule.imaging.dicom.spacing import magnification_of
from lobule.imaging.dicom.tags import Tags
from lobule.imaging.dicom.vocabulary import Tag
from lobule.words import make_notice

FoundView = MammographyView | Literal["specimen"]
MAGNIFIED_FROM = 1.3  # a breast on the detector's cover appears up to 1.1 times as large as it is
_NO_VIEW = "specimen"
_LONGEST_NAMED = 16  # length of a code that the standard allows

_PLAIN = frozenset({"CC", "MLO", "ML", "LM"})
"""Projections beside which a file may name a more special one."""

# SNOMED CT concept and SNOMED-RT code of each view.
_VIEWS: dict[str, FoundView] = {
    **dict.fromkeys(("399260004", "R-10224"), "ML"),
    **dict.fromkeys(("399368009", "R-10226"), "MLO"),
    **dict.fromkeys(("399352003", "R-10228"), "LM"),
    **dict.fromkeys(("399099002", "R-10230"), "LMO"),
    **dict.fromkeys(("399162004", "R-10242"), "CC"),
    **dict.fromkeys(("399196006", "R-10244"), "FB"),
    **dict.fromkeys(("399188001", "R-102D0"), "SIO"),
    **dict.fromkeys(("441555000", "R-40AAA"), "ISO"),
    **dict.fromkeys(("399265009", "R-102CF"), "XCC"),
    **dict.fromkeys(("399192008", "R-1024A"), "XCCL"),
    **dict.fromkeys(("399101009", "R-1024B"), "XCCM"),
    **dict.fromkeys(("127457009", "G-8310"), _NO_VIEW),
}
# Modifiers that change the view; `AT`, `CV` and `TAN` are views whatever the projection.
_SPECIAL: dict[str, MammographyView] = {
    **dict.fromkeys(("399163009", "R-102D6"), "M"),
    **dict.fromkeys(("399055006", "R-102D7"), "S"),
    **dict.fromkeys(("399011000", "R-102D1"), "AT"),
    **dict.fromkeys(("399161006", "R-102D2"), "CV"),
    **dict.fromkeys(("399110001", "R-102C2"), "TAN"),
    **dict.fromkeys(("399197002", "R-102D3"), "RL"),
    **dict.fromkeys(("399226006", "R-102D4"), "RM"),
    **dict.fromkeys(("415670009", "R-102C9"), "RS"),
    **dict.fromkeys(("414493004", "414493005", "R-102CA"), "RI"),
}
_IMPLANT_DISPLACED = ("399209000", "R-102D5")
# Modifiers that do not change the view.
_HARMLESS = ("442581004", "R-40AB3", "442580003", "R-40AB2", "441752004", "P2-00161", "442593008", "R-40ABE")
_MEANINGS: dict[str, FoundView] = {
    "craniocaudal": "CC",
    "mediolateraloblique": "MLO",
    "mediolateral": "ML",
    "mediallateral": "ML",
    "lateromedial": "LM",
    "lateralmedial": "LM",
    "lateromedialoblique": "LMO",
    "caudocranial": "FB",
    "caudocranialfrombelow": "FB",
    "exaggeratedcraniocaudal": "XCC",
    "craniocaudalexaggerated": "XCC",
    "craniocaudalexaggeratedlaterally": "XCCL",
    "craniocaudalexaggeratedmedially": "XCCM",
    "superolateraltoinferomedialoblique": "SIO",
    "inferomedialtosuperolateraloblique": "ISO",
    "axillarytail": "AT",
    "cleavage": "CV",
    "tissuespecimen": _NO_VIEW,
    "tissuespecimenfrombreast": _NO_VIEW,
    "specimen": _NO_VIEW,
}
_NAMES: tuple[MammographyView, ...] = get_args(MammographyView)
_POSITIONS: dict[str, FoundView] = {
    **{name: name for name in _NAMES},
    "CLEAVAGE": "CV",
    "AX": "AT",
    "AXILLA": "AT",
    "TANGENTIAL": "TAN",
    "MAG": "M",
    "SPOT": "S",
    "SPECIMEN": _NO_VIEW,
    "SPEC": _NO_VIEW,
}
_SIDES = ("L", "R", "LEFT", "RIGHT")
_NOT_LETTERS = re.compile(r"[^a-z]")
_SEPARATORS = re.compile(r"[\s_/\-.,+()]+")


def view_of(tags: Tags) -> tuple[MammographyView | None, list[Notice]]:
    """The view of a film; None if it is unknown or not a view of the breast.

    A film with a modified projection (magnified, rolled, …) is never named by its projection alone, nor without it.

    Returns:
        The view, and its notices.
    """
    notices: list[Notice] = []
    coded = _coded_view(tags, notices)
    worded = _worded_view(tags.code(Tag.VIEW_POSITION))
    view = coded or worded
    if coded is None and (unknown := _unknown_words(tags, worded)):
        if view is None:
            notices.append(make_notice("view_unknown", named=unknown))
        else:
            notices.append(make_notice("view_unknown_beside", named=unknown, used=view))
    if coded and worded and worded not in (coded, *parts_of(coded)):
        notices.append(make_notice("view_conflict", used=coded, other=worded))
    if view == _NO_VIEW:
        return None, notices
    view = _magnified(tags, view, notices)
    if view is not None and view not in ("CC", "MLO"):
        notices.append(make_notice("special_view", view=view))
    return view, notices


def _unknown_words(tags: Tags, worded: FoundView | None) -> str:
    """The file's unknown name of its view, a code or a view position; empty if there is none."""
    codes = [item.code(Tag.CODE_VALUE) or item.text(Tag.CODE_MEANING) or "" for item in tags.items(Tag.VIEW_CODES)]
    named = next(filter(None, codes), "") or ("" if worded else tags.code(Tag.VIEW_POSITION))
    return named[:_LONGEST_NAMED]


def shows_specimen(tags: Tags) -> bool:
    """Whether a specimen was imaged instead of a breast, by its container (PS3.3, C.7.6.22) or by its view.

    A film that names no view is one, too, if its part of the body or the description of its series says so.
    """
    if tags.text(Tag.CONTAINER_IDENTIFIER) or tags.items(Tag.SPECIMEN_DESCRIPTIONS):
        return True
    views = {_coded_view(tags, []), _worded_view(tags.code(Tag.VIEW_POSITION))} - {None}
    described = f"{tags.code(Tag.BODY_PART)} {tags.text(Tag.SERIES_DESCRIPTION) or ''}".upper()
    return _NO_VIEW in views or (not views and _NO_VIEW.upper() in described)


def laterality_of(tags: Tags) -> tuple[Laterality | None, list[Notice]]:
    """The side, and a notice if the file names two: the image's takes precedence over that of its series."""
    anatomy = [a for group in tags.items(Tag.SHARED_GROUPS) for a in group.items(Tag.FRAME_ANATOMY)]
    values = [
        *tags.texts(Tag.IMAGE_LATERALITY),
        *(side for a in anatomy for side in a.texts(Tag.FRAME_LATERALITY)),
        *tags.texts(Tag.LATERALITY),
    ]
    prefix = _side_of_position(tags.code(Tag.VIEW_POSITION))
    sides = [side[0].upper() for side in values if side.upper() in _SIDES] or prefix
    notices: list[Notice] = []
    if len({*sides, *prefix}) > 1:
        notices.append(make_notice("laterality_conflict", side=sides[0]))
    return (sides[0] if sides else None), notices  # pyright: ignore[reportReturnType]


def _coded_view(tags: Tags, notices: list[Notice]) -> FoundView | None:
    """The view by its codes."""
    for item in tags.items(Tag.VIEW_CODES):
        projection = _projection(item, notices)
        special: list[MammographyView] = []
        for modifier in [*item.items(Tag.VIEW_MODIFIERS), *tags.items(Tag.VIEW_MODIFIERS)]:
            code = modifier.code(Tag.CODE_VALUE)
            if code in _SPECIAL:
                special.append(_SPECIAL[code])
            if code in _IMPLANT_DISPLACED:
                notices.append(make_notice("implant_displaced"))
            elif code and code not in _SPECIAL and code not in _HARMLESS:
                notices.append(make_notice("view_modifier_unknown"))
        if projection or special:
            return projection if projection == _NO_VIEW else _combined([*special, projection])
    return None


def _combined(found: Sequence[FoundView | None]) -> FoundView | None:
    """One view of all that was found: the most special projection, with its modifiers."""
    parts = [parts_of(view) for view in found if view is not None]
    projections = sorted((view for view, _ in parts if view is not None), key=_PLAIN.__contains__)
    projection = projections[0] if projections else None
    modifiers = [modifier for _, modifier in parts if modifier is not None]
    if projection == _NO_VIEW or not modifiers:
        return projection  # pyright: ignore[reportReturnType]
    return modified(projection, modifiers)


def _projection(item: Tags, notices: list[Notice]) -> FoundView | None:
    code = item.code(Tag.CODE_VALUE)
    by_code = _VIEWS.get(code) or _SPECIAL.get(code)
    by_meaning = _MEANINGS.get(_letters(item.text(Tag.CODE_MEANING) or ""))
    sides = ("XCC", "XCCL", "XCCM")
    if by_code in sides and by_meaning in sides and by_code != by_meaning:
        # Some writers confuse the codes of the two exaggerated views, but not their names.
        notices.append(make_notice("view_conflict", used=by_meaning, other=by_code))
        return by_meaning
    return by_code or by_meaning


def _worded_view(position: str) -> FoundView | None:
    """The view of a text: alone (`MLO`), with its side (`RMLO`), or with a modifier (`CC MAG`, `MLOID`).

    A screening view may also be spaced out (`ML O`) or written out (`CRANIO-CAUDAL`).
    """
    whole = _word(_SEPARATORS.sub("", position)) or _MEANINGS.get(_letters(position))
    if whole in ("CC", "MLO"):
        return whole
    return _combined([_word(word) for word in _SEPARATORS.split(position)])


def _word(word: str) -> FoundView | None:
    for shortened in (word, word.removesuffix("ID"), word[1:] if word[:1] in "LR" and len(word) > 2 else ""):
        if view := _POSITIONS.get(shortened):
            return view
    return None


def _letters(words: str) -> str:
    return _NOT_LETTERS.sub("", words.lower())


def _side_of_position(position: str) -> list[str]:
    """The side in a text, before the view (`RMLO`) or as a separate word (`CC LEFT`); none if there are two."""
    sides = {word[0] for word in _SEPARATORS.split(position) if word in _SIDES or _names_side(word)}
    return list(sides) if len(sides) == 1 else []


def _names_side(word: str) -> bool:
    return word not in _POSITIONS and word[:1] in ("L", "R") and word[1:].removesuffix("ID") in _NAMES


def _magnified(tags: Tags, view: MammographyView | None, notices: list[Notice]) -> MammographyView | None:
    projection, modifier = parts_of(view) if view else (None, None)
    modifiers = [modifier] if modifier else []
    if (magnification_of(tags) or 1.0) >= MAGNIFIED_FROM:
        modifiers.append("M")
    if "SPOT" in tags.code(Tag.PADDLE):
        modifiers.append("S")
    if {"M", "S", "SM"} & {*modifiers}:
        notices.append(make_notice("magnified_view"))
    return modified(projection, modifiers) if modifiers else view
