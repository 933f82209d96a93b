"""The limits of an analysis, as sentences."""

from collections.abc import Iterator, Sequence

from lobule.contracts.case import CaseContent
from lobule.contracts.modality import ModalitySpec
from lobule.contracts.result import ImageInfo, Result
from lobule.modalities import spec_of_result
from lobule.words import Words

_OF_UNKNOWN_SIZE = "size"  # the limit that holds only if a file does not say how large a pixel is

_OF_UNREAD = frozenset({"earlier_suspected", "earlier_in_doubt", "earlier_still_analysed"})
"""Reasons by which a film of an examination shortly before, which nobody has read, counts in the conclusion."""


def limits_of(spec: ModalitySpec, images: Sequence[ImageInfo], text: Words, *, whole: bool) -> Iterator[str]:
    """The limits of the analysis of images of a modality, as sentences.

    Args:
        spec: The modality.
        images: Images of the report.
        text: The catalogue.
        whole: Whether to return all limits; otherwise those that the report of a case repeats.
    """
    sizes_known = all(image.pixel_spacing_mm is not None for image in images)
    for key in spec.limits if whole else spec.limits_of_case:
        if key != _OF_UNKNOWN_SIZE or not sizes_known:
            yield text.of_modality(spec, "limits.", key)


def limits_of_case(
    content: CaseContent, results: Sequence[Result], priors: Sequence[str], text: Words
) -> tuple[str, ...]:
    """The limits of the analysis of a case, as sentences.

    Args:
        content: Content of the case.
        results: Results of its assessed images.
        priors: Names of its earlier images.
        text: The catalogue.
    """
    by_modality: dict[str, list[Result]] = {}
    for result in results:
        by_modality.setdefault(result.image.modality, []).append(result)
    limits: list[str] = []
    if missing := content.conclusion.missing_views:
        limits.append(text("limits.missing_views", views=missing))
    if priors and not any(reason.code in _OF_UNREAD for reason in content.conclusion.reasons):
        limits.append(text("limits.priors", images=priors))
    for together in sorted(by_modality.values(), key=lambda some: spec_of_result(some[0]).evidence):
        limits += limits_of(spec_of_result(together[0]), [r.image for r in together], text, whole=False)
    return (*limits, text("limits.case.other"), text("limits.any.clinic"))
