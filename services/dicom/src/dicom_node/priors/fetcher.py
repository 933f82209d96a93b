"""Finds the priors of delivered studies and adds them to the cases. Failed searches are tried again."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import structlog

from dicom_node import metrics
from dicom_node.journal import merges, priors, received, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.priors import PriorSearch
from dicom_node.journal.studies import Study
from dicom_node.loop import Loop
from dicom_node.priors.choosing import FoundStudy, PriorCriteria, choose, newest
from dicom_node.priors.peers import FoundFilm, Peer, PeerError
from dicom_node.privacy import error_location
from dicom_node.receiving.intake import Intake
from dicom_node.receiving.rules import FILM_CLASSES, identify
from dicom_node.sending.associations import pause_after
from dicom_node.statuses import Answer
from lobule.client import ApiError, Client
from lobule.contracts.case import HANGINGS
from lobule.imaging.header import DicomIdentity, read_header

_OURS = frozenset({401, 403, 408, 425, 429})
_AWAY = frozenset({"not_connected", "rejected"})
_log = structlog.get_logger()


class _CaseSignedError(Exception):
    """Somebody has signed the case, or a read of it: another film would take the signature out of force."""


class PriorFetcher(Loop):
    """Fetches priors.

    Args:
        journal: The node's journal.
        intake: The intake, which stores films and results.
        client: Client of the gateway's API.
        peers: The systems that are asked, by name.
        most: Largest number of earlier examinations from each system.
        years: Age in years from which examinations are left out.
        give_up_hours: Hours of failures after which a search is given up.
    """

    def __init__(
        self,
        journal: Journal,
        intake: Intake,
        client: Client,
        peers: Sequence[Peer],
        *,
        most: int,
        years: float,
        give_up_hours: float,
    ) -> None:
        super().__init__("priors")
        self._journal, self._intake, self._client = journal, intake, client
        self._peers: Mapping[str, Peer] = {peer.name: peer for peer in peers}
        self._most, self._years, self._give_up_hours = most, years, give_up_hours

    @property
    def peers(self) -> Sequence[Peer]:
        """The systems that are searched."""
        return list(self._peers.values())

    @property
    def nodes(self) -> Sequence[str]:
        """Their names."""
        return list(self._peers)

    def work(self) -> None:
        """Run all due searches. An unavailable system is called once, because waiting for it delays the others."""
        with self._journal.reading() as database:
            due = priors.due(database, time.time())
        away: dict[str, str] = {}
        for search in due:
            if self.closing:
                return
            self._do(search, away)

    def _do(self, search: PriorSearch, away: dict[str, str]) -> None:
        if search.node in away:
            self._failed(search, away[search.node])
            return
        try:
            outcome = self._search(search)
        except _CaseSignedError:
            self._close(search, "case_signed")
        except PeerError as error:
            if error.problem in _AWAY or error.problem.startswith("tls_"):
                away[search.node] = error.problem
            self._failed(search, error.problem)
        except ApiError as error:
            self._failed(search, error.code)
        except Exception as error:  # noqa: BLE001 - of whatever kind; the others go on, this one is tried later
            _log.error("priors could not be fetched", node=search.node, error=error_location(error))
            self._failed(search, "search_failed")
        else:
            if not self.closing:  # else films may have been left out; the search is repeated at the next start
                self._close(search, outcome)

    def _close(self, search: PriorSearch, outcome: str) -> None:
        metrics.prior_searches.labels("done").inc()
        _log.info("priors", node=search.node, outcome=outcome)
        with self._journal.transaction() as database:
            priors.close(database, search, outcome)

    def _failed(self, search: PriorSearch, problem: str) -> None:
        now = time.time()
        dead = now - search.asked_at > 3600 * self._give_up_hours and search.attempts > 0
        metrics.prior_searches.labels(problem).inc()
        _log.warning("priors wait", node=search.node, problem=problem, dead=dead)
        with self._journal.transaction() as database:
            if dead:
                priors.close(database, search, problem, dead=True)
            else:
                priors.postpone(database, search, now + pause_after(search.attempts), problem)

    def _search(self, search: PriorSearch) -> str:
        """Run a search and return a summary of its outcome.

        Raises:
            PeerError: The node did not answer as it should; priors that it did answer about are added nevertheless.
            ApiError: The gateway did not.
            _CaseSignedError: The case is signed.
        """
        peer = self._peers.get(search.node)
        if peer is None:
            return "node_removed"
        with self._journal.reading() as database:
            study = studies.find(database, search.study_uid)
            taken = priors.films(database, search.study_uid)
        assert study is not None
        criteria = self._criteria(study)
        if criteria is None:
            return "nobody_named"
        self._refuse_signed(study)
        with self._journal.reading() as database:
            numbers = merges.numbers_of(database, criteria.patient_id, criteria.issuer)
        either = {each: criteria.under(each) for each in numbers}
        named = [study for each in either.values() for study in peer.studies(each)]
        priors_of = [choose(named, each, self._known(named), self._most) for each in either.values()]
        found = newest([study for each in priors_of for study in each], self._most)
        count, failed = 0, None
        for prior in found:
            try:
                for film in peer.films(prior.study_uid):
                    may_be_film = not film.sop_class_uid or film.sop_class_uid in FILM_CLASSES
                    if may_be_film and film.sop_instance_uid not in taken and not self.closing:
                        count += self._add(peer, study, either[prior.patient_id], prior, film)
            except PeerError as error:  # the other priors are added
                failed = error
        if failed is not None:
            raise failed
        return f"studies:{len(found)} films:{count + len(taken)}"

    def _criteria(self, study: Study) -> PriorCriteria | None:
        """The criteria, from a film that the gateway accepted; None without one: the case would hold only priors."""
        with self._journal.reading() as database:
            films = received.of_study(database, study.study_uid, "delivered")
        if not films:
            return None
        current = read_header(self._intake.path_of(films[0].sha256), "mammography").dicom
        return None if current is None else PriorCriteria.of(current, self._years)

    def _refuse_signed(self, study: Study) -> None:
        """Raise where a report or a read of the case is signed and in force, which a new film would supersede."""
        assert study.case_id is not None
        reports = self._client.case(study.case_id)["reports"]
        if any(not report["superseded"] for report in reports) or self._client.reads(study.case_id)["signed"]:
            raise _CaseSignedError

    def _known(self, named: Sequence[FoundStudy]) -> set[str]:
        """The studies that the node received itself; the gateway links their cases."""
        with self._journal.reading() as database:
            return {each.study_uid for each in named if studies.find(database, each.study_uid) is not None}

    def _add(self, peer: Peer, study: Study, criteria: PriorCriteria, prior: FoundStudy, film: FoundFilm) -> int:
        """Fetch a film and add it to the case; returns 1 if it was added, else 0."""
        path = self._intake.incoming / f"prior-{uuid4().hex}"
        try:
            peer.fetch(prior.study_uid, film, path)
            identity = identify(path, film.sop_class_uid, film.sop_instance_uid)
            if isinstance(identity, Answer) or not criteria.fits(identity, prior):
                metrics.prior_films.labels("not_a_prior").inc()
                return 0
            return self._upload(path, identity, study)
        finally:
            path.unlink(missing_ok=True)

    def _upload(self, path: Path, identity: DicomIdentity, study: Study) -> int:
        assert study.case_id is not None
        assert identity.sop_instance_uid
        assert identity.study_instance_uid
        hanging = f"{identity.laterality}{identity.view}"
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        name = f"prior-{hanging if hanging in HANGINGS else 'film'}-{digest[:8]}.dcm"
        self._refuse_signed(study)  # again: fetching takes minutes, in which somebody may have signed
        try:
            self._client.upload(path, "mammography", case_id=study.case_id, file_name=name)
        except ApiError as error:
            if not 400 <= error.status < 500 or error.status in _OURS:
                raise
            metrics.prior_films.labels(error.code).inc()
            _log.warning("the gateway refused a prior", case=study.pseudonym, code=error.code)
            return 0
        metrics.prior_films.labels("added").inc()
        with self._journal.transaction() as database:
            priors.add_film(database, study.study_uid, identity.sop_instance_uid, identity.study_instance_uid)
        return 1
