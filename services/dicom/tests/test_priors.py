"""Priors: which studies are taken, and what becomes of a search that fails."""

import time
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pydicom
import pytest
from dicom_faults import free_port
from dicom_peer import FILM, STUDY
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity

from dicom_node.journal import priors, received, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.received import Received
from dicom_node.peers import Place
from dicom_node.priors.choosing import FoundStudy, PriorCriteria, choose
from dicom_node.priors.dimse import _FIND, AwaitedFilms, DimsePeer
from dicom_node.priors.fetcher import PriorFetcher
from dicom_node.priors.peers import MOST_FILMS, FoundFilm, PeerError
from dicom_node.priors.web import DicomwebPeer
from dicom_node.receiving.intake import Intake
from dicom_node.routing import Routing
from lobule.client import ApiError
from lobule.imaging.header import DicomIdentity

WANTED = PriorCriteria("P1", date(1960, 1, 2), before=date(2026, 5, 1), since=date(2020, 5, 1))


def found(uid: str, day: date | None, patient: str = "P1", birth: str = "19600102", modality: str = "MG") -> FoundStudy:
    return FoundStudy(uid, patient, birth, day, frozenset({modality}))


def test_the_newest_earlier_mammograms_of_the_same_patient_are_taken():
    named = [
        found("old", date(2020, 4, 30)),
        found("first", date(2021, 1, 1)),
        found("second", date(2023, 1, 1)),
        found("third", date(2025, 1, 1)),
        found("third", date(2025, 1, 1)),
        found("here", date(2025, 2, 1)),
        found("same day", date(2026, 5, 1)),
        found("later", date(2026, 6, 1)),
        found("no day", None),
        found("other patient", date(2025, 3, 1), patient="P2"),
        found("other birthday", date(2025, 3, 1), birth="19700102"),
        found("magnetic resonance", date(2025, 3, 1), modality="MR"),
    ]
    assert [each.study_uid for each in choose(named, WANTED, {"here"}, 2)] == ["third", "second"]
    assert choose([], WANTED, set(), 2) == []


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"patient_id_issuer": None, "patient_name": None, "patient_birth_date": None}, True),
        ({"patient_id_issuer": "OTHER"}, False),
        ({"patient_birth_date": date(1970, 1, 2)}, False),
        ({"patient_name": "ROE^JANE "}, True),
        ({"patient_name": "Doe^Jane"}, False),
    ],
)
def test_a_fetched_film_names_no_other_patient(changes, fits):
    patient = {"patient_id": "P1", "patient_id_issuer": "H", "patient_name": "Roe^Jane"}
    current = DicomIdentity(**patient, patient_birth_date=date(1960, 1, 2), study_date=date(2026, 5, 1))
    study = found("earlier", date(2024, 1, 1))
    film = replace(current, study_instance_uid="earlier", study_date=date(2024, 1, 1), **changes)
    assert PriorCriteria.of(current, 5).fits(film, study) is fits


class Archive:
    """A node with one earlier study."""

    name = "ARCHIVE"

    def __init__(self, film, problem: str | None = None) -> None:
        self.film, self.problem, self.asked = film, problem, 0

    def studies(self, criteria: PriorCriteria):
        self.asked += 1
        if self.problem:
            raise PeerError(self.problem)
        return [found("1.2.9", date(2025, 1, 1), birth="")]

    def films(self, study_uid: str):
        return [FoundFilm("1.2.9.1", str(self.film.uid), "")]  # archives need not name the class

    def fetch(self, study_uid: str, film: FoundFilm, path) -> None:
        path.write_bytes(self.film.path.read_bytes())


class Gateway:
    """The gateway's side of the client."""

    def __init__(self) -> None:
        self.uploaded, self.reports, self.refusal, self.signed_reads = [], [], None, 0

    def case(self, case_id: str) -> dict:
        return {"reports": self.reports}

    def reads(self, case_id: str) -> dict:
        return {"signed": self.signed_reads}

    def upload(self, path, modality: str, *, case_id: str, file_name: str) -> str:
        if self.refusal:
            raise self.refusal
        self.uploaded.append((case_id, file_name, path.read_bytes()))
        return "job"


