"""Storage commitment: whoever asks is told which of their objects are kept, as soon as they can be reached."""

import io
import queue
import threading
import time
from types import SimpleNamespace

import pydicom
import pytest
from dicom_faults import free_port
from dicom_peer import FILM, send
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, generate_uid
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.dimse_primitives import N_ACTION

from dicom_node.journal import commitments
from dicom_node.journal.database import Journal
from dicom_node.receiving.commitment import MAX_OPEN, MAX_REFERENCES, PUSH_MODEL, PUSH_MODEL_INSTANCE, CommitmentScp
from dicom_node.sending.committer import Committer
from dicom_node.settings import NodeSettings


@pytest.fixture
def pacs():
    """Starts a PACS that takes answers; what it was told comes out of a queue."""
    servers, told = [], queue.Queue()

    def note(event):
        report = event.event_information
        told.put((event.event_type, report))
        return 0x0000, None

    def start(port: int):
        entity = ApplicationEntity("PACS")
        entity.add_supported_context(PUSH_MODEL, scu_role=False, scp_role=True)
        servers.append(
            entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, note)])
        )
        return told

    yield start
    for server in servers:
        server.shutdown()


def ask(port: int, references, calling: str = "PACS", action: int = 1) -> int:
    asked = Dataset()
    asked.TransactionUID, asked.ReferencedSOPSequence = generate_uid(), []
    for sop_class, sop_instance in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
        asked.ReferencedSOPSequence.append(item)
    entity = ApplicationEntity(calling)
    entity.add_requested_context(PUSH_MODEL)
    association = entity.associate("127.0.0.1", port, ae_title="LOBULE")
    status, _ = association.send_n_action(asked, action, PUSH_MODEL, PUSH_MODEL_INSTANCE)
    association.release()
    return status.Status


def uid_of(film) -> str:
    return str(pydicom.dcmread(film, stop_before_pixels=True).SOPInstanceUID)


def test_kept_objects_are_committed_and_others_are_named_with_a_reason(start_node, make_film, pacs):
    port = free_port()
    told = pacs(port)
    node = start_node(dicom_commitment_peers=f"PACS@127.0.0.1:{port}")
    first, second = make_film(), make_film("LCC")
    send(node.port, first, second)
    assert ask(node.port, [(FILM, uid_of(first)), (FILM, uid_of(second))]) == 0
    kind, report = told.get(timeout=30)
    assert kind == 1
    assert [item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence] == [uid_of(first), uid_of(second)]
    assert (
        ask(node.port, [(FILM, uid_of(first)), (FILM, "1.2.3.4"), ("1.2.840.10008.5.1.4.1.1.7", uid_of(second))]) == 0
    )
    kind, report = told.get(timeout=30)
    assert kind == 2
    assert [item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence] == [uid_of(first)]
    assert [item.FailureReason for item in report.FailedSOPSequence] == [0x0112, 0x0119]


def test_who_is_away_is_told_later(start_node, make_film, pacs):
    port = free_port()
    node = start_node(dicom_commitment_peers=f"PACS@127.0.0.1:{port}")
    film = make_film()
    send(node.port, film)
    assert ask(node.port, [(FILM, uid_of(film))]) == 0
    committer = next(loop for loop in node._loops if loop.name == "commitment")
    committer.work()
    with node.journal.transaction() as database:
        [row] = database.execute("SELECT attempts, due_at FROM commitments")
        assert row["attempts"] >= 1
        database.execute("UPDATE commitments SET due_at = 0")
    told = pacs(port)
    committer.wake()
    assert told.get(timeout=30)[0] == 1


@pytest.mark.parametrize(("changes", "status"), [({"calling": "MODALITY"}, 0x0110), ({"action": 2}, 0x0123)])
def test_what_cannot_be_answered_is_refused_at_once(start_node, changes, status):
    node = start_node(dicom_commitment_peers="PACS@127.0.0.1:9")
    assert ask(node.port, [(FILM, "1.2.3")], **changes) == status


