"""Claims work items, has their films read, and reports what was made of them.

Each step is noted before the next one and may be repeated: a process that is killed goes on where it was.
"""

import time
from datetime import UTC, datetime
from uuid import uuid4

import structlog
from pydicom.uid import generate_uid

from dicom_node import metrics
from dicom_node.journal import outgoing, received, studies, work_items
from dicom_node.journal.database import Journal
from dicom_node.journal.work_items import WorkItem
from dicom_node.loop import Loop
from dicom_node.peers import parse_stow_places
from dicom_node.priors.peers import MOST_FILMS, PeerError
from dicom_node.priors.web import DicomwebPeer
from dicom_node.privacy import error_location, without_password
from dicom_node.receiving.intake import Intake
from dicom_node.sending.associations import pause_after
from dicom_node.settings import GATEWAY, WORK_ITEMS, NodeSettings
from dicom_node.statuses import Status
from dicom_node.worklist.items import STATE, TRANSACTION_UID, Output, cancellation, inputs_of, performed_procedure, text
from dicom_node.worklist.server import WorklistError, WorklistServer, WorkRefusedError
from lobule.contracts.node import WorkItemState

_MOST_OPEN, _MOST_FAILING = 8, 32
_OFTEN_S = 2.0
_ENDED = ("COMPLETED", "CANCELED")
_TAKEN = (Status.SUCCESS, Status.DUPLICATE_INSTANCE)
_log = structlog.get_logger()