@pytest.fixture
def world(make_film, tmp_path):
    """A delivered study, an archive with an earlier one, and what fetches it."""
    journal = Journal(tmp_path / "journal.sqlite")
    intake = Intake(tmp_path, journal, reserve_bytes=0, quiet_s=0, complete=lambda: None, routing=Routing())
    current = make_film("RCC", PatientID="P1", StudyDate="20260501")
    prior = make_film("RMLO", PatientID="P1", StudyDate="20250101", StudyInstanceUID="1.2.9")
    uid = pydicom.dcmread(prior, stop_before_pixels=True).SOPInstanceUID
    intake.path_of("data").write_bytes(current.read_bytes())
    now = time.time()
    with journal.transaction() as database:
        studies.note_arrival(database, STUDY, now, now)
        received.add(database, Received("1.1", FILM, STUDY, "data", "x", 1, "RCC", "PACS", now, "delivered"))
        studies.set_case(database, STUDY, "case-1")
        priors.ask(database, STUDY, ["ARCHIVE"], now)
    archive, gateway = Archive(SimpleNamespace(path=prior, uid=uid)), Gateway()

    def fetcher(*peers, hours: float = 72) -> PriorFetcher:
        asked = peers or (archive,)
        return PriorFetcher(journal, intake, gateway, asked, most=2, years=6, give_up_hours=hours)

    def state() -> tuple:
        with journal.reading() as database:
            return tuple(database.execute("SELECT state, attempts, problem FROM prior_searches").fetchone())

    def hurry() -> None:
        with journal.transaction() as database:
            database.execute("UPDATE prior_searches SET due_at = 0")

    yield SimpleNamespace(**locals())
    journal.close()


def test_a_prior_is_added_to_the_case_once(world):
    world.fetcher().work()
    [(case, name, content)] = world.gateway.uploaded
    assert (case, name[:11], content) == ("case-1", "prior-RMLO-", world.prior.read_bytes())
    assert world.state() == ("done", 0, "studies:1 films:1")
    with world.journal.transaction() as database:
        priors.ask(database, STUDY, ["ARCHIVE"], time.time())
    world.fetcher().work()
    assert world.archive.asked == 1
    assert list(world.intake.incoming.iterdir()) == []


def test_a_node_that_is_away_is_asked_once_for_all_studies(world):
    world.archive.problem = "not_connected"
    later = STUDY + ".7"
    with world.journal.transaction() as database:
        studies.note_arrival(database, later, 0, 0)
        received.add(database, Received("1.7", FILM, later, "data", "y", 1, "RCC", "PACS", 0, "delivered"))
        studies.set_case(database, later, "case-2")
        priors.ask(database, later, ["ARCHIVE"], time.time())
    world.fetcher().work()
    assert world.archive.asked == 1
    with world.journal.reading() as database:
        rows = [tuple(row) for row in database.execute("SELECT attempts, problem FROM prior_searches")]
    assert rows == [(1, "not_connected")] * 2


def test_a_node_that_fails_is_asked_again_and_given_up_in_the_end(world):
    world.archive.problem = "not_connected"
    world.fetcher().work()
    assert world.state() == ("waiting", 1, "not_connected")
    world.fetcher().work()
    assert world.archive.asked == 1, "not before the pause is over"
    world.hurry()
    world.fetcher(hours=1e-9).work()
    assert world.state()[0] == "dead"
    world.archive.problem = None
    with world.journal.transaction() as database:
        assert priors.again(database, "ARCHIVE", time.time()) == 1
    world.fetcher().work()
    assert world.state()[0] == "done"


def test_films_that_are_no_priors_are_left_out(world, make_film):
    world.archive.film.path = make_film("RMLO", PatientID="P2", StudyDate="20250101", StudyInstanceUID="1.2.9")
    world.fetcher().work()
    world.archive.film.path.write_bytes(b"no film at all")
    world.hurry()
    assert world.gateway.uploaded == []
    assert world.state()[2] == "studies:1 films:0"