class _Event:
    """An N-ACTION that notes whether its information is decoded."""

    def __init__(self, items: int) -> None:
        self.assoc = SimpleNamespace(requestor=SimpleNamespace(ae_title="PACS"))
        self.request, self.decoded = N_ACTION(), False
        self.request.ActionTypeID = 1
        self.request.ActionInformation = io.BytesIO(b"\xfe\xff\x00\xe0\0\0\0\0" * items)

    @property
    def action_information(self) -> Dataset:
        self.decoded = True
        return Dataset()


@pytest.mark.parametrize(("items", "decoded"), [(MAX_REFERENCES, True), (MAX_REFERENCES + 1, False)])
def test_a_request_of_too_many_items_is_refused_before_it_is_decoded(items, decoded):
    event = _Event(items)
    scp = CommitmentScp(None, frozenset({"PACS"}), lambda: None)
    assert (scp.act(event), event.decoded) == ((0x0115, None), decoded)


def test_a_request_that_may_inflate_is_not_negotiated(start_node):
    entity = ApplicationEntity("PACS")
    entity.add_requested_context(PUSH_MODEL, DeflatedExplicitVRLittleEndian)
    assert not entity.associate("127.0.0.1", start_node().port, ae_title="LOBULE").is_established


def test_a_request_for_as_many_objects_as_possible_is_taken(start_node):
    node = start_node(dicom_commitment_peers="PACS@127.0.0.1:9")
    longest = "1." + "2" * 62
    assert ask(node.port, [(longest, longest)] * MAX_REFERENCES) == 0


def test_who_asks_without_end_is_refused(start_node):
    node = start_node(dicom_commitment_peers="PACS@127.0.0.1:9")
    with node.journal.transaction() as database:
        for number in range(MAX_OPEN):
            commitments.add(database, f"1.{number}", "PACS", [(FILM, "1.2")], time.time())
    assert ask(node.port, [(FILM, "1.2.3")]) == 0x0213
    with node.journal.reading() as database:
        assert commitments.others_open(database, "1.2", "MODALITY") == 0


def test_a_request_that_cannot_be_answered_holds_up_no_other(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    values = {"api_token": "x", "dicom_folder": tmp_path, "dicom_calling_ae_titles": "*"}
    committer, told = Committer(journal, NodeSettings(**values)), []

    def tell(commitment, _kept, _missing) -> bool:
        if commitment.transaction_uid == "1.1":
            raise ValueError("an address that is none")
        told.append(commitment.transaction_uid)
        return True

    committer._send = tell
    with journal.transaction() as database:
        for number in (1, 2):
            commitments.add(database, f"1.{number}", "PACS", [(FILM, "1.2")], time.time() - 10)
    committer.work()
    with journal.reading() as database:
        [left] = database.execute("SELECT transaction_uid, attempts, due_at FROM commitments")
    journal.close()
    assert told == ["1.2"]
    assert tuple(left)[:2] == ("1.1", 1)
    assert left["due_at"] > time.time(), "it is tried later"


def test_a_requester_that_is_away_is_called_once_for_all_its_requests(tmp_path):
    journal, port = Journal(tmp_path / "journal.sqlite"), free_port()
    values = {"api_token": "x", "dicom_folder": tmp_path, "dicom_calling_ae_titles": "*"}
    committer = Committer(journal, NodeSettings(**values, dicom_commitment_peers=f"PACS@127.0.0.1:{port}"))
    with journal.transaction() as database:
        for number in range(3):
            commitments.add(database, f"1.{number}", "PACS", [(FILM, "1.2")], time.time() - 10)
    calls, called = [], threading.Event()

    def reject(event) -> None:
        calls.append(event)
        called.set()

    stranger = ApplicationEntity("STRANGER")
    stranger.require_called_aet = True
    stranger.add_supported_context(PUSH_MODEL, scu_role=False, scp_role=True)
    server = stranger.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_REJECTED, reject)])
    committer.work()
    assert called.wait(10)
    server.shutdown()
    with journal.reading() as database:
        attempts = [row["attempts"] for row in database.execute("SELECT attempts FROM commitments")]
    journal.close()
    assert (attempts, len(calls)) == ([1, 1, 1], 1)


def test_a_request_without_objects_is_refused(start_node):
    node = start_node(dicom_commitment_peers="PACS@127.0.0.1:9")
    assert ask(node.port, []) == 0x0115
