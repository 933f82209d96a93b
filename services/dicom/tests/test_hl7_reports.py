"""HL7 v2: signed reports to a real MLLP peer, sent until they are taken."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from dicom_faults import free_port
from dicom_objects import analysed, examination_of, finding, signed_by
from dicom_peer import STUDY
from dicom_study import delivered_study
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from hospital_peers import mllp_server
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement

from dicom_node.hl7.heading import control_id
from dicom_node.hl7.syntax import escape, parse, unescape
from dicom_node.journal import orders, outgoing
from dicom_node.journal.orders import Order
from dicom_node.peers import parse_message_places
from dicom_node.results.message import report_message
from dicom_node.sending.messages import MessageCourier
from dicom_node.sending.outbox import Outbox
from lobule.contracts.result import Box

UID = "1.2.826.0.1.3680043.8.498.5"


@pytest.fixture
def examination(make_film):
    """A signed examination of one film of a patient whose name has separators."""
    tags = {"PatientID": "P|1", "PatientName": "Wang^小东", "AccessionNumber": "ACC-1", "StudyDate": "20260131"}
    film = analysed(make_film(SpecificCharacterSet="ISO_IR 192", **tags), finding(1, Box(x=1, y=2, width=9, height=9)))
    found = examination_of([film], signed_by([film]))
    assert found.signed is not None
    others = [replace(found.signed.verification, name=name) for name in ("Dr Kim", "Dr Wu")]
    return replace(
        found, signed=replace(found.signed, others=others, comment="Mass & calcification.\nBiopsy ^ advised.")
    )


def message_of(examination, *, corrects: bool = False) -> bytes:
    link, known = "https://portal/cases/c1", Order("ACC-1", "P|1", "PL-7^RIS\\T\\1", "FI-8")
    made_at = datetime(2026, 2, 1, tzinfo=UTC)
    names = {"uid": UID, "accession": "ACC-1", "link": link}
    return report_message(examination, **names, order=known, made_at=made_at, corrects=corrects)


def test_a_report_is_a_valid_message_with_conclusion_and_link(examination):
    said = parse_message(message_of(examination).decode(), validation_level=VALIDATION_LEVEL.TOLERANT)
    assert said.msh.msh_9.to_er7() == "ORU^R01^ORU_R01"
    assert said.validate()
    told = parse(message_of(examination))
    assert (told.value("PID", 3), told.value("PID", 5), told.value("PID", 5, 2)) == ("P|1", "Wang", "小东")
    assert (told.value("OBR", 2), told.value("OBR", 3), told.value("OBR", 18)) == ("PL-7", "FI-8", "ACC-1")
    assert {told.field("ORC", 2), told.field("OBR", 2)} == {"PL-7^RIS\\T\\1"}, "with its assigning authority"
    assert told.value("OBR", 25) == "F"
    [request] = told.every("OBR")
    assert (request[32], request[33]) == ("&Dr Lee", "&Dr Kim~&Dr Wu"), "no identifiers, but names"
    observed = [(each[2], unescape(each[5].split("^")[0])) for each in told.every("OBX")]
    assert ("TX", "Mass & calcification.\nBiopsy ^ advised.") in observed
    assert ("CWE", "malignancy_suspected") in observed
    assert ("CWE", "bi-rads-4") in observed
    assert observed[-1] == ("RP", "https://portal/cases/c1")


def test_a_second_signature_corrects_the_first(examination):
    told = parse(message_of(examination, corrects=True))
    assert {told.value("OBR", 25), *(each[11] for each in told.every("OBX"))} == {"C"}


def test_a_report_that_is_no_longer_in_force_is_taken_back(examination):
    """The order is preliminary again, with nothing of what was signed."""
    told = parse(message_of(replace(examination, signed=None, signed_version=2)))
    assert {told.value("OBR", 25), *(each[11] for each in told.every("OBX"))} == {"P"}
    assert told.value("OBR", 32) == ""
    assert [each[2] for each in told.every("OBX")] == ["TX", "RP"]
    text = unescape(told.value("OBX", 5))
    assert "version 2 is no longer in force" in text
    assert "nobody has signed: Malignancy suspected" in text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Adams^John^Q^Rev.^B.A.", "Adams^John^Q^B.A.^Rev."),
        ("王小东", "王小东"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada^Tarou^^^^^^A~山田^太郎^^^^^^I~やまだ^たろう^^^^^^P"),
        ("=山田^太郎", "山田^太郎^^^^^^I"),
        ("", "^^^^^^U"),
    ],
)
def test_a_name_is_told_in_all_its_scripts(examination, name, told):
    examination.header.PatientName = name
    [patient] = parse(message_of(examination)).every("PID")
    assert patient[5] == told
    assert parse_message(message_of(examination).decode(), validation_level=VALIDATION_LEVEL.TOLERANT).validate()


@pytest.mark.parametrize(("sex", "told"), [("F", "F"), ("", "U")])
def test_a_sex_that_is_not_known_is_told_as_such(examination, sex, told):
    examination.header.PatientSex = sex
    assert parse(message_of(examination)).value("PID", 8) == told


@pytest.mark.parametrize("tag", ["StudyDate", "StudyTime", "PatientBirthDate", "PatientSex"])
def test_dates_of_a_film_add_no_segments_and_fields(examination, tag):
    """What reads a file takes any text for a date."""
    said = "2026|\rOBX|9|TX|1|"
    examination.header[tag] = DataElement(tag, dictionary_VR(tag), said, validation_mode=IGNORE)
    told, before = parse(message_of(examination)), ["MSH", "PID", "ORC", "OBR", "NTE"]
    assert [each[0] for each in told.segments if each[0] != "OBX"] == before
    assert "9" not in [each[1] for each in told.every("OBX")]
    assert (told.value("OBR", 18), told.value("OBR", 25)) == ("ACC-1", "F")


@pytest.mark.parametrize("text", ["a|b^c&d~e\\f", "两行\n第二行", "\\X0D\\", "plain"])
def test_separators_are_escaped(text):
    assert unescape(escape(text)) == text
    assert not set(escape(text)) & set("|^&~\r\n")


@pytest.fixture
def peer():
    with mllp_server() as told:
        yield told


@pytest.fixture
def courier(waiting_document, make_settings, examination):
    """Makes the courier of a system, for which a message waits."""

    def make(port: int, give_up_hours: float = 72) -> MessageCourier:
        settings = make_settings(dicom_hl7_destinations=f"RIS@127.0.0.1:{port}")
        [place] = parse_message_places(settings.dicom_hl7_destinations)
        waiting_document.put(UID, "message", message_of(examination), place.recipient)
        return MessageCourier(place, waiting_document.files, Outbox(waiting_document.journal, give_up_hours), settings)

    return make


def test_a_message_is_sent_until_it_is_taken(waiting_document, courier, peer):
    sending, state = courier(peer.port), waiting_document.state
    peer.code = "AE"
    sending.work()
    assert state() == ("waiting", 1, "refused_AE")
    peer.code, peer.control = "AA", "another"
    sending.work()
    assert state() == ("waiting", 2, "answer_to_another_message")
    peer.control = None
    sending.work()
    sending.work()
    assert state() == ("sent", 2, None)
    first, _, last = peer.messages
    assert first == last, "the same message at every try"
    told = parse(last.encode())
    assert (told.value("MSH", 5), told.value("MSH", 10)) == ("RIS", control_id(UID))


def test_a_code_that_no_acknowledgment_has_is_none_of_ours(waiting_document, courier, peer):
    """Each code is a metric of its own."""
    sending = courier(peer.port)
    peer.code = "ÄÖ"
    sending.work()
    assert waiting_document.state() == ("waiting", 1, "answer_unreadable")


def test_a_message_that_nobody_takes_is_dead_in_the_end(waiting_document, courier):
    sending, state = courier(free_port(), give_up_hours=1e-9), waiting_document.state
    sending.work()
    assert state() == ("waiting", 1, "not_connected")
    sending.work()
    assert state() == ("dead", 2, "not_connected")


def test_an_earlier_message_does_not_follow_a_newer_one(waiting_document, courier, peer):
    """The receiver takes what comes last for what holds."""
    sending = courier(peer.port)
    peer.code = "AE"
    sending.work()
    new = f"{UID}.2"
    waiting_document.put(new, "message", peer.messages[0].encode(), f"hl7:RIS@127.0.0.1:{peer.port}", version=2)
    peer.code, peer.control = "AA", control_id(new)
    sending.work()
    peer.control = None
    with waiting_document.journal.transaction() as database:
        outgoing.send_again(database, None, 0)
        database.execute("UPDATE sendings SET due_at = 0")
    sending.work()
    assert waiting_document.state() == ("sent", 0, None)
    assert len(peer.messages) == 2


def test_only_the_newest_message_of_a_study_is_sent_again(waiting_document, courier, peer):
    sending, new = courier(peer.port), f"{UID}.2"
    sending.work()
    waiting_document.put(new, "message", peer.messages[0].encode(), f"hl7:RIS@127.0.0.1:{peer.port}", version=2)
    peer.control = control_id(new)
    sending.work()
    with waiting_document.journal.transaction() as database:
        assert outgoing.send_again(database, STUDY, 0) == 1
    sending.work()
    with waiting_document.journal.reading() as database:
        assert {row["state"] for row in outgoing.sendings(database)} == {"sent"}
    assert len(peer.messages) == 3


@pytest.mark.filterwarnings("ignore:The value length:UserWarning:pydicom")
def test_a_long_accession_number_finds_its_order_and_is_told_as_a_whole(make_film, tmp_path):
    """DICOM allows 16 characters, and many systems send more; the beginning is another number."""
    long = "2026-0105-MAMMO-000123"
    with delivered_study(lambda: make_film(AccessionNumber=long, PatientID="P1"), tmp_path) as study:
        with study.journal.transaction() as database:
            orders.put(database, Order(long, "P1", "PL-7", ""), time.time())
        study.gateway.sign(verdicts=False)
        study.look()
        [file] = study.intake.results.glob("*.hl7")
        told = parse(file.read_bytes())
        assert (told.value("ORC", 2), told.value("OBR", 3), told.value("OBR", 18)) == ("PL-7", long, long)
        assert {report.AccessionNumber for report in study.of("conclusion")} == {""}
