"""HL7 v2: merges of patients that concern cases. They are told to the gateway, and followed in what goes out."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from dicom_node.hl7 import listener
from dicom_node.hl7.merge_teller import MergeTeller
from dicom_node.hl7.mllp import exchange
from dicom_node.hl7.syntax import MOST_BYTES, parse
from dicom_node.journal import merges, orders
from dicom_node.journal.database import Journal
from dicom_node.journal.orders import Order
from dicom_node.metrics import JournalCollector
from lobule.client import ApiError

HEADING = "MSH|^~\\&|RIS|{facility}|LOBULE|H|20260101||ADT^{event}|{control}|P|2.5.1\rEVN|{event}|{at}\r"


def adt(event: str, *patients: str, control: str = "C1", at: str = "20260302081500", facility: str = "H") -> bytes:
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
        ("20260302081500+0100", datetime(2026, 3, 2, 7, 15, tzinfo=UTC)),
        ("202603020815-0230", datetime(2026, 3, 2, 10, 45, tzinfo=UTC)),
        ("20260302", datetime(2026, 3, 2).astimezone()),
        ("20269999", datetime(2026, 1, 1).astimezone()),
        ("", datetime(2026, 1, 1).astimezone()),
    ],
)
def test_the_time_of_the_event(node, at, expected):
    assert node.ask(adt("A40", "P9^^^H|P1^^^H", at=at)) == "AA"
    with node.journal.reading() as database:
        [(_, merge)] = merges.waiting(database)
    assert datetime.fromtimestamp(merge.told_at, UTC) == expected


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
    node.ask(adt("A40", "C^^^H|B^^^H", control="1", at="20260302"))
    node.ask(adt("A40", "B^^^H|A^^^H", control="2", at="20260301"))
    assert node.numbers("A") == ["C", "A", "B"]
    assert node.numbers("A", "h") == ["C", "A", "B"]
    assert node.numbers("A", "OTHER") == ["A"]
    node.ask(adt("A40", "A^^^H|C^^^H", control="3", at="20260303"))
    assert node.numbers("B") == ["A", "B", "C"], "a circle ends"
    node.ask(adt("A37", "A^^^H", "C^^^H", control="4", at="20260304"))
    node.ask(adt("A37", "B^^^H", "C^^^H", control="5", at="20260304"))
    assert node.numbers("C") == ["C"]
    assert node.numbers("A") == ["B", "A"]


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
