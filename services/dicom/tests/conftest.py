"""A node in this process, and callers to send it objects."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from dicom_peer import STUDY
from dicom_study import delivered_study
from ups_server import ups_server

from dicom_node.journal import outgoing, received, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.outgoing import Kind, OutgoingObject
from dicom_node.node import Node
from dicom_node.receiving.intake import Intake
from dicom_node.results.files import ResultFiles
from dicom_node.routing import read_routing
from dicom_node.settings import NodeSettings
from dicom_node.worklist.performer import Performer

_RESULT = "1.2.826.0.1.3680043.8.498.901"


def settings_of(folder: Path, **changes) -> NodeSettings:
    """Settings of a node whose gateway is away."""
    values = {
        "gateway_url": "http://127.0.0.1:9",
        "api_token": "lobule_of_the_tests",
        "dicom_folder": folder / "node",
        "dicom_calling_ae_titles": "MODALITY, PACS",
        "dicom_port": 0,
        "dicom_reserve_bytes": 0,
        "dicom_timeout_s": 60,
        "dicom_keep_in_gateway": False,
    }
    return NodeSettings(**(values | changes))


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., NodeSettings]:
    """Makes settings of a node that anybody may call."""
    values = {"api_token": "x", "dicom_folder": tmp_path, "dicom_calling_ae_titles": "*", "dicom_timeout_s": 60}
    return lambda **changes: NodeSettings(**(values | changes))


@pytest.fixture
def waiting_document(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A journal and files in which a document can wait for a recipient; `state` says how that stands."""
    journal, files = Journal(tmp_path / "journal.sqlite"), ResultFiles(tmp_path)

    def put(uid: str, kind: Kind, content: bytes, recipient: str, version: int = 1) -> None:
        files.path_of(uid, kind).write_bytes(content)
        with journal.transaction() as database:
            studies.note_arrival(database, STUDY, 0, 0)
            made = OutgoingObject(uid, "", "", STUDY, kind, "", version, time.time())
            outgoing.add(database, made, "x", [recipient])

    def state() -> tuple:
        """State, failures and problem of its sending, whose next attempt is due from now on."""
        with journal.transaction() as database:
            database.execute("UPDATE sendings SET due_at = 0")
            [row] = outgoing.sendings(database)
        return row["state"], row["attempts"], row["problem"]

    yield SimpleNamespace(journal=journal, files=files, put=put, state=state)
    journal.close()


@pytest.fixture
def start_node(tmp_path: Path) -> Iterator[Callable[..., Node]]:
    """Starts nodes; they are closed at the end."""
    nodes: list[Node] = []

    def start(**changes) -> Node:
        nodes.append(Node(settings_of(tmp_path, **changes)))
        return nodes[-1]

    yield start
    for node in nodes:
        node.close()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that all tests of a module share."""
    running = Node(settings_of(tmp_path_factory.mktemp("shared")))
    yield running
    running.close()


@pytest.fixture
def make_film(draw_film, write_dicom, tmp_path: Path) -> Callable[..., Path]:
    """Writes films of one study, each with a UID of its own."""
    number = iter(range(1000))

    def make(hanging: str = "RCC", **tags) -> Path:
        said = {"StudyInstanceUID": STUDY, "ImageLaterality": hanging[0], "ViewPosition": hanging[1:]} | tags
        name = next(number)
        return write_dicom(tmp_path / f"film-{name}.dcm", draw_film(right=hanging[0] == "R", seed=name), 12, **said)

    return make


@pytest.fixture
def study(make_film, tmp_path):
    """A delivered study of one film, and hands to make its results and to read them."""
    with delivered_study(make_film, tmp_path) as running:
        yield running


@pytest.fixture
def ups_films(make_film):
    """Two films of a study, as work items name them."""
    return [make_film(hanging) for hanging in ("RCC", "LCC")]


@pytest.fixture
def ups(ups_films):
    """A UPS-RS server that has them."""
    with ups_server(ups_films) as running:
        yield running


@pytest.fixture
def worker(tmp_path, make_settings, ups):
    """Starts performers on one journal; `look` makes everything due and has it work."""
    journal = Journal(tmp_path / "journal.sqlite")
    routing = read_routing(None)
    intake = Intake(tmp_path, journal, reserve_bytes=0, quiet_s=9, complete=lambda: None, routing=routing)
    settings = make_settings(
        dicom_ups_url=ups.url,
        dicom_ups_station="LOBULE",
        dicom_ups_procedure="CAD",
        dicom_ups_token="secret",
        dicom_stow_destinations="https://name:word@pacs.example/rs",
    )

    def look(one: Performer | None = None) -> None:
        with journal.transaction() as database:
            database.execute("UPDATE work_items SET due_at = 0")
        (one or Performer(journal, intake, settings)).work()

    def state() -> tuple:
        [row] = journal._database.execute("SELECT state, problem FROM work_items").fetchall()
        return tuple(row)

    running = SimpleNamespace(journal=journal, intake=intake, look=look, state=state, settings=settings)
    for name, does in (("deliver", _deliver), ("read_film", _read_film), ("send", _send)):
        setattr(running, name, partial(does, running))
    yield running
    journal.close()


def _deliver(worker, study: str = STUDY) -> None:
    """What the forwarder does."""
    with worker.journal.transaction() as database:
        for film in received.of_study(database, study):
            received.mark_delivered(database, film.sop_instance_uid, "j")
        studies.mark_delivered(database, study, "partial", time.time())


def _read_film(
    worker, *destinations: str, study: str = STUDY, uid: str = _RESULT, version: int = 1, settled: bool = True
) -> None:
    """What the gateway and the maker of results do; `settled`: no other result is to come."""
    _deliver(worker, study)
    with worker.journal.transaction() as database:
        sr = "1.2.840.10008.5.1.4.1.1.88.34"
        outgoing.add(
            database, OutgoingObject(uid, sr, "1.2.3.4", study, "findings", "", version, time.time()), "x", destinations
        )
        if settled:
            studies.mark_settled(database, study, time.time())


def _send(worker) -> None:
    with worker.journal.transaction() as database:
        database.execute("UPDATE sendings SET state = 'sent'")


@pytest.fixture
def film(draw_film, write_dicom, tmp_path) -> Callable[..., Path]:
    """Writes a film with these attributes."""
    return lambda **tags: write_dicom(tmp_path / "film.dcm", draw_film(), 12, **tags)
