"""The answers to a C-STORE (DICOM PS3.4, table B.2-1; PS3.7, annex C)."""

from dataclasses import dataclass
from enum import IntEnum

from pydicom.dataset import Dataset

_COMMENT_LENGTH = 64


class Status(IntEnum):
    """The statuses that this node answers with."""

    SUCCESS = 0x0000
    DUPLICATE_INSTANCE = 0x0111
    CLASS_NOT_SUPPORTED = 0x0122
    NOT_AUTHORISED = 0x0124  # only rules of a site name it
    OUT_OF_RESOURCES = 0xA700
    NOT_A_FILM = 0xA900
    CANNOT_UNDERSTAND = 0xC000


@dataclass(frozen=True)
class Answer:
    """A status with a comment for the operators of the sender; it never contains data of the object."""

    status: Status
    comment: str = ""

    def as_dataset(self) -> Dataset:
        """The elements of the response."""
        response = Dataset()
        response.Status = int(self.status)
        if self.comment:
            response.ErrorComment = self.comment[:_COMMENT_LENGTH]
        return response
