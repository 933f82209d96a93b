"""The node: its parts, put together."""

from dicom_node.delivery.forwarder import Forwarder
from dicom_node.journal import studies
from dicom_node.journal.database import Journal
from dicom_node.journal.studies import Study
from dicom_node.loop import Loop
from dicom_node.metrics import JournalCollector
from dicom_node.receiving.commitment import CommitmentScp
from dicom_node.receiving.intake import Intake
from dicom_node.receiving.scp import StorageScp
from dicom_node.retention import Sweeper
from dicom_node.routing import read_routing
from dicom_node.sending.committer import Committer
from dicom_node.sending.sender import Sender
from dicom_node.settings import NodeSettings, commitment_peers, parse_destinations
from lobule.client import Client


class Node:
    """Receives and delivers, until it is closed.

    Args:
        settings: Of the node.
    """

    def __init__(self, settings: NodeSettings) -> None:
        settings.dicom_folder.mkdir(parents=True, exist_ok=True)
        self.journal = Journal(settings.dicom_folder / "journal.sqlite")
        self.intake = Intake(
            settings.dicom_folder,
            self.journal,
            reserve_bytes=settings.dicom_reserve_bytes,
            quiet_s=settings.dicom_quiet_s,
            complete=lambda: self._forwarder.wake(),
            routing=read_routing(settings.dicom_rules),
        )
        client = Client(settings.gateway_url, api_token=settings.api_token.get_secret_value(), ca=settings.gateway_ca)
        self._forwarder = Forwarder(self.journal, self.intake, client)
        committer = Committer(self.journal, settings)
        commitment = CommitmentScp(self.journal, frozenset(commitment_peers(settings)), committer.wake)
        self._scp = StorageScp(settings, self.intake, commitment)
        self._loops = [self._forwarder, committer, *self._result_loops(settings, client)]
        if settings.dicom_retention_days:
            self._loops.append(Sweeper(self.journal, self.intake, settings.dicom_retention_days))
        for loop in self._loops:
            loop.start()
        self.collector = JournalCollector(self.journal, self.intake.free_bytes)

    def _result_loops(self, settings: NodeSettings, client: Client) -> list[Loop]:
        """What makes and sends results; nothing where they go nowhere."""
        destinations = parse_destinations(settings.dicom_destinations)
        if not destinations:
            return []
        from dicom_node.results.maker import ResultMaker  # seconds of imports, while films are received already

        sender = Sender(self.journal, self.intake.results, settings)
        days = settings.dicom_results_days
        maker = ResultMaker(self.journal, self.intake, client, destinations=destinations, days=days, made=sender.wake)
        return [maker, sender]

    @property
    def port(self) -> int:
        """The port of the Storage SCP."""
        return self._scp.port

    def associations(self) -> int:
        """How many associations there are now."""
        return self._scp.associations()

    def study(self, study_uid: str) -> Study | None:
        """A study, as the journal has it."""
        with self.journal.reading() as database:
            return studies.find(database, study_uid)

    def live(self) -> dict[str, bool]:
        """Whether every part runs."""
        return {loop.name: loop.is_alive() for loop in self._loops}

    def ready(self) -> dict[str, bool]:
        """Whether objects can be received."""
        return {**self.live(), "disk": self.intake.has_room()}

    def close(self) -> None:
        """End all parts; what was received stays in the journal."""
        self._scp.close()
        for loop in self._loops:
            loop.close()
        self.journal.close()
