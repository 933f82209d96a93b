"""The node: its parts, put together."""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from dicom_node.delivery.forwarder import Forwarder
from dicom_node.hl7.listener import OrderListener
from dicom_node.hl7.merge_teller import MergeTeller
from dicom_node.journal import studies
from dicom_node.journal.database import Journal
from dicom_node.journal.studies import Study
from dicom_node.loop import Loop
from dicom_node.metrics import JournalCollector
from dicom_node.peers import (
    Place,
    parse_destinations,
    parse_message_places,
    parse_prior_nodes,
    parse_quiet_times,
    parse_stow_places,
)
from dicom_node.priors.dimse import DimsePeer
from dicom_node.priors.fetcher import PriorFetcher
from dicom_node.priors.peers import Peer
from dicom_node.priors.web import DicomwebPeer
from dicom_node.receiving.awaited import AwaitedFilms
from dicom_node.receiving.commitment import CommitmentScp
from dicom_node.receiving.intake import Intake
from dicom_node.receiving.scp import StorageScp
from dicom_node.reporting.report import make_report
from dicom_node.reporting.reporter import Reporter
from dicom_node.results.files import ResultFiles
from dicom_node.retention import Sweeper
from dicom_node.routing import read_routing
from dicom_node.sending.committer import Committer
from dicom_node.sending.fhir import FhirCourier
from dicom_node.sending.gateway import GatewayCourier
from dicom_node.sending.messages import MessageCourier
from dicom_node.sending.outbox import Outbox
from dicom_node.sending.sender import Sender
from dicom_node.sending.stow import StowCourier
from dicom_node.settings import NodeSettings, commitment_peers, recipients
from dicom_node.worklist.performer import Performer
from lobule.client import Client
from lobule.contracts.node import NodeReport

_GRACE_S = 30.0
"""For all parts together: service managers kill the node ten seconds later."""


