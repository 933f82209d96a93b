"""The rule that combines several assessments into one (docs/case-assessment.md). It errs on the side of suspicion."""

from collections.abc import Collection

from lobule.contracts.result import Assessment

URGENCY: tuple[Assessment, ...] = ("malignancy_suspected", "not_sure", "no_sign_of_malignancy")
"""All assessments, the most urgent first."""


def combine(assessments: Collection[Assessment], *, failed: bool = False, pending: bool = False) -> Assessment | None:
    """Combine the assessments of several images into that of a case or of a breast.

    It is suspected as soon as one image is. Any lower assessment needs the result of every image, and an image that
    could not be assessed never counts as negative.

    Args:
        assessments: The assessments of the images that have one.
        failed: Whether an image could not be assessed.
        pending: Whether an image is still being analysed.

    Returns:
        None while a result is pending, and if there is no image at all.
    """
    if "malignancy_suspected" in assessments:
        return "malignancy_suspected"
    if pending or not (assessments or failed):
        return None
    return "not_sure" if failed or "not_sure" in assessments else "no_sign_of_malignancy"
