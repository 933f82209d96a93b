"""HL7 v2: merges of patients that concern cases. They are told to the gateway, and followed in what goes out."""

import json
import time
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from dicom_peer import FILM, STUDY
from dicom_study import delivered_study

from dicom_node.hl7 import listener
from dicom_node.hl7.merge_teller import MergeTeller
from dicom_node.hl7.mllp import exchange
from dicom_node.hl7.syntax import MOST_BYTES, parse
from dicom_node.journal import merges, orders, priors
from dicom_node.journal.database import Journal
from dicom_node.journal.merges import ToldMerge
from dicom_node.journal.orders import Order
from dicom_node.metrics import JournalCollector
from dicom_node.priors.choosing import FoundStudy
from dicom_node.priors.fetcher import PriorFetcher
from dicom_node.priors.peers import FoundFilm
from lobule.client import ApiError
from lobule.imaging.header import read_header

HEADING = "MSH|^~\\&|RIS|{facility}|LOBULE|H|20200101||ADT^{event}|{control}|P|2.5.1\rEVN|{event}|{at}\r"


def adt(event: str, *patients: str, control: str = "C1", at: str = "20200302081500", facility: str = "H") -> bytes:
    """A message about patients, each as PID-3 or as PID-3 and MRG-1 with `|` between them."""
    told = HEADING.format(event=event, control=control, at=at, facility=facility)
    for patient in patients:
        present, _, former = patient.partition("|")
        told += f"PID|1||{present}||Roe^Jane\r" + (f"MRG|{former}\r" if former else "")
    return told.encode()


@pytest.fixture
def node(tmp_path, make_settings):
    """A listener for identifiers of the authority H, and what it wrote down."""
    journal, woken = Journal(tmp_path / "journal.sqlite"), []
    settings = make_settings(dicom_hl7_port=0, dicom_hl7_authority="H")
    listening = listener.OrderListener(settings, journal, lambda: woken.append(True))

    def ask(message: bytes) -> str:
        answer = parse(exchange("127.0.0.1", listening.port, message, timeout_s=10, most=MOST_BYTES))
        return answer.value("MSA", 1)

    def told() -> list[tuple[str, str, bool]]:
        with journal.reading() as database:
            return [(each.former, each.present, each.undone) for _, each in merges.waiting(database)]

    def numbers(patient_id: str, issuer: str | None = None) -> list[str]:
        with journal.reading() as database:
            return merges.numbers_of(database, patient_id, issuer)

    yield SimpleNamespace(ask=ask, told=told, numbers=numbers, journal=journal, woken=woken)
    listening.close()
    journal.close()


class Gateway:
    """Takes merges as the gateway's client does; `refusal` is what it answers instead."""

    def __init__(self) -> None:
        self.told, self.refusal = [], None

    def merge_patients(self, body):
        if self.refusal is not None:
            raise self.refusal
        self.told.append(body)
        return {"is_new": True, "cases": 1, "added_films": 0}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (adt("A40", "P9^^^H|P1^^^H"), [("P1", "P9", False)]),
        (adt("A40", "P9^^^H~NAT-9^^^NAT|NAT-1^^^NAT~P1^^^H"), [("P1", "P9", False)]),
        (adt("A40", "P9^^^H|P1^^^H~P2^^^H"), [("P1", "P9", False), ("P2", "P9", False)]),
        (adt("A40", "P9^^^H&1.2&ISO|P1^^^&1.2&ISO"), []),
        (adt("A40", "P9|P1"), [("P1", "P9", False)]),
        (adt("A40", "P9|P1", facility="OTHER"), []),
        (adt("A40", "P9^^^OTHER|P1^^^OTHER"), []),
        (adt("A40", "P9^^^H|P1^^^OTHER"), []),
        (adt("A40", "P9^^^H|P9^^^H"), []),
        (adt("A18", "P9^^^H|P1^^^H", "P8^^^H|P2^^^H"), [("P1", "P9", False), ("P2", "P8", False)]),
        (adt("A37", "P9^^^H", "P1^^^H"), [("P9", "P1", True)]),
        (adt("A24", "P9^^^H", "P1^^^H"), []),
        (adt("A08", "P9^^^H|P1^^^H"), []),
    ],
)
def test_identifiers_of_the_authority_are_linked(node, message, expected):
    assert node.ask(message) == "AA"
    assert node.told() == expected
    assert node.woken == [True] * bool(expected)


@pytest.mark.parametrize("message", [adt("A37", "P9^^^H"), adt("A40", "P9^^^H|" + "1" * 65 + "^^^H")])
def test_what_cannot_be_read_is_refused(node, message):
    assert node.ask(message) == "AE"
    assert node.told() == []


