"""The packaged modalities, which every service knows even if none of their workers runs."""

from collections.abc import Mapping
from typing import Literal

from lobule.contracts.modality import ModalitySpec
from lobule.contracts.result import Result
from lobule.modalities.histopathology import HISTOPATHOLOGY
from lobule.modalities.mammography import MAMMOGRAPHY

PACKAGED: Mapping[str, ModalitySpec] = {spec.name: spec for spec in (HISTOPATHOLOGY, MAMMOGRAPHY)}

__all__ = ["HISTOPATHOLOGY", "MAMMOGRAPHY", "PACKAGED", "of_colours", "spec_of", "spec_of_result"]


def of_colours(colours: Literal["grey", "colour"]) -> ModalitySpec:
    """The packaged modality whose images have such colours."""
    return next(spec for spec in PACKAGED.values() if spec.look.colours == colours)


def spec_of_result(result: Result) -> ModalitySpec:
    """The specification of a result's modality; all results of version 0.1 have packaged modalities."""
    return result.modality or PACKAGED[result.image.modality]


def spec_of(modality: str | ModalitySpec) -> ModalitySpec:
    """Return a specification, or look it up by the name of a packaged modality.

    Raises:
        KeyError: No packaged modality has this name.
    """
    return modality if isinstance(modality, ModalitySpec) else PACKAGED[modality]
