"""A purged case leaves no film, no result, no row and no order, nor their bytes in the journal."""

import time

import pytest
from dicom_peer import STUDY, send

from dicom_node.journal import orders, outgoing, received, studies
from dicom_node.journal.orders import Order
from dicom_node.journal.outgoing import OutgoingObject
from dicom_node.purge import purge_case
from lobule.contracts.node import NodeTask

OTHER = f"{STUDY}.9"


@pytest.fixture
def node(start_node, make_film):
    """A node with the studies of two patients."""
    node = start_node()
    films = make_film(PatientID="P-4711"), make_film(PatientID="P-9", StudyInstanceUID=OTHER)
    assert [status for status, _ in send(node.port, *films)] == [0, 0]
    (node.intake.results / "1.2.3.dcm").write_bytes(b"a report")
    with node.journal.transaction() as database:
        for study, case in ((STUDY, "case-1"), (OTHER, "case-2")):
            studies.set_case(database, study, case)
        for accession, patient in (("A-4711", "P-4711"), ("A-9", "P-9")):
            orders.put(database, Order(accession, patient, "placer", ""), time.time())
        outgoing.add(
            database, OutgoingObject("1.2.3", "1.2", "1.2", STUDY, "findings", "", 1, time.time()), "films", ["PACS"]
        )
    return node


def purge(node, case_id: str) -> str:
    [reporter] = [loop for loop in node._loops if loop.name == "reporter"]
    return reporter._do(NodeTask(id="1", kind="purge", peer=case_id))


def test_a_task_purges_a_case(node, tmp_path):
    assert [purge(node, "case-1"), purge(node, "case-1")] == ["ok:2", "ok:0"]
    with node.journal.reading() as database:
        assert received.of_study(database, STUDY) == []
        assert len(received.of_study(database, OTHER)) == 1
        assert [orders.find(database, "A-4711", "P-4711"), orders.count(database)] == [None, 1]
        assert outgoing.names(database) == set()
    assert node.study(STUDY) is None
    assert [len(list(folder.iterdir())) for folder in (node.intake.objects, node.intake.results)] == [1, 0]
    left = b"".join(path.read_bytes() for path in tmp_path.glob("node/journal.sqlite*"))
    assert b"A-4711" not in left
    assert b"A-9" in left


def test_a_purged_study_that_is_sent_again_is_a_new_one(node, make_film):
    before = node.study(STUDY)
    assert purge(node, "case-1") == "ok:2"
    assert [status for status, _ in send(node.port, make_film(PatientID="P-4711"))] == [0]
    after = node.study(STUDY)
    assert after.case_id is None
    assert after.pseudonym != before.pseudonym


def test_of_a_study_that_is_purged_while_its_results_are_made_nothing_is_left(study):
    def purge_and_answer(*_asked) -> bytes:
        purge_case(study.journal, study.intake, "case-1")
        return b"%PDF-1.7"

    study.gateway.case_report = purge_and_answer
    study.gateway.sign(verdicts=True)
    study.look()
    assert list(study.intake.results.iterdir()) == []
    with study.journal.reading() as database:
        tables = ("studies", "received", "products", "made", "sendings", "settled")
        assert [database.execute(f"SELECT count(*) FROM {each}").fetchone()[0] for each in tables] == [0] * len(tables)
