"""Codes of the reasons for the system's conclusion about a case, and of the next steps that it suggests."""

from typing import Literal

ReasonCode = Literal[
    "film_suspected",
    "film_not_sure",
    "films_no_sign",
    "suspected_in_both_views",
    "suspected_in_one_view",
    "breast_suspected",
    "breast_not_sure",
    "breast_no_sign",
    "image_suspected",
    "image_not_sure",
    "images_no_sign",
    "histology_malignant",
    "histology_not_sure",
    "histology_no_sign",
    "histology_does_not_clear",
    "not_assessed",
    "not_called_negative",
    "still_analysed",
    "view_unknown",
    "earlier_suspected",
    "earlier_in_doubt",
    "earlier_still_analysed",
    "suspected_before",
    "other_patient",
    "film_refused",
    "lesion_new",
    "lesion_grown",
    "not_compared",
    "still_compared",
    "still_read_together",
    "comparison_failed",
    "joint_reading_failed",
]
ABOUT_EITHER_BREAST: frozenset[ReasonCode] = frozenset(
    {
        "image_suspected",
        "image_not_sure",
        "histology_malignant",
        "histology_not_sure",
        "earlier_suspected",
        "earlier_in_doubt",
        "suspected_before",
        "film_refused",
        "lesion_new",
        "lesion_grown",
        "not_compared",
        "comparison_failed",
    }
)
"""Reasons that keep both breasts from being called negative where their films were not read together: they are not of
the current films' results."""
SuggestionCode = Literal[
    "read_with_priority",
    "further_imaging",
    "histopathology",
    "correlate_with_tissue",
    "check_biopsy_site",
    "disease_extent",
    "more_tissue",
    "complete_views",
    "name_views",
    "repeat_failed",
    "read_as_usual",
    "wait",
]
