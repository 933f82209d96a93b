"""A system that falls silent within a message holds up no part of the node."""

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import date

import pytest

from dicom_node.peers import Place
from dicom_node.priors.choosing import PriorCriteria
from dicom_node.priors.dimse import DimsePeer
from dicom_node.priors.peers import PeerError
from dicom_node.receiving.awaited import AwaitedFilms
from dicom_node.reporting.probes import echo

_BEGUN = b"\2\0\0\0\1\0" + bytes(10)
"""An A-ASSOCIATE-AC of 256 bytes, of which 10 come."""


@pytest.fixture
def stalled() -> Iterator[Place]:
    """A system that begins to accept an association; it ends at the end of the test."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        callers: list[socket.socket] = []

        def answer() -> None:
            caller, _ = server.accept()
            callers.append(caller)
            caller.recv(1 << 16)
            caller.sendall(_BEGUN)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield Place("STALLED", "127.0.0.1", server.getsockname()[1])
        thread.join(30)
        for caller in callers:
            caller.close()


def outcome_of(ask: Callable[[], object]) -> object:
    """What a call returns or raises, which must end."""
    outcomes: list[object] = []

    def note() -> None:
        try:
            outcomes.append(ask())
        except PeerError as error:
            outcomes.append(error.problem)

    thread = threading.Thread(target=note, daemon=True)
    thread.start()
    thread.join(30)
    [outcome] = outcomes
    return outcome


def test_a_connection_test_ends(stalled, make_settings):
    settings = make_settings(dicom_timeout_s=0.3)
    assert outcome_of(lambda: echo(stalled, settings)) == "not_connected"


def test_a_search_for_priors_ends(stalled, make_settings):
    peer = DimsePeer(stalled, make_settings(dicom_timeout_s=0.3), AwaitedFilms())
    wanted = PriorCriteria("P1", None, before=date(2026, 5, 1), since=date(2020, 5, 1))
    assert outcome_of(lambda: peer.studies(wanted)) == "not_connected"
