"""HL7 v2: orders over MLLP, from honest and from hostile callers."""

import socket
from types import SimpleNamespace

import pytest

from dicom_node.hl7 import listener
from dicom_node.hl7.mllp import END, START, FrameError, exchange, frame
from dicom_node.hl7.syntax import MOST_BYTES, SyntaxProblem, parse, parse_loosely
from dicom_node.journal import orders
from dicom_node.journal.database import Journal
from dicom_node.journal.orders import Order

ORDER = (
    "MSH|^~\\&|RIS|H|LOBULE|H|20260101||{type}|C1|P|2.5.1||||||{set}\r"
    "PID|1||P1^^^H||Roe^Jane\rORC|{control}|PL-7|FI-8\rOBR|1|PL-7|FI-8|MAMMO^Mammography||||||||||||||ACC-1\r"
)


def order(kind: str = "ORM^O01^ORM_O01", control: str = "NW", charset: str = "UNICODE UTF-8") -> bytes:
    return ORDER.format(type=kind, control=control, set=charset).encode()


@pytest.fixture
def taker(tmp_path, make_settings):
    """A listener for orders, and its journal."""
    journal, listening = Journal(tmp_path / "journal.sqlite"), []

    def listen(**changes) -> listener.OrderListener:
        settings = make_settings(dicom_hl7_port=0, dicom_timeout_s=changes.pop("timeout_s", 60), **changes)
        listening.append(listener.OrderListener(settings, journal))
        return listening[-1]

    def found() -> Order | None:
        with journal.reading() as database:
            return orders.find(database, "ACC-1", "P1")

    yield SimpleNamespace(listen=listen, found=found, journal=journal)
    for each in listening:
        each.close()
    journal.close()


def ask(port: int, message: bytes):
    return parse(exchange("127.0.0.1", port, message, timeout_s=10, most=MOST_BYTES))


def test_orders_are_noted_changed_and_cancelled(taker):
    port = taker.listen().port
    assert ask(port, order()).value("MSA", 1) == "AA"
    assert taker.found() == Order("ACC-1", "P1", "PL-7", "FI-8")
    changed = order("OMI^O23^OMI_O23", "XO").replace(b"PL-7", b"PL-9")
    assert ask(port, changed).value("MSA", 2) == "C1"
    assert taker.found().placer == "PL-9"
    assert ask(port, order(control="CA")).value("MSA", 1) == "AA"
    assert taker.found() is None


@pytest.mark.parametrize(("host", "callers"), [("::1", ["::1"]), ("::", ["::1", "127.0.0.1"])])
def test_orders_come_by_the_same_addresses_as_films(taker, host, callers):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = taker.listen(dicom_host=host).port
    for caller in callers:
        answer = exchange(caller, port, order(), timeout_s=10, most=MOST_BYTES)
        assert parse(answer).value("MSA", 1) == "AA"


@pytest.mark.parametrize(("control", "state"), [("SC", "CA"), ("SC", "DC"), ("CR", ""), ("DR", "")])
def test_an_order_that_its_filler_reports_as_ended_is_cancelled(taker, control, state):
    """It stood on, and could name the case of another study under its accession number."""
    port = taker.listen().port
    for stands in ("IP", "CM"):
        assert ask(port, order(control=f"SC|PL-7|FI-8||{stands}")).value("MSA", 1) == "AA"
        assert taker.found() == Order("ACC-1", "P1", "PL-7", "FI-8")
    assert ask(port, order(control=f"{control}|PL-7|FI-8||{state}")).value("MSA", 1) == "AA"
    assert taker.found() is None


def test_what_is_neither_an_order_nor_about_a_patient_is_refused_with_what_is_taken(taker):
    answer = ask(taker.listen().port, order("ORU^R01^ORU_R01"))
    assert (answer.value("MSA", 1), answer.value("ERR", 3)) == ("AR", "200")
    assert "ORM^O01" in answer.value("ERR", 8)


