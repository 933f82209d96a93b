"""Queries on what readers drew."""

from collections.abc import Collection, Iterator, Sequence
from itertools import count

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gateway.images.models import Image
from gateway.reader_findings.models import DrawnFinding, SameLesionMark


def of_case(session: Session, case_id: str, sheets: Sequence[str]) -> Sequence[DrawnFinding]:
    """Those on these sheets, of the images that the case has now, by their letters."""
    query = select(DrawnFinding).join(Image, Image.id == DrawnFinding.image_id)
    query = query.where(Image.case_id == case_id, Image.apart.is_(False))
    here = query.where(DrawnFinding.case_id == case_id, DrawnFinding.sheet.in_(sheets))
    return session.scalars(here.order_by(DrawnFinding.number)).all()


def find(session: Session, finding_id: str) -> DrawnFinding | None:
    """A finding, in whichever case."""
    return session.get(DrawnFinding, finding_id)


def numbers(session: Session, case_id: str, sheet: str) -> set[int]:
    """The numbers that are taken on a sheet of a case."""
    query = select(DrawnFinding.number).where(DrawnFinding.case_id == case_id, DrawnFinding.sheet == sheet)
    return set(session.scalars(query))


def free_numbers(taken: Collection[int]) -> Iterator[int]:
    """The numbers that are free, in their order."""
    return (number for number in count(1) if number not in taken)


def move(session: Session, image_id: str, case_id: str) -> None:
    """The findings of an image go with it into another case, and get the letters that are free there."""
    query = select(DrawnFinding).where(DrawnFinding.image_id == image_id, DrawnFinding.case_id != case_id)
    for drawn in session.scalars(query.order_by(DrawnFinding.number)).all():
        drawn.case_id, drawn.number = case_id, next(free_numbers(numbers(session, case_id, drawn.sheet)))
        session.flush()


def image_in_case(session: Session, image_id: str, case_id: str) -> Image | None:
    """An image, if it belongs to the case; a film of another patient that is kept apart from it does not."""
    return session.scalar(select(Image).where(Image.id == image_id, Image.case_id == case_id, Image.apart.is_(False)))


def marks_of_case(session: Session, case_id: str, sheets: Sequence[str]) -> Sequence[SameLesionMark]:
    """The marks of the same lesion in a case on these sheets, oldest first."""
    query = select(SameLesionMark).where(SameLesionMark.case_id == case_id, SameLesionMark.sheet.in_(sheets))
    return session.scalars(query.order_by(SameLesionMark.said_at, SameLesionMark.id)).all()


def find_mark(session: Session, mark_id: str) -> SameLesionMark | None:
    """A mark, in whichever case."""
    return session.get(SameLesionMark, mark_id)


def erase(session: Session, row: DrawnFinding | SameLesionMark) -> None:
    """Delete a finding or a mark."""
    session.delete(row)


def share(session: Session, case_id: str) -> None:
    """Move what a case's readers drew and said to the sheet that all share, with letters that are free there."""
    query = select(DrawnFinding).where(DrawnFinding.case_id == case_id, DrawnFinding.sheet != "")
    for drawn in session.scalars(query.order_by(DrawnFinding.drawn_at, DrawnFinding.id)).all():
        drawn.sheet, drawn.number = "", next(free_numbers(numbers(session, case_id, "")))
        session.flush()
    marks = session.scalars(select(SameLesionMark).where(SameLesionMark.case_id == case_id)).all()
    pairs: list[list[dict[str, str]]] = []
    for mark in sorted(marks, key=lambda mark: mark.said_at):
        pair = sorted((mark.one, mark.other), key=str)
        if pair in pairs:
            session.delete(mark)
        else:
            pairs.append(pair)
            mark.sheet = ""


def delete_of_case(session: Session, case_id: str) -> None:
    """Delete everything that was drawn and said in a case."""
    for table in (SameLesionMark, DrawnFinding):
        session.execute(delete(table).where(table.case_id == case_id))
