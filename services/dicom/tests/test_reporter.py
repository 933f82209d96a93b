"""The node's reports: what stands in them, and that tasks are done and their outcomes told."""

import io
import time
from itertools import pairwise

import pydicom
import pytest
from dicom_faults import free_port
from dicom_peer import FILM, STUDY, connect, send
from hospital_peers import stow_server

from dicom_node.journal import commitments, outgoing, priors, studies
from dicom_node.journal.outgoing import OutgoingObject
from dicom_node.peers import Place
from dicom_node.reporting import probes
from lobule.client import ApiError
from lobule.contracts.node import NodeExchange, NodeTask, NodeTasks


class Gateway:
    """The gateway's side of the client: takes reports, and asks for tasks."""

    def __init__(self) -> None:
        self.told: list[NodeExchange] = []
        self.tasks: list[NodeTask] = []

    def report_node(self, told: NodeExchange) -> NodeTasks:
        self.told.append(told)
        asked, self.tasks = self.tasks, []
        return NodeTasks(tasks=asked)


@pytest.fixture
def reporting(start_node, monkeypatch):
    """A node whose reports are taken here; `work` reports once."""

    def start(**settings):
        node = start_node(**settings)
        [reporter] = [loop for loop in node._loops if loop.name == "reporter"]
        reporter.end()
        reporter.join(30)
        reporter.closing = False
        reporter._client = gateway = Gateway()
        return node, reporter, gateway

    return start


def test_a_report_says_who_called_and_what_waits(reporting, make_film, tmp_path):
    (tmp_path / "rules.toml").write_text('[[rules]]\nname = "screening"\naction = "take"\nstation = "S*"\n')
    node, reporter, gateway = reporting(
        dicom_destinations="PACS@127.0.0.1:9/cad",
        dicom_hl7_destinations="RIS@127.0.0.1:9",
        dicom_prior_nodes="PACS@127.0.0.1:9",
        dicom_fhir_url=f"http://user:secret@127.0.0.1:9/{'fhir' * 60}",
        dicom_keep_in_gateway=True,
        dicom_rules=tmp_path / "rules.toml",
    )
    assert send(node.port, make_film("RCC"), make_film("LCC")) == [(0, "")] * 2
    assert not connect(node.port, calling="STRANGER").is_established
    until(lambda: node.associations() == 0)
    now = time.time()
    with node.journal.transaction() as database:
        outgoing.add(database, OutgoingObject("1.1", FILM, "1.2", STUDY, "cad", "", 3, now), "films", ["PACS"])
        database.execute("UPDATE sendings SET state = 'dead', problem = 'status_A700'")
        database.execute("UPDATE received SET state = 'refused', refusal = 'image_unreadable' WHERE hanging = 'RCC'")
    reporter.work()
    [told] = gateway.told
    report = told.report
    assert (report.ae_title, report.collecting, report.waiting) == ("LOBULE", 1, 1)
    [film] = report.films
    assert (film.case, film.calling_ae, film.problem) == (report.dead[0].case, "MODALITY", "image_unreadable")
    peers = {peer.name: peer for peer in report.peers}
    assert set(peers) == {"PACS", "gateway:", "hl7:RIS@127.0.0.1:9", "fhir:", "priors:PACS@127.0.0.1:9"}
    assert (peers["PACS"].results, peers["PACS"].dead) == (["cad"], 1)
    assert all(peer.is_plain for peer in peers.values()), "data goes to all of them without TLS"
    assert "secret" not in report.model_dump_json()
    assert peers["fhir:"].address == f"http://127.0.0.1:9/{'fhir' * 60}"[:200]
    assert [(rule.name, rule.patterns) for rule in report.rules] == [("screening", {"station": "S*"})]
    [letter] = report.dead
    assert (letter.kind, letter.version, letter.problem, letter.case[:5]) == ("cad", 3, "status_A700", "PACS-")
    [stranger, modality] = report.associations
    assert (stranger.calling_ae, stranger.outcome) == ("STRANGER", "rejected")
    assert (modality.calling_ae, modality.outcome, modality.statuses) == ("MODALITY", "ended", {"0000": 2})
    assert STUDY not in told.model_dump_json(), "no name of patient or study"


def until(works) -> None:
    deadline = time.monotonic() + 20
    while not works():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_tasks_are_done_and_told_at_once(reporting, start_node):
    port = free_port()
    node, reporter, gateway = reporting(
        dicom_destinations=f"SELF@127.0.0.1:{port}", dicom_hl7_destinations=f"RIS@127.0.0.1:{port}"
    )
    gateway.tasks = [
        NodeTask(id="1", kind="echo", peer="SELF"),
        NodeTask(id="2", kind="echo", peer=f"hl7:RIS@127.0.0.1:{port}"),
        NodeTask(id="3", kind="echo", peer="NOBODY"),
        NodeTask(id="4", kind="send_again", peer="SELF"),
    ]
    now = time.time()
    with node.journal.transaction() as database:
        studies.note_arrival(database, STUDY, now, now + 999)
        outgoing.add(database, OutgoingObject("1.1", FILM, "1.2", STUDY, "cad", "", 3, now), "films", ["SELF"])
        database.execute("UPDATE sendings SET state = 'dead', due_at = ?", (now,))
    assert reporter.tasks_done_at == 0
    began = time.monotonic()
    reporter.work()
    assert reporter.tasks_done_at > began
    outcomes = {each.id: each.code for each in gateway.told[1].outcomes}
    assert outcomes == {"1": "not_connected", "2": "not_connected", "3": "unknown_peer", "4": "ok:1"}
    with node.journal.reading() as database:
        assert outgoing.dead_letters(database, 9) == []


