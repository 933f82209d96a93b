"""Receives orders and messages about patients over MLLP and acknowledges each after it is committed to the journal."""

import ipaddress
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from uuid import uuid4

import structlog

from dicom_node import metrics
from dicom_node.hl7 import patients
from dicom_node.hl7.mllp import FrameError, FrameReader, frame
from dicom_node.hl7.orders import read_orders
from dicom_node.hl7.syntax import MOST_BYTES, Message, SyntaxProblem, escape, parse, parse_loosely, segment
from dicom_node.journal import merges, orders
from dicom_node.journal.database import Journal
from dicom_node.journal.orders import Order
from dicom_node.peers import networks
from dicom_node.privacy import error_location
from dicom_node.settings import NodeSettings
from dicom_node.tls import connection_problem, server_context

_MOST_CONNECTIONS = 20
_KEPT_S = 180 * 86400.0
"""Orders without a study are deleted after this time."""
_log = structlog.get_logger()


class OrderListener(socketserver.ThreadingTCPServer):
    """Listens for orders, until it is closed.

    Args:
        settings: The node's settings; `dicom_hl7_port` is set.
        journal: The node's journal, which stores the orders.
        on_merge: Called after a merge of patients was stored that concerns cases.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, settings: NodeSettings, journal: Journal, on_merge: Callable[[], object] = lambda: None) -> None:
        assert settings.dicom_hl7_port is not None
        self.journal, self.timeout_s = journal, settings.dicom_timeout_s
        self.authority, self.on_merge = settings.dicom_hl7_authority, on_merge
        self._networks, self._tls = networks(settings.dicom_hl7_networks), server_context(settings)
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()  # connections by address
        self.address_family = socket.AF_INET6 if ":" in settings.dicom_host else socket.AF_INET
        super().__init__((settings.dicom_host, settings.dicom_hl7_port), _Conversation)
        self._thread = threading.Thread(target=self.serve_forever, name="orders", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def is_alive(self) -> bool:
        """Whether it listens."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()

    def verify_request(self, request: object, client_address: tuple[str, int]) -> bool:  # noqa: ARG002
        """Refuse connections from addresses outside of the allowed networks."""
        address = ipaddress.ip_address(client_address[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped  # a socket for both versions shows it so
        known = any(address in network for network in self._networks if network.version == address.version)
        if not known:
            _refused("unknown_address", client_address[0])
        return known

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Count an unforeseen error; socketserver would print it, with what it may quote of a message."""
        _refused("connection_failed")

    def finish_request(self, request: object, client_address: tuple[str, int]) -> None:
        """Serve a connection, within the limits of simultaneous ones."""
        assert isinstance(request, socket.socket)
        with self._place(client_address[0]) as has_place:
            if not has_place:
                return
            try:
                request.settimeout(self.timeout_s)
                with self._tls.get().wrap_socket(request, server_side=True) if self._tls else request as connection:
                    super().finish_request(connection, client_address)
            except OSError as error:
                problem = connection_problem(error)
                _refused("connection_lost" if problem == "not_connected" else problem, client_address[0])

    @contextmanager
    def _place(self, address: str) -> Iterator[bool]:
        """Hold a place among the connections; an address may have half of them, so that none keeps the others out."""
        with self._lock:
            if self._held.total() >= _MOST_CONNECTIONS:
                problem = "too_many_connections"
            elif self._held[address] >= _MOST_CONNECTIONS // 2:
                problem = "too_many_of_address"
            else:
                problem = None
                self._held[address] += 1
        if problem is not None:
            _refused(problem, address)
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                self._held -= Counter([address])  # forgets addresses without a connection


class _Conversation(socketserver.BaseRequestHandler):
    """The messages of one connection."""

    def handle(self) -> None:
        listener = self.server
        assert isinstance(listener, OrderListener)
        reader = FrameReader(self.request, MOST_BYTES, listener.timeout_s)
        try:
            while (content := reader.next()) is not None:
                answer = frame(_answer(content, listener))
                self.request.settimeout(listener.timeout_s)  # the reader left what remained of its own
                self.request.sendall(answer)
        except FrameError as error:
            if error.problem != "too_slow":
                _refused(error.problem)


def _answer(content: bytes, listener: OrderListener) -> bytes:
    """Process a message and return its acknowledgment."""
    message: Message | None = None
    try:
        message = parse(content)
        if message.value("MSH", 9) == patients.TYPE:
            _take_patients(message, listener)
        else:
            _take_orders(read_orders(message), listener.journal)
    except SyntaxProblem as problem:
        _refused(f"error_{problem.code}")
        return acknowledgment(message or _heading(content), "AR" if problem.code == "200" else "AE", problem)
    except Exception as error:  # noqa: BLE001 - of whatever kind: the sender tries again
        _log.error("an order could not be noted", error=error_location(error))
        return acknowledgment(message, "AE", SyntaxProblem("207", "It could not be noted. Please send it again."))
    return acknowledgment(message, "AA")


def _take_orders(told: Sequence[tuple[Order, bool]], journal: Journal) -> None:
    with journal.transaction() as database:
        for order, stands in told:
            if stands:
                orders.put(database, order, time.time())
            else:
                orders.cancel(database, order)
        orders.forget(database, time.time() - _KEPT_S)
    for _, stands in told:
        metrics.orders.labels("taken" if stands else "cancelled").inc()
    _log.info("orders", taken=sum(stands for _, stands in told), cancelled=sum(not stands for _, stands in told))


def _take_patients(message: Message, listener: OrderListener) -> None:
    """Note merges. What else a message says of a patient is not kept here, and is accepted: a refusal stops queues."""
    merged = patients.read_merges(message)
    links = patients.read_links(message, listener.authority) if listener.authority else []
    if not merged and not links:
        metrics.orders.labels("about_patient").inc()
        return
    with listener.journal.transaction() as database:
        changed = sum(orders.merge(database, each.former, each.present) for each in merged)
        new = sum(merges.add(database, each) for each in links)
    metrics.orders.labels("merge" if merged else "unmerge").inc()
    _log.info("patients_merged", merges=len(merged), orders=changed, links=new, undone=not merged)
    if new:
        listener.on_merge()


def _heading(content: bytes) -> Message | None:
    """A message that was refused as a whole, for its control id; None if it does not begin as one."""
    with suppress(SyntaxProblem):
        return parse_loosely(content)
    return None


def acknowledgment(message: Message | None, code: str, problem: SyntaxProblem | None = None) -> bytes:
    """The acknowledgment of a message; None: of bytes that are no message."""
    value = message.value if message else lambda *_: ""
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000")
    lines = [
        "MSH|^~\\&|LOBULE||"
        + "|".join([escape(value("MSH", 3)), escape(value("MSH", 4)), now, "", "ACK", uuid4().hex[:20], "P", "2.5.1"]),
        segment("MSA", f1=code, f2=escape(value("MSH", 10))),
    ]
    if problem is not None:
        lines.append(segment("ERR", f3=problem.code, f4="E", f8=escape(problem.detail)))
    return ("\r".join(lines) + "\r").encode()


def _refused(problem: str, address: str | None = None) -> None:
    metrics.orders.labels(problem).inc()
    _log.warning("an order was not taken", problem=problem, address=address)
