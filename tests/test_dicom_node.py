"""A PACS, the DICOM node and a real gateway: what was acknowledged arrives once, whatever is killed."""

import time

import pytest
from dicom_faults import compare, deliver_under_fire, films, node_for, running_gateway, wait_until_delivered

from lobule.client import Client
from lobule.launcher.system import DEMO


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with running_gateway(tmp_path_factory.mktemp("home")) as system:
        yield system


def test_nothing_is_lost_or_doubled_when_the_node_is_killed(gateway, tmp_path):
    """The short form of `bench/dicom_faults.py`."""
    password = gateway.home.secrets["demo_password"]
    node = node_for(gateway, password, tmp_path)
    sent = films(14)  # the last study is partial
    acknowledged = deliver_under_fire(node, sent, kills=2)
    try:
        wait_until_delivered(tmp_path / "node")
    finally:
        node.end()
    assert sorted(acknowledged) == sorted(str(film.SOPInstanceUID) for film in sent)
    with Client(gateway.url, DEMO, password) as client:
        outcome = compare(acknowledged, tmp_path / "node", client)
        worklist = client._request("GET", "/api/v1/cases").json()["items"]
    assert outcome == {"acknowledged": 14, "lost": 0, "twice": 0, "cases": 4, "kept": 14}
    assert sorted(case["images"] for case in worklist) == [2, 4, 4, 4]
    for film in sent:
        assert all(film.StudyInstanceUID not in case["pseudonym"] for case in worklist)


def test_a_study_waits_where_the_gateway_does_not_take_it(gateway, tmp_path):
    """A token that is void is no reason to lose or refuse a film; with a good one it is delivered."""
    password = gateway.home.secrets["demo_password"]
    node = node_for(gateway, password, tmp_path)
    good, node.environment["LOBULE_API_TOKEN"] = node.environment["LOBULE_API_TOKEN"], "lobule_void"
    [film] = films(1, seed=16)
    deliver_under_fire(node, [film], kills=0)
    deadline = time.monotonic() + 60
    while "token_invalid" not in node.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    node.end()
    node.environment["LOBULE_API_TOKEN"] = good
    node.start()
    try:
        wait_until_delivered(tmp_path / "node")
    finally:
        node.end()
    assert "Test^Faults" not in node.log.read_text()
    assert film.StudyInstanceUID not in node.log.read_text()
