"""Checks that every limit of a modality's specification has a sentence."""

from lobule.contracts.language import LANGUAGES
from lobule.contracts.modality import ModalitySpec
from lobule.words.words import Words


def check_limits(spec: ModalitySpec) -> None:
    """Refuse a specification with a limit that has no sentence.

    Raises:
        ValueError: A limit has no sentence in some language.
    """
    for language in LANGUAGES:
        for limit in (*spec.limits, *spec.limits_of_case):
            try:
                Words(language).of_modality(spec, "limits.", limit)
            except KeyError as error:
                raise ValueError(
                    f"the limit {limit!r} of {spec.name} has no sentence in {language!r}: give it as limits.{limit}"
                ) from error
