"""Priors come by C-MOVE from an archive that has no C-GET."""

import pydicom
import pytest
from dicom_faults import free_port
from dicom_peer import FILM, STUDY, send
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity

from dicom_node.journal import received
from dicom_node.peers import Place
from dicom_node.priors.dimse import _FIND, _MOVE, DimsePeer
from dicom_node.priors.peers import FoundFilm, PeerError


@pytest.fixture
def archive(make_film):
    """An archive without C-GET; `held` is what it sends, `node_port` where to, `asked` who asked for it."""
    entity = ApplicationEntity("PACS")
    for context in (_FIND, _MOVE):
        entity.add_supported_context(context)
    entity.add_requested_context(FILM)
    entity.held, entity.node_port, entity.asked = [make_film("RCC")], 0, []

    def move(event):
        entity.asked.append(event.move_destination)
        yield "127.0.0.1", entity.node_port
        yield len(entity.held)
        for film in entity.held:
            yield 0xFF00, pydicom.dcmread(film)

    port = free_port()
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_MOVE, move)])
    entity.place = Place("PACS", "127.0.0.1", port)
    yield entity
    server.shutdown()


def test_a_film_is_moved_and_makes_no_study(archive, start_node, tmp_path):
    node = start_node()
    archive.node_port = node.port
    peer = DimsePeer(archive.place, node.settings, node.awaited)
    [path] = archive.held
    uid = pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID
    for number in range(2):
        target = tmp_path / f"prior-{number}"
        peer.fetch(STUDY, FoundFilm("1.2.3", uid, FILM), target)
        assert pydicom.dcmread(target).SOPInstanceUID == uid
    assert archive.asked == ["LOBULE", "LOBULE"]
    assert node.study(STUDY) is None
    with node.journal.reading() as database:
        assert received.find(database, uid) is None


def test_what_was_not_asked_for_is_received_as_ever(archive, start_node, make_film, tmp_path, monkeypatch):
    monkeypatch.setattr("dicom_node.priors.dimse._LATE_S", 0.1)
    node = start_node()
    archive.node_port, archive.held = node.port, [make_film("LCC")]
    peer = DimsePeer(archive.place, node.settings, node.awaited)
    with pytest.raises(PeerError, match="move_without_film"):
        peer.fetch(STUDY, FoundFilm("1.2.3", "1.2.3.4", FILM), tmp_path / "prior")
    assert node.study(STUDY) is not None


def test_a_late_film_opens_no_case(archive, start_node, make_film, tmp_path, monkeypatch):
    monkeypatch.setattr("dicom_node.priors.dimse._LATE_S", 0.1)
    node = start_node()
    archive.node_port, [path] = node.port, archive.held
    peer = DimsePeer(archive.place, node.settings, node.awaited)
    archive.held = []
    uid = pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID
    with pytest.raises(PeerError, match="move_without_film"):
        peer.fetch(STUDY, FoundFilm("1.2.3", uid, FILM), tmp_path / "prior")
    assert [status for status, _ in send(node.port, path, calling="PACS")] == [0]
    assert node.study(STUDY) is None
    assert not list(node.intake.incoming.iterdir())
    assert [status for status, _ in send(node.port, path, calling="PACS")] == [0]
    assert node.study(STUDY) is not None, "what it sends again was not asked for"


def test_what_somebody_else_sends_is_not_what_was_asked_for(start_node, make_film, tmp_path):
    node, path = start_node(), make_film()
    uid = pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID
    with node.awaited.awaiting("PACS", uid, tmp_path / "prior") as came:
        assert [status for status, _ in send(node.port, path, calling="MODALITY")] == [0]
        assert not came.is_set()
    assert node.study(STUDY) is not None