class _CancelError(Exception):
    """An item cannot be performed.

    Args:
        reason: One of `dicom_node.worklist.items.REASONS`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _OverError(Exception):
    """An item ended elsewhere, or is somebody else's.

    Args:
        problem: Code of what the server said.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Performer(Loop):
    """Performs work items.

    Args:
        journal: The node's journal.
        intake: The intake, which stores films and results.
        settings: The node's settings.
    """

    def __init__(self, journal: Journal, intake: Intake, settings: NodeSettings) -> None:
        super().__init__("worklist")
        self._journal, self._intake, self._settings = journal, intake, settings
        self._server = WorklistServer(settings)
        root = settings.dicom_ups_retrieve_url or settings.dicom_ups_url
        self._films = DicomwebPeer(root, settings, settings.dicom_ups_token, settings.dicom_ups_ca)
        stores = parse_stow_places(settings.dicom_stow_destinations)
        self.searched_at: datetime | None = None
        self.problem: str | None = None  # of the last search
        self._roots = {place.recipient: without_password(place.root).rstrip("/") for place in stores}

    def pause(self) -> float:
        """While items are performed, they are looked at more often than new ones are searched for."""
        with self._journal.reading() as database:
            busy = bool(work_items.open_items(database))
        return min(_OFTEN_S, self._settings.dicom_ups_every_s) if busy else self._settings.dicom_ups_every_s

    def work(self) -> None:
        """Go on with every item that is due, then claim further ones."""
        with self._journal.reading() as database:
            waiting = work_items.open_items(database)
        for item in waiting:
            if item.due_at <= time.time() and not self.closing:
                self._go_on(item)
        busy = [item for item in waiting if item.problem is None or item.due_at <= time.time()]
        if (most := min(_MOST_OPEN - len(busy), _MOST_FAILING - len(waiting))) > 0:
            self._claim_more(most)

    def _claim_more(self, most: int) -> None:
        self.searched_at, self.problem = datetime.now(UTC), None
        try:
            scheduled = self._server.scheduled()
        except WorklistError as error:
            self.problem = error.problem
            metrics.work_items.labels(error.problem).inc()
            _log.warning("work items could not be searched for", problem=error.problem)
            return
        with self._journal.reading() as database:
            new = [uid for uid in scheduled if not work_items.known(database, uid)]
        for uid in new[:most]:
            transaction_uid = str(generate_uid())
            with self._journal.transaction() as database:
                work_items.add(database, uid, transaction_uid, time.time())
            self._go_on(WorkItem(uid, transaction_uid, None, "claiming", time.time(), 0, 0, None))

    def _go_on(self, item: WorkItem) -> None:
        step = {"claiming": self._claim, "claimed": self._fetch, "reading": self._report}[item.state]
        try:
            step(item)
        except _CancelError as reason:
            self._cancel(item, reason.reason)
        except _OverError as error:
            self._end(item, "refused", error.problem)
        except (WorklistError, PeerError) as error:
            self._postpone(item, error.problem)
        except Exception as error:  # noqa: BLE001 - of whatever kind; the other items go on, this one is tried later
            _log.error("a work item could not be performed", error=error_location(error))
            self._postpone(item, "not_performed")

    def _claim(self, item: WorkItem) -> None:
        """Claim an item, or find out whether an earlier claim, whose answer was lost, made it ours.

        Raises:
            _OverError: It is somebody else's.
        """
        try:
            self._server.change_state(item.uid, "IN PROGRESS", item.transaction_uid)
        except WorkRefusedError as error:
            state = text(self._server.item(item.uid), STATE)
            if state == "SCHEDULED":  # refused in passing
                raise
            if not item.attempts or state != "IN PROGRESS":
                raise _OverError(error.problem) from None
            self._prove(item)
        self._move(item, "claimed")

    def _prove(self, item: WorkItem) -> None:
        """Change nothing of an item, which the server grants to its performer alone."""
        try:
            self._server.update(item.uid, {TRANSACTION_UID: {"vr": "UI", "Value": [item.transaction_uid]}})
        except WorkRefusedError as error:
            if error.problem != "http_409":
                raise
            raise _OverError(error.problem) from None

    def _fetch(self, item: WorkItem) -> None:
        """Receive the films of an item, as if a modality had sent them.

        Raises:
            _CancelError: It has none, or more than are read of a study.
        """
        said = self._server.item(item.uid)
        if text(said, STATE) in _ENDED:
            raise _OverError("ended_elsewhere")
        taken: list[str] = []
        for part in inputs_of(said):
            if len(part.films) > MOST_FILMS:
                raise _CancelError("too_many_films")
            for film in part.films or self._films.films(part.study_uid):
                if self._is_received(film.sop_instance_uid):
                    taken.append(part.study_uid)
                    continue
                path = self._intake.incoming / f"work-{uuid4().hex}"
                try:
                    self._films.fetch(part.study_uid, film, path)
                    answer = self._intake.keep(path, film.sop_class_uid, film.sop_instance_uid, WORK_ITEMS)
                finally:
                    path.unlink(missing_ok=True)
                if answer.status == Status.OUT_OF_RESOURCES:
                    raise WorklistError("disk_short")
                if answer.status in _TAKEN:
                    taken.append(part.study_uid)
        if not taken:
            raise _CancelError("no_mammogram")
        self._move(item, "reading", taken[0])

    def _is_received(self, sop_instance_uid: str) -> bool:
        with self._journal.reading() as database:
            return received.find(database, sop_instance_uid) is not None

    def _report(self, item: WorkItem) -> None:
        """Complete an item whose results have been sent.

        Raises:
            _CancelError: There will be none.
        """
        assert item.study_uid is not None
        if self._outputs(item, item.study_uid) is None:
            self._wait(item)
            return
        said = self._server.item(item.uid)
        outputs: list[Output] = []
        for study_uid in {item.study_uid: None} | {part.study_uid: None for part in inputs_of(said)}:
            made_of_it = self._outputs(item, study_uid)
            if made_of_it is None:
                self._wait(item)
                return
            outputs += made_of_it
        if not outputs:
            raise _CancelError("nothing_made")
        station = self._settings.dicom_ups_station or "LOBULE"
        if text(said, STATE) == "IN PROGRESS":
            change = performed_procedure(item.transaction_uid, item.claimed_at, time.time(), station, said, outputs)
            self._server.update(item.uid, change)
            self._server.change_state(item.uid, "COMPLETED", item.transaction_uid)
        self._end(item, "cancelled" if text(said, STATE) == "CANCELED" else "completed", None)

    def _outputs(self, item: WorkItem, study_uid: str) -> list[Output] | None:
        """The newest version of each result that was sent, none if no film could be read; None while that goes on."""
        with self._journal.reading() as database:
            study = studies.find(database, study_uid)
            films = received.of_study(database, study_uid)
            results = outgoing.sent_of_study(database, study_uid)
            settled = study is not None and studies.is_settled(database, study)
        readable = [film for film in films if film.state != "refused"]
        if study is None or not readable:
            return []
        if not settled or any(state == "waiting" for _, _, state in results):
            if self._is_late(item):
                raise _CancelError("late_results")
            return None
        sent = [(each, name) for each, name, state in results if state == "sent" and each.series_uid]
        newest = {(each.kind, each.part): each.version for each, _ in sent}
        outputs = [
            Output(each.sop_class_uid, each.sop_instance_uid, each.series_uid, each.study_uid, *self._place(name))
            for each, name in sent
            if each.version == newest[each.kind, each.part]
        ]
        outputs.sort(key=lambda each: bool(each.url))  # of an object that several systems have, DICOMweb is named
        return list({each.sop_instance_uid: each for each in outputs}.values())

    def _place(self, recipient: str) -> tuple[str, str]:
        """The root of DICOMweb of a recipient; or else nothing, and its AE title."""
        if recipient == GATEWAY:
            return f"{(self._settings.dicom_portal_url or self._settings.gateway_url).rstrip('/')}/dicom-web", ""
        return (self._roots[recipient], "") if recipient in self._roots else ("", recipient)

    def _cancel(self, item: WorkItem, reason: str) -> None:
        try:
            if text(self._server.item(item.uid), STATE) in _ENDED:
                self._end(item, "refused", "ended_elsewhere")
                return
            self._server.update(item.uid, cancellation(item.transaction_uid, reason))
            self._server.change_state(item.uid, "CANCELED", item.transaction_uid)
        except WorklistError as error:
            if self._is_late(item):
                self._end(item, "refused", error.problem)
            else:
                self._try_later(item, error.problem)
        else:
            self._end(item, "cancelled", reason)

    def _is_late(self, item: WorkItem) -> bool:
        return time.time() - item.claimed_at > 3600 * self._settings.dicom_give_up_hours

    def _wait(self, item: WorkItem) -> None:
        with self._journal.transaction() as database:
            work_items.postpone(database, item.uid, time.time() + _OFTEN_S, None)

    def _move(self, item: WorkItem, state: WorkItemState, study_uid: str | None = None) -> None:
        with self._journal.transaction() as database:
            work_items.move(database, item.uid, state, time.time(), study_uid)

    def _end(self, item: WorkItem, state: WorkItemState, problem: str | None) -> None:
        metrics.work_items.labels(state).inc()
        _log.info("work item", state=state, problem=problem)
        with self._journal.transaction() as database:
            work_items.move(database, item.uid, state, time.time(), problem=problem)

    def _postpone(self, item: WorkItem, problem: str) -> None:
        """Try an item again after a failure, or cancel it where it has failed for too long."""
        if self._is_late(item):
            self._cancel(item, "late_item")
        else:
            self._try_later(item, problem)

    def _try_later(self, item: WorkItem, problem: str) -> None:
        metrics.work_items.labels(problem).inc()
        _log.warning("a work item waits", problem=problem)
        with self._journal.transaction() as database:
            work_items.postpone(database, item.uid, time.time() + pause_after(item.attempts), problem)
