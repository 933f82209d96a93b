"""The examinations of a case: each keeps the report and the statements that were signed of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.fhir import codes
from lobule.contracts.case import CaseContent


@dataclass(frozen=True)
class Examined:
    """An examination of a case; it has a version or a draft.

    Attributes:
        name: Id of its report and study: that of the case, from the second examination on with a number.
        versions: That were signed of it, oldest first. Where some of its images were taken out of the case before a
            later examination was signed, the last one is followed by itself without them.
        draft: The case as it stands, if it is about this examination and was changed since, or nothing was signed.
        is_gone: Whether all its films were taken out of the case.
    """

    name: str
    versions: Sequence[CaseContent]
    draft: CaseContent | None
    is_gone: bool = False


def examinations(contents: Sequence[CaseContent]) -> list[Examined]:
    """The examinations of a case, oldest first.

    Args:
        contents: The versions that were signed, oldest first, then the case as it stands if it was changed since.
    """
    grouped: list[list[CaseContent]] = []
    for content in contents:
        if (own := _own(content, grouped)) is None:
            grouped.append([content])
        else:
            own.append(content)
    last_signed = [content for content in contents if content.signature][-1:]
    in_case = {image.image_id for content in [*last_signed, contents[-1]] for image in content.images}
    found: list[Examined] = []
    for number, own in enumerate(grouped, 1):
        name = own[0].case_id if number == 1 else f"{own[0].case_id}-{number}"
        versions, draft = [each for each in own if each.signature], None if own[-1].signature else own[-1]
        is_gone = bool(_current(own[-1])) and not _current(own[-1]) & in_case
        if versions and not is_gone and (kept := _kept(versions[-1], in_case)) != versions[-1]:
            versions.append(kept)
        found.append(Examined(name, versions, draft, is_gone))
    return found


def _own(content: CaseContent, grouped: Sequence[list[CaseContent]]) -> list[CaseContent] | None:
    """The signed contents of the same examination: with one of its films, else the last if no film is a prior."""
    current = _current(content)
    for examination in reversed(grouped):
        if any(current & _current(each) for each in examination):
            return examination
    priors = {image.image_id for image in content.images if image.is_prior}
    if grouped and not any(priors & _current(each) for each in grouped[-1]):
        return grouped[-1]
    return None


def _current(content: CaseContent) -> set[str]:
    return {film.image_id for film in codes.films_of(content)}


def _kept(content: CaseContent, in_case: set[str]) -> CaseContent:
    return content.model_copy(update={"images": [each for each in content.images if each.image_id in in_case]})
