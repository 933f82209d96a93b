"""Delivery to the gateway: whatever goes wrong with a study, the others are delivered."""

from dicom_peer import STUDY

from dicom_node.delivery.forwarder import Forwarder
from dicom_node.journal import studies
from dicom_node.journal.database import Journal


class _Gateway:
    """A gateway that answers about one case in a form that nobody knows."""

    def cases(self, pseudonym: str) -> list[dict]:
        return [{"id": "case"}] if pseudonym == "good" else [{}]


def test_a_study_that_cannot_be_delivered_holds_up_no_other(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    with journal.transaction() as database:
        for study, pseudonym in ((STUDY, "odd"), ("1.2", "good")):
            studies.note_arrival(database, study, 0, float(len(pseudonym)))
            database.execute("UPDATE studies SET pseudonym = ? WHERE study_uid = ?", (pseudonym, study))
    Forwarder(journal, None, _Gateway()).work()
    with journal.reading() as database:
        odd, good = studies.find(database, STUDY), studies.find(database, "1.2")
    journal.close()
    assert (odd.state, odd.attempts, odd.problem) == ("collecting", 1, "delivery_failed")
    assert (good.state, good.case_id) == ("partial", "case")
