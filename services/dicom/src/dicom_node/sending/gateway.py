"""Uploads results to the gateway, which serves them by QIDO-RS and WADO-RS."""

from dicom_node.journal import studies
from dicom_node.journal.database import Journal
from dicom_node.journal.outgoing import Sending
from dicom_node.results.files import ResultFiles
from dicom_node.sending.outbox import Courier, NotDeliveredError, Outbox
from dicom_node.settings import GATEWAY
from lobule.client import ApiError, Client

_LASTING = frozenset({404, 409, 413, 415, 422})
"""Statuses after which another attempt would fail in the same way."""


class GatewayCourier(Courier):
    """Uploads results.

    Args:
        journal: The node's journal.
        files: The results.
        client: Client of the gateway's API.
        outbox: The node's outbox.
    """

    def __init__(self, journal: Journal, files: ResultFiles, client: Client, outbox: Outbox) -> None:
        super().__init__(GATEWAY, outbox)
        self._journal, self._files, self._client = journal, files, client

    def deliver(self, sending: Sending) -> None:
        """Upload one result."""
        with self._journal.reading() as database:
            study = studies.find(database, sending.study_uid)
        assert study is not None
        assert study.case_id is not None
        try:
            self._client.store_result(study.case_id, self._files.path_of(sending.sop_instance_uid, sending.kind))
        except ApiError as error:
            raise NotDeliveredError(error.code, for_good=error.status in _LASTING) from None
