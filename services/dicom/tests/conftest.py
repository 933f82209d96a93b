"""A node in this process, and callers to send it objects."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from dicom_peer import STUDY

from dicom_node.journal import made, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.made import Kind, Made
from dicom_node.node import Node
from dicom_node.results.files import ResultFiles
from dicom_node.settings import NodeSettings


def settings_of(folder: Path, **changes) -> NodeSettings:
    """Settings of a node whose gateway is away."""
    values = {
        "gateway_url": "http://127.0.0.1:9",
        "api_token": "lobule_of_the_tests",
        "dicom_folder": folder / "node",
        "dicom_calling_ae_titles": "MODALITY, PACS",
        "dicom_port": 0,
        "dicom_reserve_bytes": 0,
        "dicom_timeout_s": 5,
        "dicom_keep_in_gateway": False,
    }
    return NodeSettings(**(values | changes))


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., NodeSettings]:
    """Makes settings of a node that anybody may call."""
    values = {"api_token": "x", "dicom_folder": tmp_path, "dicom_calling_ae_titles": "*", "dicom_timeout_s": 5}
    return lambda **changes: NodeSettings(**(values | changes))


@pytest.fixture
def waiting_document(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A journal and files in which a document can wait for a recipient; `state` says how that stands."""
    journal, files = Journal(tmp_path / "journal.sqlite"), ResultFiles(tmp_path)

    def put(uid: str, kind: Kind, content: bytes, recipient: str) -> None:
        files.path_of(uid, kind).write_bytes(content)
        with journal.transaction() as database:
            studies.note_arrival(database, STUDY, 0, 0)
            made.add(database, Made(uid, "", "", STUDY, kind, "", 1, time.time()), "x", [recipient])

    def state() -> tuple:
        """State, failures and problem of its sending, whose next attempt is due from now on."""
        with journal.transaction() as database:
            database.execute("UPDATE sendings SET due_at = 0")
            [row] = made.sendings(database)
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
