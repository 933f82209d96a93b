"""The interface of systems that have priors."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from dicom_node.priors.choosing import FoundStudy, PriorCriteria

MOST_STUDIES = 200
MOST_FILMS = 24
"""Of one study. A screening examination has fewer."""


_UID = re.compile(r"(?=.{1,64}\Z)[0-9]+(?:\.[0-9]+)*")


def is_uid(value: str) -> bool:
    """Whether a value is a UID: UIDs become parts of addresses."""
    return _UID.fullmatch(value) is not None


class PeerError(Exception):
    """A request to a system failed.

    Args:
        problem: Code of why.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class FoundFilm(NamedTuple):
    """An instance as a node describes it; its class is empty if the node does not say it, as it may (PS3.4, C.6.2)."""

    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str


class Peer(Protocol):
    """A system that has priors. Every method may raise `PeerError`.

    Attributes:
        name: Address of the system.
        is_plain: Whether the connection has no TLS.
    """

    name: str
    is_plain: bool

    def studies(self, criteria: PriorCriteria) -> Sequence[FoundStudy]:
        """Studies that may be priors."""
        ...

    def films(self, study_uid: str) -> Sequence[FoundFilm]:
        """The mammograms of a study."""
        ...

    def fetch(self, study_uid: str, film: FoundFilm, path: Path) -> None:
        """Write a film into a file."""
        ...