def test_a_gateway_that_is_away_or_older_is_asked_more_seldom(reporting):
    _, reporter, gateway = reporting()

    def away(_told):
        raise ApiError(404, {"code": "not_found"})

    gateway.report_node = away
    pauses = []
    for _ in range(3):
        reporter.work()
        pauses.append(reporter.pause())
    assert [later / earlier for earlier, later in pairwise(pauses)] == [2, 2]


def test_an_echo_and_a_sample_reach_a_real_application(start_node, tmp_path):
    node = start_node()
    settings = node.settings
    place = Place("LOBULE", "127.0.0.1", node.port)
    assert probes.echo(place, settings.model_copy(update={"dicom_ae_title": "MODALITY"})) == "ok"
    assert probes.echo(place, settings.model_copy(update={"dicom_ae_title": "STRANGER"})) == "rejected"
    assert probes.store_sample(place, settings.model_copy(update={"dicom_ae_title": "MODALITY"})) == "ok"
    picture = probes.sample()
    picture.save_as(tmp_path / "sample.dcm", enforce_file_format=True)
    assert pydicom.dcmread(tmp_path / "sample.dcm").PatientID == "LOBULE-TEST"


def test_destinations_by_stow_are_tested_too(reporting):
    with stow_server() as server:
        _, reporter, gateway = reporting(dicom_stow_destinations=f"cad@{server.url}")
        for status in (200, 401):
            server.status = status
            gateway.tasks = [NodeTask(id=kind, kind=kind, peer=f"stow:{server.url}") for kind in ("echo", "sample")]
            reporter.work()
    codes = [[each.code for each in told.outcomes] for told in gateway.told if told.outcomes]
    assert codes == [["ok", "ok"], ["http_401", "http_401"]]
    assert pydicom.dcmread(io.BytesIO(server.parts[0])).PatientID == "LOBULE-TEST"


def test_answers_to_storage_commitment_count_where_they_are_sent(reporting):
    node, reporter, gateway = reporting(
        dicom_destinations="PACS@127.0.0.1:9/cad,ARCHIVE@127.0.0.1:9/cad",
        dicom_commitment_peers="PACS@127.0.0.1:9,CR@127.0.0.1:9",
    )
    later = time.time() + 1000
    with node.journal.transaction() as database:
        for number, caller in enumerate(("PACS", "PACS", "ARCHIVE", "CR")):
            commitments.add(database, f"1.{number}", caller, [], later)
    reporter.work()
    waiting = {peer.name: peer.waiting for peer in gateway.told[0].report.peers}
    assert waiting == {"PACS": 0, "ARCHIVE": 1, "commitment:PACS": 2, "commitment:CR": 1}


def test_searches_that_were_given_up_can_be_sent_again(reporting):
    node, reporter, gateway = reporting(dicom_prior_nodes="ARCHIVE@127.0.0.1:9")
    now = time.time()
    with node.journal.transaction() as database:
        studies.note_arrival(database, STUDY, now, now + 999)
        priors.ask(database, STUDY, ["ARCHIVE@127.0.0.1:9"], now)
        database.execute("UPDATE prior_searches SET state = 'dead', due_at = ?", (now + 999,))
    gateway.tasks = [NodeTask(id="1", kind="send_again", peer="priors:ARCHIVE@127.0.0.1:9")]
    reporter.work()
    assert gateway.told[1].outcomes[0].code == "ok:1"


def test_what_was_given_up_for_a_long_address_can_be_sent_again(reporting):
    """The report names the system by the beginning of its address."""
    root = f"http://127.0.0.1:9/{'dicom-web/' * 30}x"
    node, reporter, gateway = reporting(dicom_prior_nodes=root, dicom_stow_destinations=root)
    now = time.time()
    with node.journal.transaction() as database:
        studies.note_arrival(database, STUDY, now, now + 999)
        priors.ask(database, STUDY, [root], now + 999)
        database.execute("UPDATE prior_searches SET state = 'dead'")
        outgoing.add(database, OutgoingObject("1.1", FILM, "1.2", STUDY, "cad", "", 1, now), "films", [f"stow:{root}"])
        database.execute("UPDATE sendings SET state = 'dead'")
    reporter.work()
    names = [peer.name for peer in gateway.told[0].report.peers]
    assert len(names) == 2
    gateway.tasks = [NodeTask(id=name[:4], kind="send_again", peer=name) for name in names]
    reporter.work()
    assert {each.code for each in gateway.told[-1].outcomes} == {"ok:1"}
