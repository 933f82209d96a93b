"""Callers that announce too much, say too little, or send what no caller should."""

import contextlib
import socket
import subprocess
import time

import psutil
import pydicom
import pytest
from dicom_fuzz import Fuzzer, kept
from dicom_peer import connect, send, send_beginning, tool
from pynetdicom.ae import ApplicationEntity
from pynetdicom.pdu import A_ASSOCIATE_RQ


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
        entity = ApplicationEntity("PACS")
        entity.add_requested_context("1.2.840.10008.1.1")
        other = entity.associate("127.0.0.1", node.port, ae_title="LOBULE", bind_address=("127.0.0.2", 0))
        assert other.is_established
        assert other.send_c_echo().Status == 0
        other.release()
    deadline = time.monotonic() + 30
    while node.associations():
        assert time.monotonic() < deadline, "associations stay"
        time.sleep(0.05)
    assert echoes(node)


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
