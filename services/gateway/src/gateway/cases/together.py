"""What the joint reading of a case's films says of each breast, as the case's conclusion takes it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lobule.assessments import URGENCY, combine
from lobule.contracts.case import ImageEvidence, Reason
from lobule.contracts.examination import BreastState
from lobule.contracts.result import Laterality


@dataclass(frozen=True)
class Together:
    """The breasts whose films were read together by a model, beside the images of the case.

    Attributes:
        images: The images. A film that is not sure by itself shows no sign if its breast does not.
        breasts: What was read of the breasts.
        cleared: Names of the films that are not sure by themselves, by their breasts that show no sign.
        raised: Breasts that are more suspicious than each of their films.
    """

    images: list[ImageEvidence]
    breasts: list[BreastState] = field(default_factory=list[BreastState])
    cleared: dict[Laterality, list[str]] = field(default_factory=dict[Laterality, list[str]])
    raised: list[BreastState] = field(default_factory=list[BreastState])

    @property
    def numbers(self) -> Iterator[tuple[str | None, float | None]]:
        """Assessment and probability of each part: of the breasts that were read, and of every other image."""
        sides = {breast.laterality for breast in self.breasts}
        yield from ((breast.assessment, breast.probability_malignant) for breast in self.breasts)
        for image in self.images:
            if image.state == "assessed" and not (image.evidence == "film" and image.laterality in sides):
                yield image.assessment, image.probability_malignant

    def reasons_of_raised(self, assessment: str) -> Iterator[Reason]:
        """A reason for each breast that has this assessment although none of its films has it."""
        code = "breast_suspected" if assessment == "malignancy_suspected" else "breast_not_sure"
        for breast in self.raised:
            if breast.assessment == assessment:
                yield Reason(code=code, values={"side": breast.laterality})

    def reasons_of_cleared(self) -> Iterator[Reason]:
        """A reason for each breast that shows no sign although a film of it is not sure by itself."""
        for side, names in self.cleared.items():
            yield Reason(code="breast_no_sign", values={"side": side, "images": names})

    def said(self) -> list[str]:
        """What differs from the films by themselves, for the digest of the case's evidence."""
        changed = {*self.cleared, *(breast.laterality for breast in self.raised)}
        return [breast.model_dump_json() for breast in self.breasts if breast.laterality in changed]


def read_together(images: Sequence[ImageEvidence], breasts: Iterable[BreastState]) -> Together:
    """Put the reading of the breasts beside the images of a case.

    Args:
        images: The images of the current examination, named.
        breasts: The breasts that were read; without them, every image stands for itself.
    """
    found = Together(list(images), list(breasts))
    for breast in found.breasts:
        films = [film for film in images if film.evidence == "film" and film.laterality == breast.laterality]
        alone = combine({film.assessment for film in films if film.assessment is not None})
        if breast.assessment == "no_sign_of_malignancy":
            unsure = [film for film in films if film.assessment == "not_sure"]
            if unsure:
                found.cleared[breast.laterality] = [film.name for film in unsure]
        elif alone is not None and URGENCY.index(breast.assessment) < URGENCY.index(alone):
            found.raised.append(breast)
    names = {name for of_breast in found.cleared.values() for name in of_breast}
    for place, image in enumerate(found.images):
        if image.evidence == "film" and image.name in names:
            found.images[place] = image.model_copy(update={"assessment": "no_sign_of_malignancy"})
    return found
