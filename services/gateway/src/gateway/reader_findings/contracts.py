"""Converts findings that readers drew, and marks of the same lesion, to the form that reports and the API show."""

from gateway.reader_findings.models import DrawnFinding, SameLesionMark
from lobule.contracts.reader import FindingReference, ReaderFinding, SameLesion
from lobule.contracts.result import Box


def as_contract(drawn: DrawnFinding) -> ReaderFinding:
    """A finding as reports and the API show it."""
    return ReaderFinding(
        id=drawn.id,
        image_id=drawn.image_id,
        number=drawn.number,
        kind=drawn.kind,
        shape=drawn.shape,
        box=Box.model_validate(drawn.box),
        outline=None if drawn.outline is None else [(x, y) for x, y in drawn.outline],
        corrects=None if drawn.corrects is None else FindingReference.model_validate(drawn.corrects),
        comment=drawn.comment,
        author=drawn.author,
        drawn_at=drawn.drawn_at,
    )


def mark_as_contract(mark: SameLesionMark) -> SameLesion:
    """A mark as reports and the API show it."""
    one, other = (FindingReference.model_validate(each) for each in (mark.one, mark.other))
    return SameLesion(id=mark.id, one=one, other=other, author=mark.author, said_at=mark.said_at)
