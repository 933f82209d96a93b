"""Notices: what the reader of a result should know about it. The catalogue has their sentences as `notice.<code>`."""

from pydantic import Field

from lobule.contracts.document import Document

ADVICE_NOTICES = frozenset({"further_imaging_suggested", "histopathology_suggested"})
"""Notices that say what to do next. Reports and portal leave them out: they give the next steps of their own."""

HUNG_BY_CHEST_WALL = "hung_by_chest_wall"
CHEST_WALL_NOTICES = frozenset({HUNG_BY_CHEST_WALL, "chest_wall_against_laterality"})
"""Notices that compare the chest wall with the side that an analysis was told."""

ORIENTATION_IN_DOUBT = CHEST_WALL_NOTICES | {"orientation_unknown", "laterality_conflict"}
"""Notices of a film that may be mirrored or upside down, or show the other breast: it tells no quadrant."""
NOT_EVALUATED = frozenset({"implant", "magnified_view", "male_patient", "partial_view", "synthesised_view"})
"""Notices of films of kinds that the models were not evaluated on."""


class Notice(Document):
    """A notice about a result: a limit, an assumption, a correction or advice."""

    code: str = Field(description="stable name of the notice")
    detail: str = Field(description="the sentence in English, for clients without a catalogue")
    values: dict[str, str] = Field(default={}, description="values in the sentence")
