"""Messages about patients: ADT (HL7 v2.5.1, chapter 3). Of those, merges alone change something: the orders."""

from dataclasses import dataclass

from dicom_node.hl7.syntax import CONTROL, Message, SyntaxProblem
from dicom_node.journal.orders import LONGEST_NUMBER, MOST_IDENTIFIERS

TYPE = "ADT"
_MERGES = frozenset({"A18", "A30", "A34", "A36", "A40", "A46", "A47"})
"""Events whose MRG-1 has former identifiers of the patient in PID-3."""


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
