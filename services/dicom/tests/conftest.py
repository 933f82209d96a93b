"""A node in this process, and callers to send it objects."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dicom_peer import STUDY

from dicom_node.node import Node
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
