"""Posts the node's report to the gateway and runs the tasks in the answer."""

import time
from collections.abc import Callable, Sequence

import structlog

from dicom_node.journal import outgoing, priors
from dicom_node.journal.database import Journal
from dicom_node.loop import Loop
from dicom_node.peers import Place, StowPlace, parse_destinations, parse_message_places, parse_stow_places
from dicom_node.priors.peers import Peer
from dicom_node.priors.web import DicomwebPeer
from dicom_node.privacy import error_location
from dicom_node.purge import purge_case
from dicom_node.receiving.intake import Intake
from dicom_node.reporting import probes
from dicom_node.reporting.report import short
from dicom_node.settings import FHIR, GATEWAY, NodeSettings, recipients
from lobule.client import ApiError, Client
from lobule.contracts.node import NodeExchange, NodeReport, NodeTask, TaskOutcome

_EVERY_S, _LONGEST_PAUSE_S = 5.0, 120.0
_log = structlog.get_logger()


class Reporter(Loop):
    """Reports every few seconds.

    Args:
        journal: The node's journal.
        intake: The intake, which stores films and results.
        client: Client of the gateway's API.
        settings: The node's settings.
        prior_peers: Systems that are asked for priors.
        report: Makes a report.
        wake: Ends the pauses of the other loops.

    Attributes:
        tasks_done_at: Time at which the gateway last had no task left, by `time.monotonic`.
    """

    def __init__(
        self,
        journal: Journal,
        intake: Intake,
        client: Client,
        settings: NodeSettings,
        prior_peers: Sequence[Peer],
        report: Callable[[], NodeReport],
        wake: Callable[[], None],
    ) -> None:
        super().__init__("reporter")
        self._journal, self._intake, self._client, self._settings = journal, intake, client, settings
        self._prior_peers, self._report, self._wake_others = prior_peers, report, wake
        self._outcomes: list[TaskOutcome] = []
        self._failures, self.tasks_done_at = 0, 0.0

    def work(self) -> None:
        """Report, run the tasks of the answer, and report their outcomes at once."""
        try:
            asked_at = time.monotonic()
            while (tasks := self._exchange()) and not self.closing:
                self._outcomes += [TaskOutcome(id=task.id, code=self._do(task)) for task in tasks]
                asked_at = time.monotonic()
            if not tasks:
                self.tasks_done_at = asked_at
        except ApiError as error:
            self._failures += 1
            _log.info("the node's report was not taken", code=error.code)

    def pause(self) -> float:
        """The seconds until the next report; longer after failures."""
        return min(_LONGEST_PAUSE_S, _EVERY_S * 2.0 ** min(self._failures, 6))

    def _exchange(self) -> Sequence[NodeTask]:
        told = self._outcomes[:100]
        tasks = self._client.report_node(NodeExchange(report=self._report(), outcomes=told)).tasks
        del self._outcomes[: len(told)]
        self._failures = 0
        return tasks

    def _do(self, task: NodeTask) -> str:
        try:
            code = self._try(task)
        except Exception as error:  # noqa: BLE001 - of whatever kind; the other tasks go on
            _log.error("a task failed", kind=task.kind, error=error_location(error))
            code = "task_failed"
        _log.info("task", kind=task.kind, peer=task.peer, code=code)
        return code

    def _try(self, task: NodeTask) -> str:
        if task.kind == "send_again":
            return self._send_again(task.peer)
        if task.kind == "purge":
            return f"ok:{purge_case(self._journal, self._intake, task.peer)}"
        place = self._places().get(task.peer)
        if place is not None:
            return (probes.store_sample if task.kind == "sample" else probes.echo)(place, self._settings)
        if (stow := self._stow_place(task.peer)) is not None:
            if task.kind == "sample":
                return probes.store_sample_by_stow(stow, self._settings)
            token, ca = self._settings.dicom_stow_token, self._settings.dicom_stow_ca
            return probes.ask(DicomwebPeer(stow.root, self._settings, token, ca))
        if task.kind == "sample":
            return "unknown_peer"
        if (prior := self._prior_peer(task.peer)) is not None:
            return probes.ask(prior)
        messages = parse_message_places(self._settings.dicom_hl7_destinations)
        message = next((each for each in messages if short(each.recipient) == task.peer), None)
        if message is not None:
            return probes.connect(message, self._settings)
        if task.peer == FHIR and self._settings.dicom_fhir_url:
            return probes.read_metadata(self._settings)
        return "ok" if task.peer == GATEWAY else "unknown_peer"  # the task came from there

    def _prior_peer(self, name: str) -> Peer | None:
        """The system with priors that the report calls so."""
        return next((peer for peer in self._prior_peers if short(f"priors:{peer.name}") == name), None)

    def _stow_place(self, name: str) -> StowPlace | None:
        """The destination by STOW-RS that the report calls so."""
        places = parse_stow_places(self._settings.dicom_stow_destinations)
        return next((place for place in places if short(place.recipient) == name), None)

    def _send_again(self, peer: str) -> str:
        now = time.time()
        with self._journal.transaction() as database:
            if (prior := self._prior_peer(peer)) is not None:
                count = priors.again(database, prior.name, now)
            else:
                names = (each.name for each in recipients(self._settings))
                count = outgoing.send_again_to(database, next((n for n in names if short(n) == peer), peer), now)
        self._wake_others()
        return f"ok:{count}"

    def _places(self) -> dict[str, Place]:
        settings = self._settings
        found = {each.ae_title: each for each in parse_destinations(settings.dicom_destinations)}
        found |= {f"commitment:{each.ae_title}": each for each in parse_destinations(settings.dicom_commitment_peers)}
        return {name: Place(each.ae_title, each.host, each.port) for name, each in found.items()}
