"""The fields of MSH that depend on the recipient and on the single message."""

import hashlib
from dataclasses import dataclass

from dicom_node.hl7.syntax import escape


@dataclass(frozen=True)
class Recipient:
    """The receiving application and facility, MSH-5 and MSH-6.

    Attributes:
        application: Name of the application.
        facility: Name of the facility; may be empty.
    """

    application: str = ""
    facility: str = ""


def control_id(uid: str) -> str:
    """The control id, MSH-10, of the message with this UID; the same at every attempt."""
    return hashlib.sha256(uid.encode()).hexdigest()[:20]


def addressed(message: bytes, to: Recipient) -> bytes:
    """The message with MSH-5 and MSH-6 filled in."""
    return message.replace(b"|LOBULE||||", f"|LOBULE||{escape(to.application)}|{escape(to.facility)}|".encode(), 1)
