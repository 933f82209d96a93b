"""Notices: remarks about a result that its reader should know. The catalogue has `notice.<code>` for each."""

from collections.abc import Set

from pydantic import Field

from lobule.contracts.document import Document

ADVICE_NOTICES = frozenset({"further_imaging_suggested", "histopathology_suggested"})
"""Notices with advice on the next step. Reports and portal omit them, because they show their own next steps."""

WITHOUT_NUMBER = frozenset({"scale_too_coarse", "scale_unknown", "unlike_training"})
"""Notices of an image whose probability of malignancy nobody is shown: it means nothing, or it does not decide."""

HUNG_BY_CHEST_WALL = "hung_by_chest_wall"
CHEST_WALL_NOTICES = frozenset({HUNG_BY_CHEST_WALL, "chest_wall_against_laterality"})
"""Notices that compare the chest wall with the side that was given to the analysis."""

ORIENTATION_IN_DOUBT = CHEST_WALL_NOTICES | {"orientation_unknown", "laterality_conflict"}
"""Notices of a film that may be mirrored or upside down, or show the other breast, so that it has no quadrants."""
PICTURE_IN_DOUBT = frozenset({"polarity_doubted"})
"""Notices of a film that may have been read with black and white exchanged."""
NOT_EVALUATED = PICTURE_IN_DOUBT | {
    "breast_cut_off",
    "few_pixels",
    "implant",
    "magnified_view",
    "male_patient",
    "partial_view",
    "synthesised_view",
}
"""Notices about kinds of films on which the models were not evaluated, so that they are not called negative."""
UNUSUAL_FILM = NOT_EVALUATED | {"special_view"}
"""Notices about unusual films that the portal repeats beside the conclusion."""

PARTLY_SHOWN = frozenset({"breast_cut_off", "magnified_view", "partial_view"})
"""Notices of a film that shows a part of a breast."""

TO_CHECK = {
    "side": CHEST_WALL_NOTICES | {"laterality_against_file", "laterality_conflict", "laterality_corrected"},
    "view": frozenset({"view_against_file", "view_conflict", "view_modifier_unknown", "view_unknown_beside"}),
    "orientation": frozenset({"orientation_unknown"}),
    "polarity": PICTURE_IN_DOUBT,
    "spacing": frozenset({"spacing_uncertain"}),
    "scale": frozenset(
        {"scale_against_magnification", "scale_estimated", "scale_in_file", "scale_too_coarse", "scale_unknown"}
    ),
    "magnification": frozenset({"magnification_not_measured", "scale_not_measured"}),
    "tissue": frozenset({"tissue_doubted", "unlike_training"}),
    "map": frozenset({"tumour_map_disagrees"}),
    "unread": frozenset({"field_sampled", "tissue_sampled"}),
}
"""Notices that ask the reader to check an image before anything else is believed of it, by what of it is in doubt.

Portal and reports show them beside the image's name and with the conclusion, not only among the other notices.
"""


def shows_whole_breast(codes: Set[str]) -> bool:
    """Whether a film shows a whole breast and no implant before it, by the codes of its notices."""
    return codes.isdisjoint(PARTLY_SHOWN) and ("implant" not in codes or "implant_displaced" in codes)


class Notice(Document):
    """A notice about a result: a limit, an assumption, a correction or advice."""

    code: str = Field(description="stable name of the notice")
    detail: str = Field(description="the sentence in English, for clients without a catalogue")
    values: dict[str, str] = Field(default={}, description="values in the sentence")
