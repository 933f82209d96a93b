"""Callers that announce too much, say too little, or send what no caller should."""

import contextlib
import socket
import struct
import subprocess
import time

import psutil
import pydicom
import pytest
from dicom_fuzz import Fuzzer, kept
from dicom_peer import FILM, connect, send, send_beginning, tool
from pydicom.dataset import Dataset
from pynetdicom.dsutils import encode
from pynetdicom.pdu import A_ASSOCIATE_RQ

from dicom_node.metrics import associations
from dicom_node.receiving.messages import MAX_BYTES

VERIFICATION = "1.2.840.10008.1.1"
C_STORE, C_FIND, C_ECHO = 0x0001, 0x0020, 0x0030
PIECE = 200_000


def echoes(node) -> bool:
    command = [tool("echoscu"), "-aet", "PACS", "-aec", "LOBULE", "127.0.0.1", str(node.port)]
    return subprocess.run(command, capture_output=True, timeout=30).returncode == 0


def ask_for_association() -> bytes:
    """The first PDU of an honest caller."""
    association = connect(9)  # nobody listens there; what would have been said is what matters
    request = A_ASSOCIATE_RQ()
    request.from_primitive(association.requestor.primitive)
    return request.encode()


def test_an_object_that_is_too_large_is_aborted_and_leaves_nothing(start_node, make_film):
    node = start_node(dicom_max_object_bytes=4_000)
    association = connect(node.port)
    answer = association.send_c_store(pydicom.dcmread(make_film()))
    assert "Status" not in answer
    deadline = time.monotonic() + 10
    while not association.is_aborted or list(node.intake.incoming.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert echoes(node)


def test_several_objects_may_be_larger_together(start_node, make_film):
    node = start_node(dicom_max_object_bytes=100_000)
    assert [status for status, _ in send(node.port, *(make_film() for _ in range(4)))] == [0] * 4


def of(kind: int, sop_class: str, data: bytes | None) -> bytes:
    """The fragments of a request in PDUs, as the first presentation context carries them."""
    command = Dataset()
    command.AffectedSOPClassUID, command.CommandField, command.MessageID = sop_class, kind, 1
    command.AffectedSOPInstanceUID, command.Priority = "1.2.3", 2
    command.CommandDataSetType = 0x0101 if data is None else 0
    fragments = [b"\x03" + (encode(command, is_implicit_vr=True, is_little_endian=True) or b"")]
    pieces = range(0, len(data or b""), PIECE)
    fragments += [bytes([0 if at + PIECE < len(data) else 2]) + data[at : at + PIECE] for at in pieces]
    values = [struct.pack(">IB", len(each) + 1, 1) + each for each in fragments]
    return b"".join(struct.pack(">BBI", 4, 0, len(each)) + each for each in values)


def say(port: int, content: bytes, sop_class: str = VERIFICATION):
    """Open an association and send bytes over it; the association then."""
    association = connect(port, classes=(sop_class,))
    assert association.is_established
    with contextlib.suppress(OSError):
        association.dul.socket.socket.sendall(content)
    return association


def until(true, why: str) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


@contextlib.contextmanager
def exceeds(limit: str):
    """What is said meanwhile makes the node abort an association because of this limit."""
    count = associations.labels(limit)._value.get
    before = count()
    yield
    until(lambda: count() > before, "nothing was exceeded")


# A thread of pynetdicom may end with an exception where an answer follows the abort; its association ends with it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
class TestMessages:
    @pytest.mark.parametrize("kind", [C_ECHO, C_FIND])
    def test_a_data_set_in_memory_ends_the_association(self, start_node, kind):
        node = start_node()
        with exceeds("message_too_large"):
            association = say(node.port, of(kind, VERIFICATION, bytes(MAX_BYTES + PIECE)))
        until(lambda: association.is_aborted, "it goes on")
        assert echoes(node)

    def test_a_command_after_the_data_set_ends_the_association_and_leaves_no_file(self, start_node):
        node = start_node()
        begun = of(C_STORE, FILM, bytes(2 * PIECE))[: -PIECE // 2]
        begun = begun[: begun.rindex(struct.pack(">BBI", 4, 0, PIECE + 6))]  # without the last fragment
        with exceeds("message_invalid"):
            say(node.port, begun + of(C_STORE, FILM, None), FILM)
        until(lambda: not node.associations(), "associations stay")
        assert list(node.intake.incoming.iterdir()) == []

    def test_requests_that_wait_for_no_answer_end_the_association_and_leave_no_files(self, start_node):
        node = start_node()
        with exceeds("messages_waiting"):
            say(node.port, of(C_STORE, FILM, b"\x08\x00\x18\x00\0\0\0\0") * 2_000, FILM)
        until(lambda: not node.associations(), "associations stay")
        assert list(node.intake.incoming.iterdir()) == []

    def test_an_object_that_no_handler_takes_leaves_no_file(self, start_node):
        node = start_node()
        before = node.intake.incoming.stat().st_mtime_ns
        association = say(node.port, of(C_STORE, VERIFICATION, bytes(PIECE)))
        until(lambda: node.intake.incoming.stat().st_mtime_ns > before, "it has not come")
        until(lambda: not list(node.intake.incoming.iterdir()), "the file stays")
        assert association.is_established
        association.release()


@pytest.mark.parametrize("kind", [0x01, 0x04])
def test_a_pdu_that_announces_gigabytes_is_not_read(start_node, kind):
    node = start_node()
    with socket.create_connection(("127.0.0.1", node.port), 10) as caller:
        if kind == 0x04:
            caller.sendall(ask_for_association())
            caller.recv(4096)
        before = psutil.Process().memory_info().rss
        caller.sendall(bytes([kind, 0]) + (2**32 - 1).to_bytes(4, "big") + b"\0" * 4096)
        with contextlib.suppress(ConnectionResetError):
            while caller.recv(4096):
                pass
    assert psutil.Process().memory_info().rss - before < 100e6
    assert echoes(node)


def test_a_caller_that_falls_silent_is_let_go(start_node, make_film):
    node = start_node(dicom_timeout_s=0.5)
    association = connect(node.port)
    send_beginning(association, pydicom.dcmread(make_film()))
    with socket.create_connection(("127.0.0.1", node.port), 10) as mute:
        deadline = time.monotonic() + 20
        while node.associations():
            assert time.monotonic() < deadline, "associations stay"
            time.sleep(0.05)
        with contextlib.suppress(ConnectionResetError):
            assert mute.recv(100)[:1] in (b"", b"\x07")
    assert list(node.intake.incoming.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"GET / HTTP/1.0\r\n\r\n", bytes([7, 0, 0, 0, 0, 4, 0, 0, 0, 0])])
def test_connections_that_were_closed_take_no_place(start_node, content):
    node = start_node(dicom_timeout_s=60, dicom_max_associations=2)
    for _ in range(8):
        with socket.create_connection(("127.0.0.1", node.port), 10) as caller:
            caller.sendall(content)
    deadline = time.monotonic() + 30
    while node.associations():
        assert time.monotonic() < deadline, "associations stay"
        time.sleep(0.05)
    assert echoes(node)


def test_an_address_that_holds_connections_keeps_no_other_out(start_node):
    node = start_node(dicom_timeout_s=60, dicom_max_associations=2)
    with contextlib.ExitStack() as held:
        for _ in range(6):  # half of four for each association, and four
            held.enter_context(socket.create_connection(("127.0.0.1", node.port), 10))
        with socket.create_connection(("127.0.0.1", node.port), 10) as one_more:
            assert one_more.recv(1) == b"", "it is closed at once"
        other = connect(node.port, classes=(VERIFICATION,), address="127.0.0.2")
        assert other.is_established
        assert other.send_c_echo().Status == 0
        other.release()
    deadline = time.monotonic() + 30
    while node.associations():
        assert time.monotonic() < deadline, "associations stay"
        time.sleep(0.05)
    assert echoes(node)


def test_an_address_that_holds_associations_keeps_no_other_out(start_node):
    node = start_node(dicom_timeout_s=60, dicom_max_associations=4)
    with contextlib.ExitStack() as held:
        for _ in range(3):
            held.callback(connect(node.port).abort)
        request = ask_for_association()
        for _ in range(4):  # who is rejected and stays connected takes no place either
            caller = held.enter_context(socket.create_connection(("127.0.0.1", node.port), 10))
            caller.sendall(request)
            assert caller.recv(10)[:1] == b"\x03"
        other = connect(node.port, address="127.0.0.2")
        assert other.is_established
        other.release()


# A thread of pynetdicom may end with an exception on a PDU that its state does not allow; its association ends with it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # of what was changed, when it is read
def test_changed_pdus_and_data_sets_do_not_end_the_node(start_node):
    """The short form of `bench/dicom_fuzz.py`."""
    node = start_node(dicom_timeout_s=2, dicom_commitment_peers="MODALITY@127.0.0.1:9")
    fuzzer = Fuzzer(node.port)
    fuzzer.run(range(60))
    deadline = time.monotonic() + 30
    while node.associations():
        assert time.monotonic() < deadline, "associations stay"
        time.sleep(0.05)
    assert echoes(node)
    assert all(node.live().values())
    assert kept(node.intake.objects.parent) >= len(fuzzer.successes), "an answer may not arrive"
    assert sum(fuzzer.outcomes.values()) > 50
