"""Orders as messages: ORM^O01 (HL7 v2.5.1, 4.4.1) and OMI^O23 (4.4.6)."""

from collections.abc import Sequence

from dicom_node.hl7.syntax import CONTROL, Message, SyntaxProblem, component_of, unescape
from dicom_node.journal.orders import LONGEST_NUMBER, MOST_IDENTIFIERS, Order, join

TYPES = (("ORM", "O01"), ("OMI", "O23"))
_NEW, _GONE = (
    frozenset({"NW", "XO", "SN", "RP", "SC", "OK", "RE", "NA"}),
    frozenset({"CA", "DC", "OC", "OD", "CR", "DR"}),
)
_ENDED = frozenset({"CA", "DC"})
"""States of an order (ORC-5, HL7 table 0038) that end it: filling systems send SC, the state has changed, with one."""
_LONGEST_FIELD = 427


def read_orders(message: Message) -> list[tuple[Order, bool]]:
    """Read the orders of a message, each with all identifiers of the patient; the flag is False if it is cancelled.

    The films name one of the identifiers, and nothing says which.

    Raises:
        SyntaxProblem: It holds no order, or one of them lacks what tells it apart.
    """
    if (message.value("MSH", 9), message.value("MSH", 9, 2)) not in TYPES:
        raise SyntaxProblem("200", "Only orders (ORM^O01 and OMI^O23) and messages about patients (ADT) are taken.")
    if any(len(list(message.every(name))) > 1 for name in ("MSH", "PID")):
        raise SyntaxProblem("100", "MSH or PID stands twice: send each message, of one patient, in a block of its own.")
    patients = message.repetitions("PID", 3)[:MOST_IDENTIFIERS] or message.repetitions("PID", 2)
    groups = list(message.groups("ORC"))
    if not groups:
        raise SyntaxProblem("100", "ORC, the order control, is missing.")
    return [_read(group, patients) for group in groups]


def _read(message: Message, patients: Sequence[str]) -> tuple[Order, bool]:
    """Read one order: a group of segments that begins with ORC."""
    control = message.value("ORC", 1)
    if control not in _NEW | _GONE:
        raise SyntaxProblem("103", "ORC-1 names no order control that is read here, such as NW, XO or CA.")
    placer = message.field("ORC", 2) or message.field("OBR", 2)
    filler = message.field("ORC", 3) or message.field("OBR", 3)
    accession = message.value("IPC", 1) or message.value("OBR", 18) or component_of(filler, 1)
    if not accession or not patients:
        raise SyntaxProblem("101", "The accession number (IPC-1, OBR-18, OBR-3) or the patient (PID-3) is missing.")
    numbers = [component_of(placer, 1), component_of(filler, 1), accession, *patients]
    if max(map(len, numbers)) > LONGEST_NUMBER or max(len(placer), len(filler)) > _LONGEST_FIELD:
        raise SyntaxProblem("102", "An identifier is longer than 64 characters.")
    if CONTROL.search("".join(map(unescape, (placer, filler))) + "".join(numbers)):
        raise SyntaxProblem("102", "An identifier has control characters.")
    stands = control in _NEW and message.value("ORC", 5) not in _ENDED
    return Order(accession, join(patients), placer, filler), stands