class Node:
    """Receives and delivers, until it is closed.

    Args:
        settings: The node's settings.
    """

    def __init__(self, settings: NodeSettings) -> None:
        self.settings = settings
        _make_private(settings.dicom_folder)
        self.journal = Journal(settings.dicom_folder / "journal.sqlite")
        self.intake = Intake(
            settings.dicom_folder,
            self.journal,
            reserve_bytes=settings.dicom_reserve_bytes,
            quiet_s=settings.dicom_quiet_s,
            quiet_by_ae=parse_quiet_times(settings.dicom_quiet_by_ae),
            complete=lambda: self._forwarder.wake(),
            routing=read_routing(settings.dicom_rules),
        )
        client = Client(settings.gateway_url, api_token=settings.api_token.get_secret_value(), ca=settings.gateway_ca)
        self.awaited = AwaitedFilms()
        fetcher = _prior_fetcher(settings, self.journal, self.intake, client, self.awaited)
        prior_nodes = [] if fetcher is None else fetcher.nodes
        self._forwarder = Forwarder(
            self.journal,
            self.intake,
            client,
            prior_nodes=prior_nodes,
            delivered=lambda: fetcher and fetcher.wake(),
            named_by_order=settings.dicom_case_names == "order",
            tasks_done_at=lambda: self._reporter.tasks_done_at,
        )
        committer = Committer(self.journal, settings)
        commitment = CommitmentScp(self.journal, frozenset(commitment_peers(settings)), committer.wake)
        self._scp = StorageScp(settings, self.intake, commitment, self.awaited)
        teller = MergeTeller(self.journal, client)
        listens = settings.dicom_hl7_port is not None
        self.orders = OrderListener(settings, self.journal, teller.wake) if listens else None
        self._loops = [self._forwarder, committer, teller, *self._result_loops(settings, client)]
        if fetcher is not None:
            self._loops.append(fetcher)
        performer = Performer(self.journal, self.intake, settings) if settings.dicom_ups_url else None
        if performer is not None:
            self._loops.append(performer)
        peers = [] if fetcher is None else fetcher.peers
        self._reporter = self._make_reporter(settings, client, peers, performer)
        self._loops.append(self._reporter)
        if settings.dicom_retention_days:
            self._loops.append(Sweeper(self.journal, self.intake, settings.dicom_retention_days))
        for loop in self._loops:
            loop.start()
        self.collector = JournalCollector(
            self.journal,
            self.intake.free_bytes,
            certificate=settings.dicom_tls_certificate,
            retention=bool(settings.dicom_retention_days),
        )

    def _result_loops(self, settings: NodeSettings, client: Client) -> list[Loop]:
        """What makes and sends results; nothing if they go nowhere."""
        wanting = recipients(settings)
        if not wanting:
            return []
        from dicom_node.results.maker import ResultMaker  # seconds of imports, while films are received already
        from dicom_node.results.products import ReportingContext

        couriers = self._couriers(settings, client)

        def wake_couriers() -> None:
            for courier in couriers:
                courier.wake()

        days = settings.dicom_results_days
        context = ReportingContext(
            settings.dicom_portal_url or settings.gateway_url, settings.dicom_fhir_patient_system
        )
        maker = ResultMaker(
            self.journal, self.intake, client, recipients=wanting, days=days, on_made=wake_couriers, context=context
        )
        return [maker, *couriers]

    def _make_reporter(
        self, settings: NodeSettings, client: Client, peers: Sequence[Peer], performer: Performer | None
    ) -> Reporter:
        routing, started_at = read_routing(settings.dicom_rules), datetime.now(UTC)

        def report() -> NodeReport:
            with self.journal.reading() as database:
                return make_report(
                    database,
                    settings,
                    routing,
                    peers,
                    performer,
                    started_at=started_at,
                    free_bytes=self.intake.free_bytes(),
                    associations=self._scp.notes.entries(),
                )

        def wake() -> None:
            for loop in self._loops:
                loop.wake()

        return Reporter(self.journal, self.intake, client, settings, peers, report, wake)

    def _couriers(self, settings: NodeSettings, client: Client) -> list[Loop]:
        outbox, files = Outbox(self.journal, settings.dicom_give_up_hours), ResultFiles(self.intake.results)
        places = parse_destinations(settings.dicom_destinations)
        couriers: list[Loop] = [Sender(place, outbox, files, settings) for place in places]
        if settings.dicom_keep_in_gateway:
            couriers.append(GatewayCourier(self.journal, files, client, outbox))
        stores = parse_stow_places(settings.dicom_stow_destinations)
        couriers += [StowCourier(place, files, outbox, settings) for place in stores]
        receivers = parse_message_places(settings.dicom_hl7_destinations)
        couriers += [MessageCourier(place, files, outbox, settings) for place in receivers]
        if settings.dicom_fhir_url:
            couriers.append(FhirCourier(files, outbox, settings))
        return couriers

    @property
    def port(self) -> int:
        """The port of the Storage SCP."""
        return self._scp.port

    def associations(self) -> int:
        """How many associations there are now."""
        return self._scp.associations()

    def study(self, study_uid: str) -> Study | None:
        """A study from the journal."""
        with self.journal.reading() as database:
            return studies.find(database, study_uid)

    def live(self) -> dict[str, bool]:
        """Whether every part runs."""
        listening = {} if self.orders is None else {"orders": self.orders.is_alive()}
        return listening | {loop.name: loop.is_alive() for loop in self._loops}

    def ready(self) -> dict[str, bool]:
        """Whether objects can be received."""
        return {**self.live(), "disk": self.intake.has_room()}

    def close(self) -> None:
        """End all parts, within half a minute; received objects stay in the journal."""
        self._scp.close()
        if self.orders is not None:
            self.orders.close()
        for loop in self._loops:
            loop.end()
        until = time.monotonic() + _GRACE_S
        for loop in self._loops:
            loop.join(until - time.monotonic())
        self.journal.close()


def _make_private(folder: Path) -> None:
    """Let only the owner read a folder: films keep their names there. Older versions left it as the umask had it."""
    folder.mkdir(0o700, parents=True, exist_ok=True)
    with suppress(PermissionError):  # a volume that belongs to somebody else
        folder.chmod(0o700)


def _prior_fetcher(
    settings: NodeSettings, journal: Journal, intake: Intake, client: Client, awaited: AwaitedFilms
) -> PriorFetcher | None:
    """What fetches priors; nothing if no node has them."""
    nodes = parse_prior_nodes(settings.dicom_prior_nodes)
    token, ca = settings.dicom_prior_token, settings.dicom_prior_ca
    peers = [
        DimsePeer(each, settings, awaited) if isinstance(each, Place) else DicomwebPeer(each, settings, token, ca)
        for each in nodes
    ]
    if not peers:
        return None
    return PriorFetcher(
        journal,
        intake,
        client,
        peers,
        most=settings.dicom_priors,
        years=settings.dicom_prior_years,
        give_up_hours=settings.dicom_give_up_hours,
    )
