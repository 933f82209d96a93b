"""The rule that makes one assessment of several (docs/case-assessment.md). It errs towards suspicion."""

from collections.abc import Collection

from lobule.contracts.result import Assessment

URGENCY: tuple[Assessment, ...] = ("malignancy_suspected", "not_sure", "no_sign_of_malignancy")
"""All assessments, the most urgent first."""


def combine(said: Collection[Assessment], *, failed: bool = False, pending: bool = False) -> Assessment | None:
    """The assessment of what several images say: of a case, of a breast.

    Suspected as soon as one image is; any lower assessment needs the result of every image, and what could not be
    assessed is never called negative.

    Args:
        said: The assessment of each image that has one.
        failed: Whether there is an image that could not be assessed.
        pending: Whether there is an image that is still analysed.

    Returns:
        None while a result is awaited, and where there is no image at all.
    """
    if "malignancy_suspected" in said:
        return "malignancy_suspected"
    if pending or not (said or failed):
        return None
    return "not_sure" if failed or "not_sure" in said else "no_sign_of_malignancy"
