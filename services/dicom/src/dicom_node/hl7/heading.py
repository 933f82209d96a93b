"""What tells a message apart, and who gets it."""

import hashlib
from dataclasses import dataclass

from dicom_node.hl7.syntax import escape


@dataclass(frozen=True)
class Recipient:
    """Who gets the message: MSH-5 and MSH-6.

    Attributes:
        application: Its name.
        facility: Where it is; may be empty.
    """

    application: str = ""
    facility: str = ""


def control_id(uid: str) -> str:
    """MSH-10 of the message of a name; the same at every try."""
    return hashlib.sha256(uid.encode()).hexdigest()[:20]


def addressed(message: bytes, to: Recipient) -> bytes:
    """The message with who gets it."""
    return message.replace(b"|LOBULE||||", f"|LOBULE||{escape(to.application)}|{escape(to.facility)}|".encode(), 1)
