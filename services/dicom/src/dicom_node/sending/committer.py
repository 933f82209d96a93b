"""Answers requests of storage commitment by N-EVENT-REPORT, and retries."""

import time
from collections.abc import Sequence

import structlog
from pydicom.dataset import Dataset
from pynetdicom.presentation import build_role

from dicom_node import metrics
from dicom_node.journal import commitments
from dicom_node.journal.commitments import Commitment, Reference
from dicom_node.journal.database import Journal
from dicom_node.loop import Loop
from dicom_node.privacy import error_location
from dicom_node.receiving.commitment import PUSH_MODEL, PUSH_MODEL_INSTANCE
from dicom_node.sending.associations import our_entity, pause_after
from dicom_node.settings import NodeSettings, commitment_peers

_ALL_KEPT, _SOME_MISSING = 1, 2
_log = structlog.get_logger()


class _NotReachedError(Exception):
    """No association with a requester could be opened."""


class Committer(Loop):
    """Reports to requesters which of their objects are stored.

    Args:
        journal: The requests, and the stored objects.
        settings: The node's settings.
    """

    def __init__(self, journal: Journal, settings: NodeSettings) -> None:
        super().__init__("commitment")
        self._journal, self._settings = journal, settings
        self._peers = commitment_peers(settings)

    def work(self) -> None:
        """Answer all that is due. Who cannot be reached is called once, because others wait meanwhile."""
        with self._journal.reading() as database:
            due = commitments.due(database, time.time())
        away = set[str]()
        for commitment in due:
            if self.closing:
                return
            self._answer(commitment, away)

    def _answer(self, commitment: Commitment, away: set[str]) -> None:
        delivered = False
        try:
            delivered = commitment.calling_ae not in away and self._deliver_report(commitment)
        except _NotReachedError:
            away.add(commitment.calling_ae)
            _log.info("a requester of commitment cannot be reached", calling_ae=commitment.calling_ae)
        except Exception as error:  # noqa: BLE001 - of whatever kind; the other requests go on, this one is tried later
            _log.error(
                "a commitment could not be answered", calling_ae=commitment.calling_ae, error=error_location(error)
            )
        given_up = time.time() - commitment.asked_at > 3600 * self._settings.dicom_give_up_hours
        metrics.commitments.labels("told" if delivered else "not_told").inc()
        with self._journal.transaction() as database:
            if delivered or given_up:
                commitments.close(database, commitment)
            else:
                commitments.postpone(database, commitment, time.time() + pause_after(commitment.attempts))

    def _deliver_report(self, commitment: Commitment) -> bool:
        with self._journal.reading() as database:
            kept, missing = commitments.outcome(database, commitment.references)
        delivered = self._send(commitment, kept, missing)
        _log.info("storage commitment", calling_ae=commitment.calling_ae, delivered=delivered, missing=len(missing))
        return delivered

    def _send(
        self, commitment: Commitment, kept: Sequence[Reference], missing: Sequence[tuple[Reference, int]]
    ) -> bool:
        peer = self._peers.get(commitment.calling_ae)
        if peer is None:
            return False
        entity = our_entity(self._settings)
        entity.add_requested_context(PUSH_MODEL)
        role = build_role(PUSH_MODEL, scp_role=True)
        association = entity.associate(peer.host, peer.port, ae_title=peer.ae_title, ext_neg=[role])
        if not association.is_established:
            raise _NotReachedError
        try:
            status, _ = association.send_n_event_report(
                _report(commitment, kept, missing),
                _SOME_MISSING if missing else _ALL_KEPT,
                PUSH_MODEL,
                PUSH_MODEL_INSTANCE,
            )
            return status.get("Status") == 0x0000
        except ValueError:  # the class was not accepted
            return False
        finally:
            if association.is_established:
                association.release()


def _report(commitment: Commitment, kept: Sequence[Reference], missing: Sequence[tuple[Reference, int]]) -> Dataset:
    report = Dataset()
    report.TransactionUID = commitment.transaction_uid
    if kept:
        report.ReferencedSOPSequence = [_item(reference) for reference in kept]
    if missing:
        report.FailedSOPSequence = [_item(reference, reason) for reference, reason in missing]
    return report


def _item(reference: Reference, reason: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = reference
    if reason is not None:
        item.FailureReason = reason
    return item
