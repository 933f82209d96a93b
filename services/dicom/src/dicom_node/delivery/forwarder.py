"""Delivers what was received to the gateway: a study becomes a case, an object an image with its analysis.

Every step may be repeated. The case is found again by its pseudonym, and the same bytes are one image of a case; so a
process that is killed at any moment loses nothing and doubles nothing.
"""

import time
from collections.abc import Callable, Sequence
from http.client import NOT_FOUND

import structlog

from dicom_node import metrics
from dicom_node.hl7.syntax import component_of
from dicom_node.journal import orders, priors, received, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.received import Received
from dicom_node.journal.studies import Study
from dicom_node.loop import IDLE_S, Loop
from dicom_node.privacy import error_location
from dicom_node.receiving.intake import Intake, is_complete
from lobule.client import ApiError, Client
from lobule.imaging.header import read_header

_LONGEST_PAUSE_S = 300.0
_OURS = frozenset({401, 403, 408, 425, 429})
"""Statuses below 500 that speak of the settings or of the moment, not of the object."""
_log = structlog.get_logger()


class Forwarder(Loop):
    """Delivers studies that are complete, or quiet for long enough.

    Args:
        journal: The node's journal.
        intake: The intake, which stores films and results.
        client: Client of the gateway's API.
        prior_nodes: Names of the systems that are asked for priors of each study.
        delivered: Called after a study was delivered.
        named_by_order: Whether the pseudonym of a case is taken from the order of its study, if that is known.
        tasks_done_at: Time at which the gateway last had no task left, by `time.monotonic`.
    """

    def __init__(
        self,
        journal: Journal,
        intake: Intake,
        client: Client,
        *,
        prior_nodes: Sequence[str] = (),
        delivered: Callable[[], object] = lambda: None,
        named_by_order: bool = False,
        tasks_done_at: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("forwarder")
        self._journal, self._intake, self._client = journal, intake, client
        self._prior_nodes, self._delivered, self._named_by_order = prior_nodes, delivered, named_by_order
        self._tasks_done_at, self._missing_since = tasks_done_at, dict[str, float]()

    def work(self) -> None:
        """Deliver every study that is due."""
        with self._journal.reading() as database:
            due = studies.due(database, time.time())
        for study in due:
            if self.closing:
                return
            self._deliver(study)

    def pause(self) -> float:
        """Until the next study is due."""
        with self._journal.reading() as database:
            next_due = studies.next_due_at(database)
        return IDLE_S if next_due is None else min(IDLE_S, max(0.05, next_due - time.time()))

    def _deliver(self, study: Study) -> None:
        try:
            case_id = self._case_of(study)
            with self._journal.reading() as database:
                waiting = received.of_study(database, study.study_uid, "waiting")
            for each in waiting:
                if self.closing:
                    return
                self._upload(each, case_id)
        except ApiError as error:
            self._postpone(study, error.code, error.retry_after_s or 0)
            return
        except OSError:  # an object cannot be read; the other studies go on
            self._postpone(study, "object_unreadable", _LONGEST_PAUSE_S)
            return
        except Exception as error:  # noqa: BLE001 - of whatever kind, as an answer in another form; see above
            _log.error("a study could not be delivered", case=study.pseudonym, error=error_location(error))
            self._postpone(study, "delivery_failed", 0)
            return
        with self._journal.transaction() as database:
            whole = is_complete(received.of_study(database, study.study_uid))
            studies.mark_delivered(database, study.study_uid, "complete" if whole else "partial", time.time())
            if received.of_study(database, study.study_uid, "delivered"):  # else there is no film to compare with yet
                priors.ask(database, study.study_uid, self._prior_nodes, time.time())
        _log.info("study delivered", case=study.pseudonym, complete=whole)
        self._delivered()

    def _postpone(self, study: Study, code: str, at_least_s: float) -> None:
        pause = min(_LONGEST_PAUSE_S, max(at_least_s, 2.0 ** min(study.attempts, 10)))
        metrics.delivery_failures.labels(code).inc()
        _log.warning("a study waits", case=study.pseudonym, code=code, pause_s=pause)
        with self._journal.transaction() as database:
            studies.postpone(database, study.study_uid, time.time() + pause, code)

    def _case_of(self, study: Study) -> str:
        if study.case_id is not None:
            return study.case_id
        case_id = self._opened_before(study.pseudonym) or self._open(study)
        with self._journal.transaction() as database:
            studies.set_case(database, study.study_uid, case_id)
        return case_id

    def _opened_before(self, name: str) -> str | None:
        """The case that an attempt opened under this name, and could not note; one with images is somebody else's."""
        return next((str(case["id"]) for case in self._client.cases(name) if not case["images"]), None)

    def _open(self, study: Study) -> str:
        """Open a case that is called by the study's order, or else by a drawn pseudonym; noted before it is opened."""
        order_name = self._order_name(study)
        if order_name is None:
            return self._client.open_case(study.pseudonym)
        try:
            if not self._client.cases(order_name) and self._rename(study, order_name):
                return self._client.open_case(order_name)
        except ApiError as error:
            if not _is_refusal(error):
                raise
            _log.warning("the gateway refused the name of an order", case=study.pseudonym, code=error.code)
        drawn = studies.draw_pseudonym()
        self._rename(study, drawn)
        return self._client.open_case(drawn)

    def _order_name(self, study: Study) -> str | None:
        """The name of the study's order; None if cases are not called by orders, or none is known."""
        if not self._named_by_order:
            return None
        with self._journal.reading() as database:
            films = received.of_study(database, study.study_uid)
        identity = read_header(self._intake.path_of(films[0].sha256), "mammography").dicom if films else None
        if identity is None:
            return None
        with self._journal.reading() as database:
            order = orders.find(database, identity.accession_number, identity.patient_id)
        return None if order is None else component_of(order.placer, 1) or order.accession

    def _leave(self, case_id: str) -> None:
        """Forget a case that was deleted: the next attempt opens a new one for the films that came later.

        Not before all tasks are done that the gateway had then, because the case may have been purged: the task finds
        its films by the case.
        """
        if self._missing_since.setdefault(case_id, time.monotonic()) > self._tasks_done_at():
            return
        del self._missing_since[case_id]
        with self._journal.transaction() as database:
            studies.leave_case(database, case_id, studies.draw_pseudonym())

    def _rename(self, study: Study, name: str) -> bool:
        with self._journal.transaction() as database:
            return studies.rename(database, study.study_uid, name)

    def _upload(self, each: Received, case_id: str) -> None:
        name = f"{each.hanging or 'film'}-{each.sha256[:8]}.dcm"
        try:
            job_id = self._client.upload(
                self._intake.path_of(each.sha256), "mammography", case_id=case_id, file_name=name
            )
        except ApiError as error:
            if error.status == NOT_FOUND:
                self._leave(case_id)
            if error.status == NOT_FOUND or not _is_refusal(error):
                raise
            _log.warning("the gateway refused an object", file=name, code=error.code)
            metrics.delivery_failures.labels(error.code).inc()
            with self._journal.transaction() as database:
                received.mark_refused(database, each.sop_instance_uid, error.code)
            return
        with self._journal.transaction() as database:
            received.mark_delivered(database, each.sop_instance_uid, job_id)


def _is_refusal(error: ApiError) -> bool:
    """Whether the gateway would answer so again, whenever it is asked."""
    return 400 <= error.status < 500 and error.status not in _OURS