def test_without_an_authority_only_orders_follow(tmp_path, make_settings):
    journal = Journal(tmp_path / "journal.sqlite")
    listening = listener.OrderListener(make_settings(dicom_hl7_port=0), journal)
    exchange("127.0.0.1", listening.port, adt("A40", "P9^^^H|P1^^^H"), timeout_s=10, most=MOST_BYTES)
    with journal.reading() as database:
        assert merges.waiting(database) == []
    listening.close()
    journal.close()


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("20200302081500+0100", datetime(2020, 3, 2, 7, 15, tzinfo=UTC)),
        ("202003020815-0230", datetime(2020, 3, 2, 10, 45, tzinfo=UTC)),
        ("20200302", datetime(2020, 3, 2).astimezone()),
        ("20209999", datetime(2020, 1, 1).astimezone()),
        ("00010101+0100", datetime(2020, 1, 1).astimezone()),
        ("99991231235959-1200", datetime(2020, 1, 1).astimezone()),
        ("", datetime(2020, 1, 1).astimezone()),
    ],
)
def test_the_time_of_the_event(node, at, expected):
    assert node.ask(adt("A40", "P9^^^H|P1^^^H", at=at)) == "AA"
    with node.journal.reading() as database:
        [(_, merge)] = merges.waiting(database)
    assert datetime.fromtimestamp(merge.told_at, UTC) == expected


def test_a_clock_that_is_ahead_does_not_outlast_later_messages(node):
    node.ask(adt("A40", "B^^^H|A^^^H", control="1", at="99990101"))
    node.ask(adt("A40", "C^^^H|B^^^H", control="2", at=f"{datetime.now() + timedelta(1):%Y%m%d%H%M%S}"))
    assert node.numbers("A")[0] == "C"


def test_the_same_message_is_noted_once(node):
    for _ in range(2):
        assert node.ask(adt("A40", "P9^^^H|P1^^^H")) == "AA"
    assert node.told() == [("P1", "P9", False)]


def test_the_gateway_is_told_in_order_until_it_knows(node):
    node.ask(adt("A40", "P9^^^H|P1^^^H", control="C1"))
    node.ask(adt("A37", "P9^^^H", "P1^^^H", control="C2"))
    gateway = Gateway()
    teller = MergeTeller(node.journal, gateway)
    gateway.refusal = ApiError(503, {})
    teller.work()
    assert len(node.told()) == 2
    assert teller.pause() > 5
    gateway.refusal = None
    teller.work()
    assert [(each["message_id"], each["undone"]) for each in gateway.told] == [("C1", False), ("C2", True)]
    assert gateway.told[0]["authority"] == "H"
    assert (node.told(), teller.pause()) == ([], 5)
    collector = JournalCollector(node.journal, lambda: 0, certificate=None, retention=False)
    [found] = [each for each in collector.collect() if each.name == "lobule_dicom_merges"]
    assert {sample.labels["state"]: sample.value for sample in found.samples} == {"told": 2}


@pytest.mark.parametrize(("status", "left"), [(422, 0), (404, 1), (401, 1), (0, 1)])
def test_what_the_gateway_refuses_does_not_hold_up_the_others(node, status, left):
    node.ask(adt("A40", "P9^^^H|P1^^^H"))
    gateway = Gateway()
    gateway.refusal = ApiError(status, {})
    MergeTeller(node.journal, gateway).work()
    assert len(node.told()) == left


def test_all_numbers_of_a_patient_are_known_the_present_one_first(node):
    node.ask(adt("A40", "C^^^H|B^^^H", control="1", at="20200302"))
    node.ask(adt("A40", "B^^^H|A^^^H", control="2", at="20200301"))
    assert node.numbers("A") == ["C", "A", "B"]
    assert node.numbers("A", "h") == ["C", "A", "B"]
    assert node.numbers("A", "OTHER") == ["A"]
    node.ask(adt("A40", "A^^^H|C^^^H", control="3", at="20200303"))
    assert node.numbers("B") == ["A", "B", "C"], "a circle ends"
    node.ask(adt("A37", "A^^^H", "C^^^H", control="4", at="20200304"))
    node.ask(adt("A37", "B^^^H", "C^^^H", control="5", at="20200304"))
    assert node.numbers("C") == ["C"]
    assert node.numbers("A") == ["B", "A"]


def test_of_merges_in_the_same_second_the_one_that_came_last_counts(node):
    node.ask(adt("A40", "B^^^H|A^^^H", control="1"))
    node.ask(adt("A40", "C^^^H|B^^^H", control="2"))
    assert {node.numbers(each)[0] for each in "ABC"} == {"C"}


