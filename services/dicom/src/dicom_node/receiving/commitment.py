"""Accepts requests of storage commitment (DICOM PS3.4, annex J); the answer uses an association that the node opens."""

import threading
import time
from collections.abc import Callable

import structlog
from pydicom.dataset import Dataset
from pynetdicom.dimse_primitives import N_ACTION
from pynetdicom.events import Event

from dicom_node import metrics
from dicom_node.journal import commitments
from dicom_node.journal.database import Journal

PUSH_MODEL, PUSH_MODEL_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
MAX_REFERENCES = 10_000
MAX_OPEN = 100
"""Requests of one AE title that wait for their answer."""
_ITEM = b"\xfe\xff\x00\xe0"
"""The tag of an item, little endian."""
_REQUEST = 1
_SUCCESS, _FAILURE, _NO_SUCH_ACTION, _INVALID, _LIMITED = 0x0000, 0x0110, 0x0123, 0x0115, 0x0213
_LONGEST_UID = 64
_log = structlog.get_logger()


class CommitmentScp:
    """Stores requests of storage commitment.

    Args:
        journal: The node's journal.
        known: AE titles to which an answer can be sent.
        on_request: Called after a request was stored.
    """

    def __init__(self, journal: Journal, known: frozenset[str], on_request: Callable[[], None]) -> None:
        self._journal, self._known, self._on_request = journal, known, on_request
        self._reading = threading.Lock()  # for one request at a time, because of the memory that pydicom takes for it

    def act(self, event: Event) -> tuple[int, Dataset | None]:
        """Answer an N-ACTION."""
        calling_ae = event.assoc.requestor.ae_title.strip()
        status = self._note(event, calling_ae)
        metrics.commitments.labels(f"asked_{status:04X}").inc()
        _log.info("storage commitment asked", calling_ae=calling_ae, status=f"{status:04X}")
        return status, None

    def _note(self, event: Event, calling_ae: str) -> int:
        request = event.request
        assert isinstance(request, N_ACTION)
        if request.ActionTypeID != _REQUEST:
            return _NO_SUCH_ACTION
        if calling_ae not in self._known:
            return _FAILURE
        # pydicom makes an object of each item, however empty, so they are counted before.
        if request.ActionInformation is None or request.ActionInformation.getvalue().count(_ITEM) > MAX_REFERENCES:
            return _INVALID
        try:
            with self._reading:
                asked = event.action_information
                transaction = str(asked.TransactionUID)
                references = [
                    (str(each.ReferencedSOPClassUID), str(each.ReferencedSOPInstanceUID))
                    for each in asked.ReferencedSOPSequence
                ]
        except Exception:  # noqa: BLE001 - whatever pydicom raises of what it cannot read
            return _INVALID
        if not 0 < len(transaction) <= _LONGEST_UID or not 0 < len(references) <= MAX_REFERENCES:
            return _INVALID
        with self._journal.transaction() as database:
            if commitments.others_open(database, transaction, calling_ae) >= MAX_OPEN:
                return _LIMITED
            commitments.add(database, transaction, calling_ae, references, time.time())
        self._on_request()
        return _SUCCESS
