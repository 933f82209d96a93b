"""The other systems that the node's settings name, and how a setting writes them."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple, get_args

from dicom_node.journal.outgoing import DicomKind
from dicom_node.privacy import without_password
from lobule.settings import http_address

KINDS: tuple[DicomKind, ...] = get_args(DicomKind)
USUAL_KINDS = frozenset[DicomKind]({"findings", "outlines", "conclusion", "document", "marks", "verdicts"})
"""The kinds of results that a destination receives by default: all that today's viewers and archives read."""
ANY = "*"
"""Stands for every AE title in a list of AE titles."""
_DESTINATION = re.compile(r"([^@,:]{1,16})@([^@,/]+):(\d{1,5})(?:/([a-z+]+))?")
_STOW_PLACE = re.compile(r"(?:([a-z+]+)@)?(https?://[^/\s].*)")
_MESSAGE_PLACE = re.compile(r"([^@,:|^&~\\]{1,40})@([^@,/]+):(\d{1,5})(/tls)?")
_PLACE = re.compile(r"([^@,:]{1,16})@([^@,/]+):(\d{1,5})")
_QUIET_TIME = re.compile(r"([^=,]{1,16})=(\d{1,6}(?:\.\d+)?)")


class Place(NamedTuple):
    """Where a DICOM application listens."""

    ae_title: str
    host: str
    port: int


class Destination(NamedTuple):
    """A system that receives results, and the kinds of results that it receives."""

    ae_title: str
    host: str
    port: int
    kinds: frozenset[DicomKind] = USUAL_KINDS


class StowPlace(NamedTuple):
    """A system that receives results by STOW-RS, and the kinds of results that it receives."""

    root: str
    kinds: frozenset[DicomKind]

    @property
    def recipient(self) -> str:
        """Its name in the journal."""
        return f"stow:{without_password(self.root)}"


class MessagePlace(NamedTuple):
    """A system that receives HL7 v2 messages over MLLP."""

    application: str
    host: str
    port: int
    is_tls: bool

    @property
    def recipient(self) -> str:
        """Its name in the journal."""
        return f"hl7:{self.application}@{self.host}:{self.port}"


def parse_destinations(text: str) -> list[Destination]:
    """The destinations in a list.

    Raises:
        ValueError: An entry is not written as AE@host:port or AE@host:port/kind+kind, or its port is out of range.
    """
    found = [_DESTINATION.fullmatch(part) for part in ae_titles(text)]
    if not all(found):
        raise ValueError("write each destination as AE@host:port or AE@host:port/kind+kind, separated by commas")
    return [Destination(each[1], each[2], _port(each[3]), _kinds(each[4])) for each in found if each]


def parse_stow_places(text: str) -> list[StowPlace]:
    """The systems in a list that receive results by STOW-RS.

    Raises:
        ValueError: An entry is not written as an address or as kind+kind@address.
    """
    found = [_STOW_PLACE.fullmatch(part) for part in ae_titles(text)]
    if not all(found):
        raise ValueError("write each as http(s)://host/root or kind+kind@http(s)://host/root, separated by commas")
    return [StowPlace(http_address(each[2]), _kinds(each[1])) for each in found if each]


def parse_prior_nodes(text: str) -> list[Place | str]:
    """The systems in a list that hold prior examinations, each as a place or as its DICOMweb root.

    Raises:
        ValueError: An entry is neither.
    """
    nodes: list[Place | str] = []
    for part in ae_titles(text):
        found = _PLACE.fullmatch(part)
        if found is None and not re.match(r"https?://[^/]", part):
            raise ValueError("write each node as AE@host:port or as http(s)://host/root, separated by commas")
        nodes.append(http_address(part) if found is None else Place(found[1], found[2], _port(found[3])))
    return nodes


def parse_message_places(text: str) -> list[MessagePlace]:
    """The receivers of HL7 v2 messages in a list.

    Raises:
        ValueError: An entry is not written as NAME@host:port or NAME@host:port/tls, or its port is out of range.
    """
    found = [_MESSAGE_PLACE.fullmatch(part) for part in ae_titles(text)]
    if not all(found):
        raise ValueError("write each as NAME@host:port or NAME@host:port/tls, separated by commas")
    return [MessagePlace(each[1], each[2], _port(each[3]), bool(each[4])) for each in found if each]


def parse_quiet_times(text: str) -> dict[str, float]:
    """The seconds by AE title in a list.

    Raises:
        ValueError: An entry is not written as AE=seconds.
    """
    found = [_QUIET_TIME.fullmatch(part) for part in ae_titles(text)]
    if not all(found):
        raise ValueError("write each as AE=seconds, separated by commas")
    return {each[1]: float(each[2]) for each in found if each}


def networks(text: str) -> list[IPv4Network | IPv6Network]:
    """The networks in a list.

    Raises:
        ValueError: An entry is not a network in CIDR notation.
    """
    return [ip_network(part) for part in ae_titles(text)]


def ae_titles(text: str) -> list[str]:
    """The entries of a comma-separated list, without spaces."""
    return [title.strip() for title in text.split(",") if title.strip()]


def _port(text: str) -> int:
    if not 0 < int(text) < 2**16:
        raise ValueError(f"{text} is no port; write one from 1 to 65535")
    return int(text)


def _kinds(text: str | None) -> frozenset[DicomKind]:
    """The kinds of results that a destination receives; `usual` means the default kinds."""
    named = {"usual"} if text is None else set(text.split("+"))
    if unknown := named.difference(KINDS, {"usual"}):
        raise ValueError(f"unknown kind of result: {', '.join(sorted(unknown))}; choose from usual, {', '.join(KINDS)}")
    usual: frozenset[DicomKind] = USUAL_KINDS if "usual" in named else frozenset()
    return usual.union(kind for kind in KINDS if kind in named)
