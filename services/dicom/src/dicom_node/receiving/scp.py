"""The SCP: associations, C-ECHO, C-STORE, storage commitment."""

import logging
import tempfile
import threading

import structlog
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import _config, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification  # pyright: ignore[reportAttributeAccessIssue] - made at import

from dicom_node import metrics
from dicom_node.peers import ANY, ae_titles
from dicom_node.receiving.awaited import AwaitedFilms
from dicom_node.receiving.bounds import MAX_PDU_BYTES
from dicom_node.receiving.commitment import PUSH_MODEL, CommitmentScp
from dicom_node.receiving.intake import Intake
from dicom_node.receiving.notes import AssociationNotes
from dicom_node.receiving.rules import FILM_CLASSES, REFUSED_CLASSES, TRANSFER_SYNTAXES
from dicom_node.receiving.server import Limits, NodeEntity, NodeServer
from dicom_node.settings import NodeSettings
from dicom_node.statuses import Answer, Status
from dicom_node.tls import server_context

_log = structlog.get_logger()


class StorageScp:
    """Listens for those who send objects, until it is closed.

    Args:
        settings: The node's settings.
        intake: Stores the received objects.
        commitment: Stores requests of storage commitment.
        awaited: Films that the node itself requested.
    """

    def __init__(
        self, settings: NodeSettings, intake: Intake, commitment: CommitmentScp, awaited: AwaitedFilms
    ) -> None:
        self._intake, self._commitment, self._awaited, self.notes = intake, commitment, awaited, AssociationNotes()
        _config.LOG_HANDLER_LEVEL = "none"  # its log lines would name patients' data
        _config.STORE_RECV_CHUNKED_DATASET = True
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # what callers do is counted and logged here
        self._tempdir, tempfile.tempdir = (
            tempfile.tempdir,
            str(intake.incoming),
        )  # where pynetdicom streams objects to; a rename must not copy
        self._server = self._listen(settings)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def associations(self) -> int:
        """How many associations there are now."""
        return len(self._server.active_associations)

    def close(self) -> None:
        """End all associations and stop listening."""
        for association in self._server.active_associations:
            association.abort()
        self._server.shutdown()
        tempfile.tempdir = self._tempdir

    def _listen(self, settings: NodeSettings) -> NodeServer:
        entity = NodeEntity(settings.dicom_ae_title)
        callers = ae_titles(settings.dicom_calling_ae_titles)
        entity.require_calling_aet = [] if ANY in callers else callers
        entity.require_called_aet = True
        entity.maximum_associations = settings.dicom_max_associations
        entity.maximum_pdu_size = MAX_PDU_BYTES
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = settings.dicom_timeout_s
        entity.add_supported_context(Verification)
        entity.add_supported_context(PUSH_MODEL, [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
        for sop_class in sorted(FILM_CLASSES):
            entity.add_supported_context(sop_class, TRANSFER_SYNTAXES)
        for sop_class in sorted(REFUSED_CLASSES):
            entity.add_supported_context(sop_class, TRANSFER_SYNTAXES)
        limits = Limits(
            associations=settings.dicom_max_associations,
            pdu_bytes=MAX_PDU_BYTES,
            object_bytes=settings.dicom_max_object_bytes,
            timeout_s=settings.dicom_timeout_s,
            exceeded=_note_excess,
            no_tls=self._note_no_tls,
        )
        handlers = [
            (evt.EVT_C_ECHO, _echo),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_N_ACTION, self._commitment.act),
            (evt.EVT_ACCEPTED, _note_accepted),
            (evt.EVT_REJECTED, _note_rejected),
            (evt.EVT_ABORTED, _note_aborted),
            (evt.EVT_ACCEPTED, self.notes.began),
            (evt.EVT_REJECTED, self.notes.rejected),
            (evt.EVT_ABORTED, self.notes.aborted),
            (evt.EVT_CONN_CLOSE, self.notes.closed),
        ]
        server: NodeServer = entity.make_server(  # pyright: ignore[reportAssignmentType] - it is of the class given
            (settings.dicom_host, settings.dicom_port),
            evt_handlers=handlers,
            server_class=NodeServer,
            limits=limits,
            tls=server_context(settings),
        )
        entity._servers.append(server)  # its `shutdown` takes it out of this list
        threading.Thread(target=server.serve_forever, name="storage-scp", daemon=True).start()
        return server

    def _note_no_tls(self, address: str, problem: str) -> None:
        metrics.associations.labels("tls_handshake").inc()
        _log.warning("a caller was refused: TLS failed", address=address, problem=problem)
        if problem != "not_connected":  # else it only looked whether the port is open
            self.notes.refused(address, problem)

    def _store(self, event: Event) -> Dataset:
        request = event.request
        assert isinstance(request, C_STORE)
        calling_ae = event.assoc.requestor.ae_title.strip()
        if self._awaited.take(calling_ae, str(request.AffectedSOPInstanceUID), event.dataset_path):
            self.notes.answered(event, "0000")
            return Answer(Status.SUCCESS).as_dataset()
        answer = self._intake.keep(
            event.dataset_path, str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID), calling_ae
        )
        metrics.objects.labels(f"{answer.status:04X}").inc()
        self.notes.answered(event, f"{answer.status:04X}")
        _log.info("object", calling_ae=calling_ae, status=f"{answer.status:04X}", comment=answer.comment)
        return answer.as_dataset()


def _echo(_event: Event) -> int:
    return 0x0000


def _note_accepted(event: Event) -> None:
    metrics.associations.labels("accepted").inc()
    _log.info("association accepted", calling_ae=event.assoc.requestor.ae_title.strip())


def _note_rejected(event: Event) -> None:
    metrics.associations.labels("rejected").inc()
    asked = event.assoc.requestor.primitive
    _log.warning(
        "association rejected",
        calling_ae=event.assoc.requestor.ae_title.strip(),
        called_ae=asked.called_ae_title.strip() if asked else "",
        address=event.assoc.requestor.address,
    )


def _note_aborted(event: Event) -> None:
    metrics.associations.labels("aborted").inc()
    _log.warning("association aborted", calling_ae=event.assoc.requestor.ae_title.strip())


def _note_excess(what: str) -> None:
    metrics.associations.labels(what).inc()
    _log.warning("a caller exceeded a limit", limit=what)