def test_each_order_of_a_message_is_stored_under_each_identifier_of_the_patient(taker):
    second = b"ORC|NW|PL-8|FI-9\rOBR|2|PL-8|FI-9|MAMMO^Mammography||||||||||||||ACC-2\r"
    several = order().replace(b"P1^^^H", b"NAT-7^^^NAT^NI~P1^^^H^MR") + second
    assert ask(taker.listen().port, several).value("MSA", 1) == "AA"
    assert taker.found() == Order("ACC-1", "P1", "PL-7", "FI-8")
    with taker.journal.transaction() as database:
        assert orders.find(database, "ACC-2", "P1") == Order("ACC-2", "P1", "PL-8", "FI-9")
        assert orders.find(database, "ACC-2", "P2") is None
        assert orders.forget_patient(database, "NAT-7") == 2


def test_several_messages_may_come_over_one_connection(taker):
    with socket.create_connection(("127.0.0.1", taker.listen().port), 10) as connection:
        for content in (order(control="CA"), order()):
            connection.sendall(frame(content)[:40])
            connection.sendall(frame(content)[40:])
            answer = b""
            while not answer.endswith(END):
                answer += connection.recv(4096)
    assert taker.found() is not None


@pytest.mark.parametrize(
    ("charset", "codec", "name"),
    [
        ("8859/1", "latin-1", "Müller"),
        ("8859/15", "iso8859-15", "Müller"),
        ("GB 18030-2000", "gb18030", "王丽"),
        ("BIG-5", "big5", "許功蓋"),  # bytes of these characters are those of a backslash and of separators
        ("KS X 1001", "euc_kr", "김"),
        ("UNICODE UTF-8~8859/1", "utf-8", "Müller"),
    ],
)
def test_orders_in_the_encoding_that_they_name_are_read(taker, charset, codec, name):
    message = order(charset=charset).decode().replace("Roe", name).encode(codec)
    assert ask(taker.listen().port, message).value("MSA", 1) == "AA"
    assert taker.found() == Order("ACC-1", "P1", "PL-7", "FI-8")


def test_numbers_keep_their_assigning_authority(taker):
    message = order().replace(b"|PL-7|FI-8", b"|PL-7^RIS|FI-8^PACS~FI-9")
    assert ask(taker.listen().port, message).value("MSA", 1) == "AA"
    assert taker.found() == Order("ACC-1", "P1", "PL-7^RIS", "FI-8^PACS")


def test_a_deleted_value_is_no_number(taker):
    """Orders of different patients had the accession number "", two quotation marks, and replaced one another."""
    port = taker.listen().port
    empty = order().replace(b"ACC-1", b'""').replace(b"FI-8", b"ACC-1")
    assert ask(port, empty).value("MSA", 1) == "AA"
    assert taker.found() == Order("ACC-1", "P1", "PL-7", "ACC-1")
    nobody = ask(port, order().replace(b"P1^^^H", b'""'))
    assert (nobody.value("MSA", 1), nobody.value("ERR", 3)) == ("AE", "101")


def test_a_heading_of_version_2_7_and_line_breaks_between_frames_are_read(taker):
    with socket.create_connection(("127.0.0.1", taker.listen().port), 10) as connection:
        for content in (order(control="CA"), order().replace(b"^~\\&|", b"^~\\&#|")):
            connection.sendall(frame(content) + b"\r\n")
            answer = b""
            while not answer.endswith(END):
                answer += connection.recv(4096)
            assert b"MSA|AA|C1" in answer
    assert taker.found() is not None


def test_an_acknowledgment_is_read_whatever_its_names_are_written_in():
    """A system whose acknowledgment had an umlaut in Latin-1, or no number, got a report for three days."""
    answer = parse_loosely("MSH|^~\\&|RIS|Köln|LOBULE||||ACK||P|2.3\rMSA|AA|C1\r".encode("latin-1"))
    assert (answer.value("MSA", 1), answer.value("MSA", 2)) == ("AA", "C1")