def test_an_order_that_comes_after_the_merge_matches_films_of_the_former_number(node):
    node.ask(adt("A40", "P9^^^H|P1^^^H"))
    with node.journal.transaction() as database:
        orders.put(database, Order("ACC", "P9", "PL", ""), 0)
        assert orders.find(database, "ACC", "P1") is not None
        assert orders.find(database, "ACC", "P2") is None


def test_a_purge_deletes_what_was_told_of_the_patient(node):
    node.ask(adt("A40", "B^^^H|A^^^H", "D^^^H|C^^^H"))
    with node.journal.transaction() as database:
        merges.forget_patient(database, "A")
    assert node.told() == [("C", "D", False)]


def test_a_purge_deletes_the_orders_of_every_number_of_the_patient(node):
    node.ask(adt("A40", "B^^^H|A^^^H"))
    with node.journal.transaction() as database:
        for accession, patient_id in (("ACC-1", "B"), ("ACC-2", "A"), ("ACC-3", "C")):
            orders.put(database, Order(accession, patient_id, "", ""), 0)
        assert orders.forget_patient(database, "A") == 2
        assert orders.count(database) == 1


def test_what_is_signed_after_it_goes_out_under_the_present_number(make_film, tmp_path):
    """The objects of the study keep the patient of its films: the archive has merged them by itself."""
    with delivered_study(lambda: make_film(PatientID="P1"), tmp_path) as study:
        bundle = {"resource": {"resourceType": "Observation", "subject": {"reference": "Patient/x"}}}
        study.gateway.fhir_bundle = lambda *_: {"resourceType": "Bundle", "type": "transaction", "entry": [bundle]}
        with study.journal.transaction() as database:
            merges.add(database, ToldMerge("C1", 0, "H", "P1", "P9", undone=False))
        study.gateway.sign(verdicts=False)
        study.look()
        [message], [posted] = study.intake.results.glob("*.hl7"), study.intake.results.glob("*.json")
        assert parse(message.read_bytes()).value("PID", 3) == "P9"
        [entry] = json.loads(posted.read_bytes())["entry"]
        assert entry["resource"]["subject"]["identifier"] == {"value": "P9"}
        assert {report.PatientID for report in study.of("conclusion")} == {"P1"}


class Archive:
    """A system that has a study of either number.

    Args:
        films: Paths of the films by PatientID.
    """

    name = "ARCHIVE"

    def __init__(self, films) -> None:
        self.films_of, self.asked = films, []

    def studies(self, criteria):
        self.asked.append(criteria.patient_id)
        uid = f"1.2.{criteria.patient_id[1:]}"
        return [FoundStudy(uid, criteria.patient_id, "", date(2025, 1, int(criteria.patient_id[1:])))]

    def films(self, study_uid: str):
        return [FoundFilm(f"{study_uid}.1", "", FILM)]

    def fetch(self, study_uid: str, film, path) -> None:
        path.write_bytes(self.films_of[f"P{study_uid[4:]}"].read_bytes())


def test_earlier_films_are_searched_under_every_number(make_film, tmp_path, monkeypatch):
    """Their names may differ: that is why the patient had two numbers."""
    films = {
        f"P{n}": make_film(
            PatientID=f"P{n}", PatientName=f"Roe^{n}", StudyDate=f"2025010{n}", StudyInstanceUID=f"1.2.{n}"
        )
        for n in (1, 9)
    }
    now = make_film(PatientID="P1", PatientName="Roe^1", StudyDate="20260501")
    with delivered_study(lambda: now, tmp_path) as study:
        with study.journal.transaction() as database:
            merges.add(database, ToldMerge("C1", 0, "H", "P1", "P9", undone=False))
            priors.ask(database, STUDY, ["ARCHIVE"], time.time())
        uploaded, archive = [], Archive(films)
        study.gateway.reads = lambda _: {"signed": 0}
        study.gateway.upload = lambda path, *_, **__: uploaded.append(path.read_bytes())
        monkeypatch.setattr("dicom_node.priors.fetcher.identify", lambda path, *_: identity(path))
        PriorFetcher(study.journal, study.intake, study.gateway, [archive], most=2, years=6, give_up_hours=1).work()
    assert sorted(archive.asked) == ["P1", "P9"]
    assert uploaded == [films["P9"].read_bytes(), films["P1"].read_bytes()], "the newest first"


def identity(path):
    """What the film of an archive says, whose UID is of no matter here."""
    return read_header(path, "mammography").dicom
