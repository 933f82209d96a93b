"""Watches the cases of delivered studies, and makes objects of what was concluded."""

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid

from dicom_node import metrics
from dicom_node.journal import made, received, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.made import Kind, Made
from dicom_node.journal.studies import Study
from dicom_node.loop import Loop
from dicom_node.privacy import where
from dicom_node.receiving.intake import Intake, sync_folder
from dicom_node.results.document import encapsulated_pdf
from dicom_node.results.film import AnalysedFilm, read_header
from dicom_node.results.segmentation import outlined, segmentation
from dicom_node.results.structured_report import structured_report
from lobule.client import ApiError, Client

_SOONEST_S, _LATEST_S = 2.0, 600.0
_log = structlog.get_logger()


class ResultMaker(Loop):
    """Makes findings and documents, in a new version whenever what they are made from has changed.

    Args:
        journal: Of the node.
        intake: Where the films lie, and where results go.
        client: Of the gateway.
        destinations: AE titles to which each object is sent.
        days: A case is looked at for so long.
        made: Called when something was made.
    """

    def __init__(
        self,
        journal: Journal,
        intake: Intake,
        client: Client,
        *,
        destinations: Sequence[str],
        days: float,
        made: Callable[[], None],
    ) -> None:
        super().__init__("results")
        self._journal, self._intake, self._client = journal, intake, client
        self._destinations, self._days, self._made = destinations, days, made
        self._clear()

    def work(self) -> None:
        """Look at every case that is due."""
        with self._journal.reading() as database:
            due = studies.to_look_at(database, time.time())
        for study in due:
            if self.closing:
                return
            self._look(study)

    def pause(self) -> float:
        """Cases are looked at often."""
        return 1.0

    def _clear(self) -> None:
        """Delete what a process made that ended before it was noted; it was sent to nobody."""
        with self._journal.reading() as database:
            noted = made.names(database)
        for file in self._intake.results.iterdir():
            if file.stem not in noted:
                file.unlink()

    def _look(self, study: Study) -> None:
        assert study.case_id is not None
        assert study.delivered_at is not None
        try:
            case = self._client.case(study.case_id)
            if case["state"] not in ("empty", "analysing"):
                self._make_all(study, case)
        except ApiError as error:
            metrics.result_failures.labels(error.code).inc()
            _log.warning("results wait", case=study.pseudonym, code=error.code)
        age = time.time() - study.delivered_at
        over = age > 86400 * self._days
        next_look = None if over else time.time() + min(_LATEST_S, max(_SOONEST_S, age / 10))
        with self._journal.transaction() as database:
            studies.look_again(database, study.study_uid, next_look)

    def _make_all(self, study: Study, case: dict[str, Any]) -> None:
        """Make each product that is out of date; one that fails does not hold the other up."""
        films = self._films(study, case)
        if not films:
            return
        analysed = ",".join(sorted(f"{film.header.SOPInstanceUID}={film.job_id}" for film in films))
        signed = next((each["version"] for each in case["reports"] if not each["superseded"]), None)
        self._make(study, "findings", analysed, lambda before: _findings(films, before))
        wanted = f"draft:{analysed}" if signed is None else f"signed:{signed}"
        self._make(study, "document", wanted, lambda _: [self._document(case["id"], films, signed)])

    def _make(self, study: Study, kind: Kind, made_from: str, build: Callable[[Dataset | None], list[Dataset]]) -> None:
        with self._journal.reading() as database:
            version, before = made.newest(database, study.study_uid, kind)
            objects = made.of_version(database, study.study_uid, kind, version)
        if before == made_from:
            return
        try:
            built = build(_reference(objects))
            now = time.time()
            rows = [_write(self._intake.results, each, kind, version + 1, now) for each in built]
        except ApiError:
            raise
        except Exception as error:  # noqa: BLE001 - of whatever kind; it is in the log and tried again at the next look
            metrics.result_failures.labels(f"{kind}_not_made").inc()
            _log.error("a result could not be made", case=study.pseudonym, kind=kind, error=where(error))
            return
        with self._journal.transaction() as database:
            made.add(database, rows, made_from, self._destinations)
        _log.info("result made", case=study.pseudonym, kind=kind, version=version + 1, objects=len(rows))
        self._made()

    def _films(self, study: Study, case: dict[str, Any]) -> list[AnalysedFilm]:
        """The study's films that were assessed, as they came; a film of another study in the case is left out."""
        with self._journal.reading() as database:
            ours = {each.file_sha256: each for each in received.of_study(database, study.study_uid)}
        films = []
        for image in case["images"]:
            film = ours.get(image["sha256"])
            if film is not None and image["state"] == "assessed":
                job_id = str(image["job"]["id"])
                header = read_header(self._intake.path_of(film.sha256))
                films.append(AnalysedFilm(header, job_id, self._client.result(job_id)))
        return sorted(films, key=lambda film: film.name)

    def _document(self, case_id: str, films: list[AnalysedFilm], signed: int | None) -> Dataset:
        pdf = self._client.case_report(case_id, signed, "pdf")
        return encapsulated_pdf(
            pdf, films, uid=generate_uid(), series_uid=generate_uid(), signed=signed, made_at=datetime.now(UTC)
        )


def _findings(films: list[AnalysedFilm], before: Dataset | None) -> list[Dataset]:
    """The report, and the outlines of each film that has some, in a series of their own."""
    report = structured_report(films, uid=generate_uid(), series_uid=generate_uid(), previous=before)
    series = generate_uid()
    with_outlines = [film for film in films if outlined(film)]
    outlines = [
        segmentation(film, uid=generate_uid(), series_uid=series, number=place + 1)
        for place, film in enumerate(with_outlines)
    ]
    return [report, *outlines]


def _reference(objects: Sequence[Made]) -> Dataset | None:
    """What a new report says of the one before: its own names."""
    for each in objects:
        if each.sop_class_uid == "1.2.840.10008.5.1.4.1.1.88.34":
            reference = Dataset()
            reference.SOPClassUID, reference.SOPInstanceUID = UID(each.sop_class_uid), UID(each.sop_instance_uid)
            reference.StudyInstanceUID, reference.SeriesInstanceUID = UID(each.study_uid), UID(each.series_uid)
            return reference
    return None


def _write(folder: Path, made_object: Dataset, kind: Kind, version: int, now: float) -> Made:
    """Write an object through to the disk."""
    path = folder / f"{made_object.SOPInstanceUID}.dcm"
    made_object.save_as(path, enforce_file_format=True)
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    sync_folder(folder)
    return Made(
        sop_instance_uid=str(made_object.SOPInstanceUID),
        sop_class_uid=str(made_object.SOPClassUID),
        series_uid=str(made_object.SeriesInstanceUID),
        study_uid=str(made_object.StudyInstanceUID),
        kind=kind,
        version=version,
        made_at=now,
    )
