"""Results are stored by STOW-RS until the other system has them."""

import pytest
from hospital_peers import stow_server
from pydantic import ValidationError

from dicom_node.peers import USUAL_KINDS, parse_stow_places
from dicom_node.sending.outbox import Outbox
from dicom_node.sending.stow import StowCourier
from dicom_node.settings import recipients

UID, CONTENT = "1.2.826.0.1.3680043.8.498.6", b"DICM" + bytes(range(256)) * 3000


@pytest.fixture
def server():
    with stow_server() as seen:
        yield seen


def test_an_object_is_sent_until_it_is_stored(waiting_document, make_settings, server):
    settings = make_settings(dicom_stow_destinations=f"usual@{server.url}", dicom_stow_token="secret")
    [place] = parse_stow_places(settings.dicom_stow_destinations)
    courier = StowCourier(place, waiting_document.files, Outbox(waiting_document.journal, 72), settings)
    waiting_document.put(UID, "findings", CONTENT, place.recipient)
    server.status, server.said = 503, {}
    courier.work()
    assert waiting_document.state() == ("waiting", 1, "http_503")
    for status in (200, 202, 409):  # whatever the status: the answer says that the object failed
        server.status, server.said = status, {"00081198": {"Value": [{"00081197": {"Value": [0xA700]}}]}}
        courier.work()
        state = waiting_document.state()
    server.status, server.said = 200, {"0008119A": {"Value": [{"00081197": {"Value": [0xA700]}}]}}
    courier.work()
    state = waiting_document.state()
    assert state == ("waiting", 5, "status_A700")
    server.status, server.said = 200, {"00081199": {"Value": [{"00081155": {"Value": [UID]}}]}}
    courier.work()
    courier.work()
    assert waiting_document.state() == ("sent", 5, None)
    assert server.parts == [CONTENT] * 6
    assert set(server.paths) == {"/dicom-web/studies"}
    assert server.headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    "reason",
    [-1, 0x10000, 10**1000, float("inf"), "1" * 5000],
    ids=["negative", "large", "long", "infinite", "text"],
)
def test_a_reason_that_is_none_is_no_code(waiting_document, make_settings, server, reason):
    """Each code is a metric of its own, and one of 200 letters kept the node from reporting and from purges."""
    settings = make_settings(dicom_stow_destinations=server.url)
    [place] = parse_stow_places(settings.dicom_stow_destinations)
    waiting_document.put(UID, "findings", CONTENT, place.recipient)
    server.status, server.said = 409, {"00081198": {"Value": [{"00081197": {"Value": [reason]}}]}}
    StowCourier(place, waiting_document.files, Outbox(waiting_document.journal, 72), settings).work()
    assert waiting_document.state() in {("waiting", 1, "status_0110"), ("waiting", 1, "http_409")}


def test_an_object_that_is_there_already_counts_as_stored(waiting_document, make_settings, server):
    settings = make_settings(dicom_stow_destinations=server.url)
    [place] = parse_stow_places(settings.dicom_stow_destinations)
    waiting_document.put(UID, "findings", CONTENT, place.recipient)
    server.status, server.said = 409, {"00081198": {"Value": [{"00081197": {"Value": [0x0111]}}]}}
    StowCourier(place, waiting_document.files, Outbox(waiting_document.journal, 72), settings).work()
    assert waiting_document.state() == ("sent", 0, None)


def test_a_system_that_is_away_is_tried_again(waiting_document, make_settings):
    settings = make_settings(dicom_stow_destinations="http://127.0.0.1:9/dicom-web")
    [place] = parse_stow_places(settings.dicom_stow_destinations)
    waiting_document.put(UID, "findings", CONTENT, place.recipient)
    StowCourier(place, waiting_document.files, Outbox(waiting_document.journal, 72), settings).work()
    assert waiting_document.state() == ("waiting", 1, "not_connected")


def test_a_destination_names_its_kinds(make_settings):
    settings = make_settings(
        dicom_stow_destinations="https://user:word@a.example/dicom-web, cad+document@https://b.example/rs",
        dicom_keep_in_gateway=False,
    )
    assert [(each.name, each.kinds) for each in recipients(settings)] == [
        ("stow:https://a.example/dicom-web", USUAL_KINDS),
        ("stow:https://b.example/rs", {"cad", "document"}),
    ]
    for wrong in ("b.example", "nothing@https://b.example", "ftp://b.example"):
        with pytest.raises(ValidationError):
            make_settings(dicom_stow_destinations=wrong)
