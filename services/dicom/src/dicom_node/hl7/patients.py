"""Messages about patients: ADT (HL7 v2.5.1, chapter 3). Of those, merges alone change something: orders and cases."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dicom_node.hl7.syntax import CONTROL, Message, SyntaxProblem
from dicom_node.journal.merges import ToldMerge
from dicom_node.journal.orders import LONGEST_NUMBER, MOST_IDENTIFIERS

TYPE = "ADT"
_MERGES = frozenset({"A18", "A30", "A34", "A36", "A39", "A40", "A46", "A47"})
"""Events whose MRG-1 has former identifiers of the patient in PID-3."""
_UNLINK = "A37"
"""The event that two patients (PID) are not one."""
_LEAST = (1, 1, 1, 0, 0, 0)
_TIME = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d+)?([+-]\d{4})?")


@dataclass(frozen=True)
class Merge:
    """A patient who has other identifiers than before.

    Attributes:
        former: The identifiers that are no longer used.
        present: Those that are used instead.
    """

    former: tuple[str, ...]
    present: tuple[str, ...]


def read_merges(message: Message) -> list[Merge]:
    """Read the merges of a message about patients; none if it tells of something else, such as another name.

    Raises:
        SyntaxProblem: An identifier is missing or cannot be used.
    """
    if message.value("MSH", 9, 2) not in _MERGES:
        return []
    found = [_read(group) for group in message.groups("PID")]
    if not found:
        raise SyntaxProblem("100", "PID, the patient, is missing.")
    return found


def _read(group: Message) -> Merge:
    """Read one patient: a group of segments that begins with PID."""
    present = group.repetitions("PID", 3) or group.repetitions("PID", 2)
    former = group.repetitions("MRG", 1) or group.repetitions("MRG", 4)
    if not present or not former:
        raise SyntaxProblem("101", "The patient (PID-3) or the former identifier (MRG-1) is missing.")
    if max(map(len, [*present, *former])) > LONGEST_NUMBER:
        raise SyntaxProblem("102", "An identifier is longer than 64 characters.")
    if CONTROL.search("".join([*present, *former])):
        raise SyntaxProblem("102", "An identifier has control characters.")
    return Merge(tuple(former[:MOST_IDENTIFIERS]), tuple(present[:MOST_IDENTIFIERS]))


def read_links(message: Message, authority: str) -> list[ToldMerge]:
    """Read what a message tells of identifiers of one assigning authority: that they were merged, or were not.

    An identifier that names no authority is one of the sending facility (MSH-4). A former identifier is linked with the
    present one of the same authority alone.

    Raises:
        SyntaxProblem: A37 does not name two patients.
    """
    event, groups = message.value("MSH", 9, 2), list(message.groups("PID"))
    facility = frozenset(name for number in (1, 2) if (name := message.value("MSH", 4, number)))

    def own(group: Message, name: str, *fields: int) -> list[str]:
        given = next((told for field in fields if (told := group.identifiers(name, field))), [])
        return [number for number, named in given if authority in (named or facility)][:MOST_IDENTIFIERS]

    if event in _MERGES:
        pairs = [
            (former, present)
            for group in groups
            for present in own(group, "PID", 3, 2)[:1]
            for former in own(group, "MRG", 1, 4)
        ]
    elif event == _UNLINK:
        if len(groups) != 2:
            raise SyntaxProblem("100", "A37 names two patients, each in a segment PID.")
        one, other = (own(group, "PID", 3, 2) for group in groups)
        pairs = [(former, present) for former in one for present in other]
    else:
        return []
    if any(len(each) > LONGEST_NUMBER or CONTROL.search(each) for pair in pairs for each in pair):
        raise SyntaxProblem("102", "An identifier is longer than 64 characters, or has control characters.")
    message_id = CONTROL.sub(" ", message.value("MSH", 10)[:200])
    said = {"message_id": message_id, "told_at": _told_at(message), "authority": authority}
    return [
        ToldMerge(**said, former=former, present=present, undone=event == _UNLINK)
        for former, present in pairs
        if former != present
    ]


def _told_at(message: Message) -> float:
    """When it happened: EVN-6, else when it was noted, EVN-2, else the time of the message; in the node's time zone.

    Not later than now: what a clock that is ahead has told would outlast every later message.
    """
    now = datetime.now(UTC).timestamp()
    for name, field in (("EVN", 6), ("EVN", 2), ("MSH", 7)):
        found = _TIME.fullmatch(message.value(name, field))
        if found is None:
            continue
        *parts, zone = found.groups()
        year, month, day, hour, minute, second = (int(part or least) for part, least in zip(parts, _LEAST, strict=True))
        try:
            return min(now, _in_zone(datetime(year, month, day, hour, minute, second), zone).timestamp())
        except (ValueError, OverflowError):  # no such day, or one at the ends of the calendar
            continue
    return now


def _in_zone(local: datetime, zone: str | None) -> datetime:
    if not zone:
        return local.astimezone()
    away = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    return (local - away if zone[0] == "+" else local + away).replace(tzinfo=UTC)
