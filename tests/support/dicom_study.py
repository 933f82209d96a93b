"""A delivered study whose case is in a stub of the gateway."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pydicom
from dicom_objects import analysed, finding, signed_by
from dicom_peer import STUDY

from dicom_node.journal import received, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.outgoing import Kind
from dicom_node.journal.received import Received
from dicom_node.receiving.intake import Intake
from dicom_node.results.maker import ResultMaker
from dicom_node.routing import Routing
from dicom_node.settings import Recipient
from lobule.contracts.reader import ReaderFinding
from lobule.contracts.result import Box

KINDS: frozenset[Kind] = frozenset(
    {"findings", "conclusion", "document", "marks", "verdicts", "cad", "message", "bundle"}
)


class Gateway:
    """The gateway's side of the client: one case of one film with two findings.

    Args:
        film: The received film.
    """

    def __init__(self, film) -> None:
        box = Box(x=10, y=20, width=30, height=40)
        self.film = analysed(film, finding(1, box), finding(2, box), job="job-1")
        self.image = {
            "id": "image-1",
            "sha256": hashlib.sha256(film.read_bytes()).hexdigest(),
            "state": "assessed",
            "job": {"id": "job-1"},
            "view": "CC",
            "laterality": "R",
        }
        self.images, self.reviews, self.reports = [self.image], [], []
        self.drawn: list[ReaderFinding] = []
        self.contents: dict[int, list[dict]] = {}
        self.bundles: list[int] = []
        self.together: dict = {"state": "none", "reading": None}
        self.assessment = "malignancy_suspected"
        self.refused_films: list[dict] = []

    def case(self, case_id: str) -> dict:
        if case_id != "case-1":
            raise KeyError(case_id)
        said = {"assessment": self.assessment, "probability_malignant": 0.6, "reasons": [], "suggestions": []}
        return {
            "id": case_id,
            "state": "ready",
            "images": self.images,
            "refused_films": self.refused_films,
            "conclusion": said,
            "reviews": self.reviews,
            "reader_findings": [each.model_dump(mode="json") for each in self.drawn],
            "reports": self.reports,
        }

    def examination(self, case_id: str) -> dict:
        return self.together

    def result(self, job_id: str):
        return self.film.result

    def case_report(self, case_id: str, version: int | None, format: str) -> bytes:
        return f"%PDF-1.7 {version or 'draft'}".encode()

    def fhir_bundle(self, case_id: str, version: int) -> dict:
        self.bundles.append(version)
        return {"resourceType": "Bundle", "type": "transaction", "entry": []}

    def report_content(self, case_id: str, version: int) -> dict:
        return {"images": self.contents[version]}

    def sign(self, *, verdicts: bool) -> None:
        self.change()
        signed = signed_by([self.film])
        self.reviews = [each.model_dump(mode="json") for each in signed.reviews[:1]] if verdicts else []
        report = {
            "signed_by": "Dr Lee",
            "signed_at": "2026-01-05T07:30:00Z",
            "conclusion": None,
            "comment": "",
            "superseded": False,
        }
        self.reports = [{**report, "version": len(self.reports) + 1}, *self.reports]
        shown = [{"image_id": each["id"], "is_prior": each.get("is_prior", False)} for each in self.images]
        self.contents[len(self.reports)] = shown

    def change(self) -> None:
        """Invalidate every signature."""
        self.reports = [{**each, "superseded": True} for each in self.reports]


@contextmanager
def delivered_study(make_film: Callable[..., Path], tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A delivered study of one film, with functions that make its results and read them."""
    film, journal = make_film(), Journal(tmp_path / "journal.sqlite")
    intake = Intake(tmp_path, journal, reserve_bytes=0, quiet_s=0, complete=lambda: None, routing=Routing())
    gateway, header = Gateway(film), pydicom.dcmread(film, stop_before_pixels=True)
    names = str(header.SOPInstanceUID), str(header.SOPClassUID), STUDY
    intake.path_of("data").write_bytes(film.read_bytes())
    now = time.time()
    with journal.transaction() as database:
        studies.note_arrival(database, STUDY, now, now)
        received.add(database, Received(*names, "data", gateway.image["sha256"], 1, "RCC", "PACS", now, "delivered"))
        studies.set_case(database, STUDY, "case-1")
        studies.mark_delivered(database, STUDY, "complete", now)
    recipient = Recipient("PACS", KINDS)
    maker = ResultMaker(journal, intake, gateway, recipients=[recipient], days=90, on_made=lambda: None)

    def look() -> None:
        with journal.transaction() as database:
            database.execute("UPDATE studies SET look_at = look_at - 1000")
        maker.work()

    def of(kind: Kind) -> list[pydicom.Dataset]:
        with journal.reading() as database:
            query = "SELECT sop_instance_uid FROM made WHERE kind = ? ORDER BY version"
            found = [row[0] for row in database.execute(query, (kind,))]
        return [pydicom.dcmread(intake.results / f"{name}.dcm") for name in found]

    yield SimpleNamespace(gateway=gateway, journal=journal, intake=intake, look=look, of=of)
    journal.close()