@pytest.mark.parametrize(
    ("message", "code", "error"),
    [
        (order().replace(b"Jane", b"\xff\xfe"), "AE", "102"),
        (order(charset="UNICODE UTF-16"), "AE", "102"),
        (order("ORU^R01^ORU_R01"), "AR", "200"),
        (order().replace(b"PID|1||P1^^^H", b"PID|1||"), "AE", "101"),
        (order(control="ZZ"), "AE", "103"),
        (order().partition(b"ORC|")[0], "AE", "100"),
        (order().replace(b"ACC-1", b"A" * 65), "AE", "102"),
        (order().replace(b"PL-7", b"PL\\X00\\7"), "AE", "102"),
        (order().replace(b"PL-7", b"PL\\.br\\7"), "AE", "102"),
        (order().replace(b"PL-7", "PL\u202e7".encode()), "AE", "102"),
        (b"GET / HTTP/1.1", "AE", "100"),
        (b"", "AE", "100"),
        (order().replace(b"|C1|", b"||"), "AE", "101"),
        (
            order().replace(b"P1^^^H", b"P2^^^H") + order(),
            "AE",
            "100",
        ),  # two patients
    ],
)
def test_what_is_no_order_is_refused_in_words(taker, message, code, error):
    answer = ask(taker.listen().port, message)
    assert (answer.value("MSA", 1), answer.value("ERR", 3)) == (code, error)
    assert answer.value("ERR", 8)
    assert answer.value("MSA", 2) == ("C1" if b"|C1|" in message else "")
    assert taker.found() is None


def closed_without_answer(port: int, content: bytes) -> bool:
    """Whether a listener closes the connection, and says nothing."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        try:
            connection.sendall(content)
            return connection.recv(4096) == b""
        except ConnectionError:
            return True


def test_frames_that_are_none_end_the_connection(taker):
    port = taker.listen(timeout_s=0.5).port
    for content in (order(), START + b"MSH|" + b"x" * (MOST_BYTES + 100), START + order(), START):
        assert closed_without_answer(port, content), content[:20]
    assert taker.found() is None
    assert ask(port, order()).value("MSA", 1) == "AA", "others are served"


def test_callers_from_elsewhere_are_not_heard(taker):
    assert closed_without_answer(taker.listen(dicom_hl7_networks="10.0.0.0/8").port, frame(order()))
    assert taker.found() is None


def test_no_more_connections_are_held_than_allowed(taker, monkeypatch):
    """An address has half of them, and is served again once it has closed one."""
    monkeypatch.setattr(listener, "_MOST_CONNECTIONS", 4)
    port = taker.listen().port

    def hold(address: str) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", port), 10, source_address=(address, 0))
        connection.sendall(frame(order()))
        assert connection.recv(4096)
        return connection

    held = [hold("127.0.0.1"), hold("127.0.0.1")]
    assert closed_without_answer(port, b""), "the address has half of the connections"
    held += [hold("127.0.0.2"), hold("127.0.0.3")]
    with socket.create_connection(("127.0.0.1", port), 10, source_address=("127.0.0.4", 0)) as late:
        assert late.recv(4096) == b"", "there are no more connections"
    for each in held:
        each.shutdown(socket.SHUT_WR)
        assert each.recv(4096) == b""
        each.close()
    while closed_without_answer(port, frame(order())):
        pass  # the places are given back just after the connections are closed


def test_an_answer_that_does_not_come_is_a_problem_of_its_own():
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(FrameError, match="too_slow"):
        exchange("127.0.0.1", silent.getsockname()[1], b"MSH|", timeout_s=0.2, most=100)


def test_a_message_that_is_too_large_is_not_read():
    with pytest.raises(SyntaxProblem, match="too large"):
        parse(b"MSH|^~\\&|" + b"x" * MOST_BYTES)
