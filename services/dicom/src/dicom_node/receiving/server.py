"""The server below the SCP: a limited number of connections, and TLS handshakes that do not block other callers."""

import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from dicom_node.receiving.bounds import BoundedReader
from dicom_node.receiving.messages import BoundedMessages
from dicom_node.tls import CurrentContext, connection_problem

_LOCAL_LIMIT = (0x02, 0x03, 0x02)
"""Rejected transient, by the service provider: local limit exceeded (DICOM PS3.8, 9.3.4)."""


@dataclass(frozen=True)
class Limits:
    """Limits for callers.

    Attributes:
        associations: Largest number of simultaneous associations.
        pdu_bytes: Largest size of a PDU.
        object_bytes: Largest size of an object.
        timeout_s: Seconds without data after which a connection is closed.
        exceeded: Called with the limit that was exceeded: `pdu_too_large`, `object_too_large`, `message_too_large`,
            `messages_waiting`, `message_invalid`, `too_slow`, `connections` or `associations_of_address`.
        no_tls: Called with the address of a caller whose TLS handshake failed, and the code of the reason.
    """

    associations: int
    pdu_bytes: int
    object_bytes: int
    timeout_s: float
    exceeded: Callable[[str], None]
    no_tls: Callable[[str, str], None]

    @property
    def of_address(self) -> int:
        """Associations of one address at the same time: a fifth, at least one, stays free for others."""
        return max(1, self.associations - max(1, self.associations // 5))


class NodeEntity(ApplicationEntity):
    """Counts an association from its request until it is rejected or aborted.

    A connection that asks for nothing, or that its caller leaves open afterwards, takes no place of one.
    """

    @property
    def active_associations(self) -> list[Association]:
        """The associations that were asked for, by the node or by others."""
        return [
            each
            for each in super().active_associations
            if each.requestor.primitive is not None and not (each.is_rejected or each.is_aborted)
        ]


class _Handler(RequestHandler):
    def _create_association(self) -> Association:
        association = super()._create_association()
        server = self.server
        assert isinstance(server, NodeServer)
        limits = server.limits
        reader = BoundedReader(
            self.request,
            max_pdu=limits.pdu_bytes,
            max_object=limits.object_bytes,
            timeout_s=limits.timeout_s,
            exceeded=limits.exceeded,
        )
        association.dul.socket.recv = reader.recv  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
        association.bind(evt.EVT_DIMSE_RECV, reader.next_message)
        association.bind(evt.EVT_CONN_CLOSE, _end_without_request)
        association.bind(evt.EVT_REQUESTED, _limit_address, [limits])
        messages = BoundedMessages(association, limits.exceeded)
        association.dimse = messages
        association.run = partial(_run, association.run, messages)
        return association


def _run(run: Callable[[], None], messages: BoundedMessages) -> None:
    """The thread of an association: nothing is served after it, so what remains of its files can go."""
    try:
        run()
    finally:
        messages.discard()


def _limit_address(event: evt.Event, limits: Limits) -> None:
    """Reject an association of an address that has as many as one may have, as pynetdicom does above its own limit."""
    association, caller, asked = event.assoc, event.assoc.requestor, event.assoc.requestor.primitive
    held = Counter(each.requestor.address for each in association.ae.active_associations)
    if asked is not None and held[caller.address] > limits.of_address:
        limits.exceeded("associations_of_address")
        caller.ae_title = asked.calling_ae_title
        association.acse.send_reject(*_LOCAL_LIMIT)
        evt.trigger(association, evt.EVT_REJECTED, {})
        association.kill()


def _end_without_request(event: evt.Event) -> None:
    """End the thread of an association whose connection was closed before a request for it arrived.

    pynetdicom would wait for the request until its timeout, and count the association meanwhile: every check whether
    the port is open would take a place from a modality.
    """
    if event.assoc.requestor.primitive is None:
        event.assoc.dul.to_user_queue.put(None)  # pyright: ignore[reportArgumentType] - as `receive_pdu` answers after its timeout


class NodeServer(ThreadedAssociationServer):
    """Accepts connections, each in a thread of its own.

    Args:
        limits: Limits for callers.
        tls: The TLS context for callers; None for no TLS.
        arguments: See `AssociationServer`.
        named: See `AssociationServer`.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any, limits: Limits, tls: CurrentContext | None, **named: Any) -> None:
        self.limits, self._tls = limits, tls
        self._lock = threading.Lock()
        self._starting: set[tuple[str, int]] = set()  # address and port of callers that have no association yet
        super().__init__(*arguments, **named, request_handler=_Handler)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection. Its TLS handshake comes later, in its own thread."""
        connection, address = self.socket.accept()  # pyright: ignore[reportOptionalMemberAccess]
        connection.settimeout(self.limits.timeout_s)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002
        """Close connections far above the limit; associations slightly above it are rejected with a reason.

        An address may hold half of the connections, so that none keeps the others out.
        """
        caller, most = client_address[:2], 4 * self.limits.associations + 4
        with self._lock:  # a caller whose association starts meanwhile counts once
            callers = {(each.requestor.address, each.requestor.port) for each in self.active_associations}
            held = Counter(address for address, _ in callers | self._starting)
            few = held.total() < most and held[caller[0]] < most // 2
            if few:
                self._starting.add(caller)
        if not few:
            self.limits.exceeded("connections")
        return few

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands and start the association."""
        try:
            if self._tls is not None:
                try:
                    request = self._tls.get().wrap_socket(request, server_side=True)
                except OSError as error:
                    self.limits.no_tls(client_address[0], connection_problem(error))
                    self.shutdown_request(request)
                    return
            super().finish_request(request, client_address)
        finally:
            with self._lock:
                self._starting.discard(client_address[:2])