def test_a_signed_case_gets_no_priors(world):
    world.gateway.reports = [{"superseded": False}]
    world.fetcher().work()
    assert (world.state()[2], world.archive.asked) == ("case_signed", 0)


def test_a_case_with_a_signed_read_gets_no_priors(world):
    world.gateway.signed_reads = 1
    world.fetcher().work()
    assert (world.state()[2], world.archive.asked) == ("case_signed", 0)


def test_a_case_that_is_signed_while_a_film_is_fetched_does_not_get_it(world, monkeypatch):
    fetch = world.archive.fetch

    def fetch_while_somebody_signs(*arguments) -> None:
        fetch(*arguments)
        world.gateway.reports = [{"superseded": False}]

    monkeypatch.setattr(world.archive, "fetch", fetch_while_somebody_signs)
    world.fetcher().work()
    assert (world.state()[2], world.archive.asked, world.gateway.uploaded) == ("case_signed", 1, [])
    assert list(world.intake.incoming.iterdir()) == []


def test_a_prior_that_cannot_be_read_hides_no_other(world, monkeypatch):
    films = world.archive.films

    def films_of_one(study_uid: str):
        if study_uid == "1.2.8":
            raise PeerError("find_C000")
        return films(study_uid)

    both = [found("1.2.8", date(2026, 1, 1)), found("1.2.9", date(2025, 1, 1))]
    monkeypatch.setattr(world.archive, "studies", lambda _wanted: both)
    monkeypatch.setattr(world.archive, "films", films_of_one)
    world.fetcher().work()
    assert len(world.gateway.uploaded) == 1
    assert world.state() == ("waiting", 1, "find_C000"), "the other one is tried again"


def test_a_search_that_the_end_of_the_node_cuts_short_is_repeated(world, monkeypatch):
    fetcher = world.fetcher()
    films = world.archive.films

    def films_at_the_end(study_uid: str):
        fetcher.closing = True
        return films(study_uid)

    monkeypatch.setattr(world.archive, "films", films_at_the_end)
    fetcher.work()
    assert world.state() == ("waiting", 0, None)


def test_a_study_with_more_images_than_are_taken_is_cut_short(make_settings):
    def answer(event):
        level = event.identifier.QueryRetrieveLevel
        for number in range(40):
            said = Dataset()
            said.SeriesInstanceUID, said.SOPInstanceUID, said.SOPClassUID = f"1.{number}", f"1.2.{number}", FILM
            said.StudyInstanceUID, said.QueryRetrieveLevel = "1.2.9", level
            yield 0xFF00, said
        yield 0x0000, None

    entity = ApplicationEntity("PACS")
    entity.add_supported_context(_FIND)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_FIND, answer)])
    try:
        port = server.socket.getsockname()[1]
        films = DimsePeer(Place("PACS", "127.0.0.1", port), make_settings(), AwaitedFilms()).films("1.2.9")
    finally:
        server.shutdown()
    assert [each.sop_instance_uid for each in films] == [f"1.2.{number}" for number in range(MOST_FILMS)]


def test_a_study_of_which_no_film_was_taken_has_no_priors(world):
    with world.journal.transaction() as database:
        received.mark_refused(database, "1.1", "image_unreadable")
    world.fetcher().work()
    assert (world.state()[2], world.archive.asked) == ("nobody_named", 0)


def test_the_gateway_may_refuse_a_prior_or_be_away(world):
    world.gateway.refusal = ApiError(503, {"code": "database_busy"})
    world.fetcher().work()
    assert world.state() == ("waiting", 1, "database_busy")
    world.gateway.refusal = ApiError(409, {"code": "other_patient"})
    world.hurry()
    world.fetcher().work()
    assert world.state()[::2] == ("done", "studies:1 films:0")


def test_a_system_that_is_away_is_said_so(make_settings):
    port, settings = free_port(), make_settings()
    peers = [
        DimsePeer(Place("PACS", "127.0.0.1", port), settings, AwaitedFilms()),
        DicomwebPeer(f"http://127.0.0.1:{port}/x", settings, None, None),
    ]
    for peer in peers:
        with pytest.raises(PeerError, match="not_connected"):
            peer.studies(WANTED)
