"""Tests connections for administrators: C-ECHO, the store of a sample, and other requests without effect."""

import io
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import httpx
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid
from pynetdicom.association import Association

from dicom_node.hl7.mllp import connected
from dicom_node.peers import MessagePlace, Place, StowPlace
from dicom_node.priors.choosing import PriorCriteria
from dicom_node.priors.peers import Peer, PeerError
from dicom_node.sending.associations import our_entity, why_not_established
from dicom_node.sending.outbox import NotDeliveredError
from dicom_node.sending.stow import StowClient
from dicom_node.settings import NodeSettings
from dicom_node.tls import connection_problem, message_context
from lobule.transfer import trusting

_VERIFICATION = "1.2.840.10008.1.1"
_TIMEOUT_S = 10.0
_REFUSAL_S = 1.0
_SIDE = 64


def echo(place: Place, settings: NodeSettings) -> str:
    """Send a C-ECHO to an application; returns `ok`, or the code of what went wrong."""
    return _asked(place, settings, _VERIFICATION, "not_offered", lambda association: association.send_c_echo())


def store_sample(place: Place, settings: NodeSettings) -> str:
    """Store a picture that is marked as a test; returns `ok`, or the code of what went wrong."""
    storage = SecondaryCaptureImageStorage
    return _asked(
        place, settings, storage, "class_not_accepted", lambda association: association.send_c_store(sample())
    )


def store_sample_by_stow(place: StowPlace, settings: NodeSettings) -> str:
    """The same for a system that speaks DICOMweb."""
    file = io.BytesIO()
    sample().save_as(file, enforce_file_format=True)
    file.seek(0)
    try:
        StowClient(place, settings).store(file)
    except NotDeliveredError as error:
        return error.problem
    return "ok"


def _asked(
    place: Place, settings: NodeSettings, sop_class: str, refused: str, ask: Callable[[Association], Dataset]
) -> str:
    """Open an association for one request.

    Args:
        place: The application.
        settings: The node's settings.
        sop_class: SOP class of the request.
        refused: Code if the application does not accept the class.
        ask: Sends the request and returns its answer.
    """
    entity = our_entity(settings)
    entity.add_requested_context(sop_class, ExplicitVRLittleEndian)
    association = entity.associate(place.host, place.port, ae_title=place.ae_title)
    if not association.is_established:
        return why_not_established(association)
    try:
        return _code(ask(association))
    except ValueError:
        return refused
    finally:
        if association.is_established:
            association.release()


def sample() -> Dataset:
    """A small picture of a patient that does not exist."""
    picture = Dataset()
    picture.file_meta = FileMetaDataset()
    picture.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    picture.SOPClassUID, picture.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    picture.StudyInstanceUID, picture.SeriesInstanceUID = generate_uid(), generate_uid()
    picture.PatientName, picture.PatientID = "Lobule^Connection Test", "LOBULE-TEST"
    picture.PatientBirthDate, picture.PatientSex = "", ""
    now = datetime.now(UTC)
    picture.StudyDate, picture.StudyTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    picture.ReferringPhysicianName, picture.StudyID, picture.AccessionNumber = "", "TEST", ""
    picture.StudyDescription = "Lobule connection test: delete at will"
    picture.Modality, picture.ConversionType = "OT", "WSD"
    picture.SeriesNumber, picture.InstanceNumber = 1, 1
    picture.SamplesPerPixel, picture.PhotometricInterpretation = 1, "MONOCHROME2"
    picture.Rows = picture.Columns = _SIDE
    picture.BitsAllocated, picture.BitsStored, picture.HighBit, picture.PixelRepresentation = 8, 8, 7, 0
    picture.PixelData = bytes(4 * column for _ in range(_SIDE) for column in range(_SIDE))
    return picture


def ask(peer: Peer) -> str:
    """Search a node for the studies of a patient that does not exist."""
    today = datetime.now(UTC).date()
    try:
        peer.studies(PriorCriteria("LOBULE-TEST", None, before=today, since=today))
    except PeerError as error:
        return error.problem
    return "ok"


def connect(place: MessagePlace, settings: NodeSettings) -> str:
    """Open and close a connection to a receiver of messages, over TLS if it gets them so."""
    tls = message_context(settings).get() if place.is_tls else None
    try:
        with connected(place.host, place.port, _TIMEOUT_S, tls) as connection:
            if tls is not None:
                _wait_for_refusal(connection)
    except OSError as error:
        return connection_problem(error)
    return "ok"


def _wait_for_refusal(connection: socket.socket) -> None:
    """Raise if the other side refuses our certificate, which TLS 1.3 says after the handshake."""
    connection.settimeout(_REFUSAL_S)
    with suppress(TimeoutError):
        connection.recv(1)


def read_metadata(settings: NodeSettings) -> str:
    """Read the CapabilityStatement of the FHIR server."""
    token = settings.dicom_fhir_token
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
    url = f"{settings.dicom_fhir_url.rstrip('/')}/metadata"
    verify = trusting(settings.dicom_fhir_ca)
    try:
        with (
            httpx.Client(timeout=_TIMEOUT_S, trust_env=False, verify=verify) as http,
            http.stream("GET", url, headers=headers) as answer,
        ):
            return "ok" if answer.is_success else f"http_{answer.status_code}"
    except httpx.HTTPError as error:
        return connection_problem(error)


def _code(answer: Dataset) -> str:
    status = answer.get("Status")
    if status is None:
        return "no_answer"
    return "ok" if status == 0x0000 else f"status_{status:04X}"
