"""HL7 v2: messages about patients (ADT), which change orders alone."""

from types import SimpleNamespace

import pytest

from dicom_node.hl7 import listener
from dicom_node.hl7.mllp import exchange
from dicom_node.hl7.syntax import MOST_BYTES, parse
from dicom_node.journal import orders
from dicom_node.journal.database import Journal
from dicom_node.journal.orders import Order

HEADING = "MSH|^~\\&|RIS|H|LOBULE|H|20260101||ADT^{event}|C1|P|2.5.1||||||UNICODE UTF-8\rEVN|{event}|20260101\r"
PATIENT = "PID|1||{present}||Roe^Jane^^^^^L||19600101|F\r"
FORMER = "MRG|{former}\r"


def adt(event: str, *patients: tuple[str, str]) -> bytes:
    """A message of an event about patients, each with identifiers and former ones."""
    told = [
        PATIENT.format(present=present) + (FORMER.format(former=former) if former else "")
        for present, former in patients
    ]
    return (HEADING.format(event=event) + "".join(told)).encode()


@pytest.fixture
def node(tmp_path, make_settings):
    """A listener, whose journal has an order of each of two patients."""
    journal = Journal(tmp_path / "journal.sqlite")
    with journal.transaction() as database:
        orders.put(database, Order("ACC-1", "P1\nNAT-1", "PL-1", ""), 0)
        orders.put(database, Order("ACC-2", "P2", "PL-2", ""), 0)
    listening = listener.OrderListener(make_settings(dicom_hl7_port=0), journal)

    def ask(message: bytes) -> tuple[str, str]:
        answer = parse(exchange("127.0.0.1", listening.port, message, timeout_s=10, most=MOST_BYTES))
        assert answer.value("MSA", 2) == "C1"
        return answer.value("MSA", 1), answer.value("ERR", 3)

    def matches(accession: str, *patients: str) -> list[bool]:
        with journal.reading() as database:
            return [orders.find(database, accession, each) is not None for each in patients]

    yield SimpleNamespace(ask=ask, matches=matches, journal=journal)
    listening.close()
    journal.close()


@pytest.mark.parametrize("event", ["A01", "A04", "A08", "A28", "A31", "A24", "A29", "A43", "A99"])
def test_an_update_is_accepted_and_changes_nothing(node, event):
    """A refusal would stop the queue of many engines."""
    assert node.ask(adt(event, ("P9^^^H", "P1^^^H"))) == ("AA", "")
    assert node.matches("ACC-1", "P1", "NAT-1", "P9") == [True, True, False]


@pytest.mark.parametrize("event", ["A18", "A34", "A39", "A40", "A40^ADT_A39", "A47"])
def test_after_a_merge_orders_match_films_of_either_number(node, event):
    assert node.ask(adt(event, ("P9^^^H~NAT-9^^^NAT", "P1^^^H"))) == ("AA", "")
    assert node.matches("ACC-1", "P9", "NAT-9", "P1", "NAT-1") == [True] * 4
    assert node.matches("ACC-2", "P9", "P2") == [False, True], "another patient's"
    assert node.ask(adt(event, ("P9^^^H", "P1^^^H"))) == ("AA", ""), "again"
    with node.journal.transaction() as database:
        assert orders.forget_patient(database, "P9") == 1, "a purge of the present number finds it"


def test_merges_of_several_patients_in_one_message(node):
    assert node.ask(adt("A40", ("P9", "P1"), ("P8", "P2"), ("P7", "P6"))) == ("AA", "")
    assert node.matches("ACC-1", "P9", "P8") == [True, False]
    assert node.matches("ACC-2", "P9", "P8") == [False, True]


def test_a_chain_of_merges_keeps_the_newest_numbers(node):
    for number in range(40):
        former = f"N{number - 1}" if number else "P1"
        assert node.ask(adt("A40", (f"N{number}", former))) == ("AA", "")
    assert node.matches("ACC-1", "N39", "N30", "N0") == [True, True, False]


@pytest.mark.parametrize(
    ("patient", "error"),
    [
        (("", "P1"), "101"),
        (("P9", ""), "101"),
        (('""', "P1"), "101"),
        (("P" * 65, "P1"), "102"),
        (("P9", "P\\X00\\1"), "102"),
        (("P9\\.br\\P2", "P1"), "102"),
    ],
)
def test_a_merge_without_usable_identifiers_is_refused(node, patient, error):
    assert node.ask(adt("A40", patient)) == ("AE", error)
    assert node.matches("ACC-1", "P1", "P9") == [True, False]
    assert node.matches("ACC-2", "P2", "P9") == [True, False]


def test_a_merge_without_a_patient_is_refused(node):
    assert node.ask(adt("A40")) == ("AE", "100")


def test_the_work_for_a_merge_does_not_grow_with_other_patients_orders(node):
    """All other work of the node waits for it: one message of 1,000 merges took half a minute with 20,000 orders."""
    message, steps = adt("A40", *((f"X{n}", f"Y{n}") for n in range(200))), []

    def work() -> int:
        steps.clear()
        with node.journal.reading() as database:
            database.set_progress_handler(lambda: steps.append(1) and None, 100)
        assert node.ask(message) == ("AA", "")
        with node.journal.reading() as database:
            database.set_progress_handler(None, 0)
        return len(steps)

    before = work()
    with node.journal.transaction() as database:
        for number in range(1000):
            orders.put(database, Order(f"OTHER-{number}", f"Z{number}\nZZ{number}", "", ""), 0)
    assert work() < 2 * before


def test_orders_that_an_earlier_version_stored_follow_merges(node, tmp_path):
    with node.journal.transaction() as database:
        database.execute("DROP TABLE order_patients")
    Journal(tmp_path / "journal.sqlite").close()
    assert node.ask(adt("A40", ("P9", "NAT-1"))) == ("AA", "")
    assert node.matches("ACC-1", "P9", "P1") == [True, True]
    assert node.matches("ACC-2", "P9") == [False]
