"""What a list says of its cases beyond their rows: views, earlier examinations, reads, and the joint reading."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.cases.examinations import current_date, examinations
from gateway.cases.joint_reading import key_of
from gateway.cases.models import Case, SignedRead
from gateway.images import repository as images
from gateway.images.identity import SamePatient
from gateway.images.merging import KnownPatients
from gateway.images.models import Image
from gateway.jobs.models import Examination
from gateway.users.models import User
from lobule.contracts.breasts import BreastConclusions
from lobule.contracts.case import HANGINGS, ReadRole
from lobule.contracts.examination import LesionSite, SinceEarlier
from lobule.contracts.progress import FINAL_STATES


@dataclass(frozen=True)
class ImageSummary:
    """What the images of a case tell.

    Attributes:
        views: How many of the four screening views the current examination has.
        earlier: How many earlier examinations of the patient this user may see, in this case and in others.
    """

    views: int
    earlier: int


@dataclass(frozen=True)
class Read:
    """What a user may know of a signed read of a case that two people read.

    Attributes:
        role: Role of the reader.
        reader_id: Id of the user who signed it.
        reader: Name of the reader.
        breasts: The reader's statements about each breast; None if there are none.
    """

    role: ReadRole
    reader_id: str
    reader: str
    breasts: BreastConclusions | None


@dataclass(frozen=True)
class JointReading:
    """The joint reading of a case's films.

    Attributes:
        pending: Whether it is under way.
        since: What it found since earlier examinations.
        leading: Site of its suspicion; None if no breast determines its assessment.
    """

    pending: bool
    since: SinceEarlier
    leading: LesionSite | None


def image_summaries(session: Session, user: User, cases: Sequence[Case]) -> dict[str, ImageSummary]:
    """What the images of these cases tell a user, by case; without cases that have no image."""
    of_these = select(Image).where(Image.case_id.in_([case.id for case in cases]), Image.apart.is_(False))
    own = _by_case(session.scalars(of_these).all())
    marks = {mark for found in own.values() for image in found if (mark := image.identity.patient_id_mark)}
    known, others = KnownPatients(session, marks), defaultdict[str, list[Image]](list)
    for image in images.of_patients(session, user, marks | known.marks) if marks else ():
        others[image.identity.patient_id_mark or ""].append(image)
    return {case_id: _shown(case_id, found, others, known) for case_id, found in own.items()}


def _by_case(found: Sequence[Image]) -> dict[str, list[Image]]:
    by_case: dict[str, list[Image]] = defaultdict(list)
    for image in found:
        by_case[image.case_id or ""].append(image)
    return by_case


def _shown(case_id: str, own: list[Image], others: dict[str, list[Image]], known: KnownPatients) -> ImageSummary:
    places = examinations(own)
    current = [image for image in own if not places[image.id].is_prior]
    views = {f"{image.laterality}{image.view}" for image in current} & set(HANGINGS)
    days = {places[image.id].date for image in own if places[image.id].is_prior}
    today = current_date(own)
    marks = {mark for image in own if (mark := image.identity.patient_id_mark)}
    marks |= {linked for mark in marks for _, linked in known.linked(mark)}
    patient = SamePatient(own, known)
    same = [image for mark in marks for image in others.get(mark, ()) if image.case_id != case_id]
    elsewhere = [image for image in same if patient.has(image)]
    if today is not None:
        days |= _days_before(elsewhere, today)
    return ImageSummary(views=len(views), earlier=len(days))


def _days_before(found: Sequence[Image], today: date) -> set[date | None]:
    """The days of the examinations of other cases before one, as `case_details.priors` finds them."""
    days: set[date | None] = set()
    for of_case in _by_case(found).values():
        places = examinations(of_case)
        dates = {places[image.id].date for image in of_case if image.spec.in_examinations}
        days |= {day for day in dates if day is not None and day < today}
    return days


def signed_reads(session: Session, user: User, cases: Sequence[Case]) -> dict[str, list[Read]]:
    """The standing reads of cases that two people read, by case: only the user's own while a case is blind."""
    twice = {case.id: case for case in cases if case.read_twice and case.reads}
    columns = (SignedRead.case_id, SignedRead.round, SignedRead.role, SignedRead.reader_id, SignedRead.reader)
    stated = SignedRead.content["signature"]["breasts"]  # the content holds far more than a list shows
    query = select(*columns, stated).where(SignedRead.case_id.in_(twice), SignedRead.withdrawn_at.is_(None))
    found: dict[str, list[Read]] = defaultdict(list)
    for case_id, number, role, reader_id, reader, breasts in session.execute(query.order_by(SignedRead.signed_at)):
        case = twice[case_id]
        if number == case.read_round and (not case.blind or reader_id == user.id):
            known = BreastConclusions.model_validate(breasts) if breasts else None
            found[case_id].append(Read(role, reader_id, reader, known))
    return found


def joint_readings(session: Session, cases: Sequence[Case]) -> dict[str, JointReading]:
    """The joint readings of these cases, by case; without cases that have none."""
    keys = {key_of(case.id): case.id for case in cases}
    columns = (Examination.key, Examination.state, Examination.since, Examination.leading)
    return {
        keys[key]: JointReading(
            pending=state not in FINAL_STATES,
            since=SinceEarlier.model_validate(since or {}),
            leading=LesionSite.model_validate(leading) if leading else None,
        )
        for key, state, since, leading in session.execute(select(*columns).where(Examination.key.in_(keys)))
    }
