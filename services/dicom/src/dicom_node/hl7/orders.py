"""Orders as messages: ORM^O01 (HL7 v2.5.1, 4.4.1) and OMI^O23 (4.4.6)."""

from dicom_node.hl7.syntax import CONTROL, Message, SyntaxProblem
from dicom_node.journal.orders import Order

TYPES = (("ORM", "O01"), ("OMI", "O23"))
_NEW, _GONE = frozenset({"NW", "XO", "SN", "RP", "SC", "OK", "RE", "NA"}), frozenset({"CA", "DC", "OC", "OD"})
_LONGEST = 64


def read_order(message: Message) -> tuple[Order, bool]:
    """Read the order of a message; the flag is False if the message cancels it.

    Raises:
        SyntaxProblem: It is no order, or lacks what tells it apart.
    """
    if (message.value("MSH", 9), message.value("MSH", 9, 2)) not in TYPES:
        raise SyntaxProblem("200", "Only orders are taken: ORM^O01 and OMI^O23.")
    control = message.value("ORC", 1)
    if control not in _NEW | _GONE:
        raise SyntaxProblem("103", "ORC-1 names no order control that is read here, such as NW, XO or CA.")
    placer = message.value("ORC", 2) or message.value("OBR", 2)
    filler = message.value("ORC", 3) or message.value("OBR", 3)
    accession = message.value("IPC", 1) or message.value("OBR", 18) or filler
    patient = message.value("PID", 3) or message.value("PID", 2)
    if not accession or not patient:
        raise SyntaxProblem("101", "The accession number (IPC-1, OBR-18, OBR-3) or the patient (PID-3) is missing.")
    if max(map(len, (placer, filler, accession, patient))) > _LONGEST:
        raise SyntaxProblem("102", "An identifier is longer than 64 characters.")
    if CONTROL.search(placer + filler + accession + patient):
        raise SyntaxProblem("102", "An identifier has control characters.")
    return Order(accession, patient, placer, filler), control in _NEW
