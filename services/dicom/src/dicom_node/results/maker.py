"""Watches the cases of delivered studies, and makes objects of what was concluded."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog
from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicom_node import metrics
from dicom_node.journal import merges, orders, outgoing, received, studies
from dicom_node.journal.database import Journal
from dicom_node.journal.orders import LONGEST_NUMBER
from dicom_node.journal.outgoing import OutgoingObject
from dicom_node.journal.received import Received
from dicom_node.journal.studies import Study
from dicom_node.loop import Loop
from dicom_node.privacy import error_location
from dicom_node.receiving.intake import Intake
from dicom_node.results.examination import Examination, Signed, signed_report
from dicom_node.results.files import ResultFiles
from dicom_node.results.film import AnalysedFilm, FailedFilm, read_header
from dicom_node.results.naming import copies_of, numbers_in, parse_reading
from dicom_node.results.products import NO_CONTEXT, Document, Product, ReportingContext, products
from dicom_node.settings import Recipient
from lobule.client import ApiError, Client
from lobule.corrections import as_corrected
from lobule.imaging.header import read_header as read_identity
from lobule.places import places_of_findings

_PASSING = frozenset({0, 429, 502, 503, 504})
"""Statuses of a gateway that is busy or away."""
_log = structlog.get_logger()


class ResultMaker(Loop):
    """Makes the products of each study, in a new version whenever what they are made from has changed.

    Args:
        journal: The node's journal.
        intake: The intake, which stores films and results.
        client: Client of the gateway's API.
        recipients: The systems to which objects are sent, with the kinds that each receives.
        days: Days for which a case is polled.
        on_made: Called after an object was made.
        context: Further data of reports to systems other than a PACS.
    """

    def __init__(
        self,
        journal: Journal,
        intake: Intake,
        client: Client,
        *,
        recipients: Sequence[Recipient],
        days: float,
        on_made: Callable[[], None],
        context: ReportingContext = NO_CONTEXT,
    ) -> None:
        super().__init__("results")
        self._journal, self._intake, self._client = journal, intake, client
        self._recipients, self._days, self._on_made, self._context = recipients, days, on_made, context
        self._files = ResultFiles(intake.results)
        self._clear()

    def work(self) -> None:
        """Look at every case that is due."""
        with self._journal.reading() as database:
            due = studies.due_for_results(database, time.time())
        for study in due:
            if self.closing:
                return
            self._look(study)

    def pause(self) -> float:
        """Cases are looked at often."""
        return 1.0

    def _clear(self) -> None:
        """Delete files of a process that ended before it recorded them; they were not sent."""
        with self._journal.reading() as database:
            self._files.clear(outgoing.names(database))

    def _look(self, study: Study) -> None:
        assert study.delivered_at is not None
        looked_at, settled = time.time(), False
        try:
            assert study.case_id is not None
            case = self._client.case(study.case_id)
            settled = _is_analysed(case) and self._make_all(study, case)
        except ApiError as error:
            metrics.result_failures.labels(error.code).inc()
            _log.warning("results wait", case=study.pseudonym, code=error.code)
        except Exception as error:  # noqa: BLE001 - of whatever kind; the other studies go on, this one is tried later
            metrics.result_failures.labels("study_not_read").inc()
            _log.error("a study could not be looked at", case=study.pseudonym, error=error_location(error))
        age = time.time() - study.delivered_at
        over = age > 86400 * self._days
        next_look = None if over else time.time() + studies.pause_of_looks(age)
        with self._journal.transaction() as database:
            studies.schedule_look(database, study.study_uid, next_look)
            if settled:
                studies.mark_settled(database, study.study_uid, looked_at)

    def _make_all(self, study: Study, case: dict[str, Any]) -> bool:
        """Make each product that a destination wants and that is out of date; returns whether no other is to come.

        More is to come while the films are still being read together, or while the gateway renders the report.
        """
        together = self._client.examination(case["id"])
        films, failed = self._films(study, case, together), self._failed_films(study, case)
        if not films and not failed:
            return False
        examination = Examination.of(case, together, films, failed, self._is_current(study, case))
        if not examination.is_current:
            examination = replace(examination, own_version=self._own_version(study, case))
        elif examination.signed is None and not self._was_signed(study, case):
            examination = replace(examination, signed_version=None)  # what was signed is of an earlier examination
        accession = self._accession_of(examination.header)
        patient_id = str(examination.header.PatientID)
        with self._journal.reading() as database:
            order = orders.find(database, accession, patient_id)
            issuer = str(examination.header.get("IssuerOfPatientID") or "")
            present = merges.numbers_of(database, patient_id, issuer)[0]
        context = replace(self._context, order=order, accession=accession, patient_id=present)
        settled = not (examination.awaited and examination.is_current)
        for product in products(examination, self._client, case["id"], context):
            if wanting := [each.name for each in self._recipients if product.kind in each.kinds]:
                settled = self._make(study, product, wanting) and settled
        return settled

    def _accession_of(self, header: Dataset) -> str:
        """The accession number in a film's file; the reduced header omits one that is too long by the standard."""
        with self._journal.reading() as database:
            film = received.find(database, str(header.SOPInstanceUID))
        identity = read_identity(self._intake.path_of(film.sha256), "mammography").dicom if film else None
        number = identity.accession_number if identity else None
        return number if number and len(number) <= LONGEST_NUMBER else ""

    def _make(self, study: Study, product: Product, destinations: Sequence[str]) -> bool:
        """Make a product if it is out of date; returns False if the gateway does not have a part of it yet."""
        kind = product.kind
        with self._journal.reading() as database:
            version, before = outgoing.newest(database, study.study_uid, kind, product.part)
            earlier = [outgoing.last(database, study.study_uid, each) for each in product.predecessors]
        predecessor = next((each for each in earlier if each is not None), None)
        if before == product.made_from or (product.only_again and not version):
            return True
        try:
            built = product.build(_reference(predecessor) if predecessor else None)
            self._keep(study, built, product, version + 1, destinations)
        except ApiError as error:
            is_passing = error.code == "report_not_ready" or error.status in _PASSING
            if not is_passing:
                metrics.result_failures.labels(f"{kind}_not_made").inc()
            _log.warning("a result waits", case=study.pseudonym, kind=kind, code=error.code)
            return not is_passing
        except Exception as error:  # noqa: BLE001 - of whatever kind; it is in the log and tried again at the next look
            metrics.result_failures.labels(f"{kind}_not_made").inc()
            _log.error("a result could not be made", case=study.pseudonym, kind=kind, error=error_location(error))
            return True
        _log.info("result made", case=study.pseudonym, kind=kind, version=version + 1)
        self._on_made()
        return True

    def _keep(
        self, study: Study, built: Dataset | Document, product: Product, version: int, destinations: Sequence[str]
    ) -> None:
        """Write an object through to the disk and note it. One that cannot be noted, as its study was purged, goes."""
        if isinstance(built, Document):
            names = (built.uid, "", "")
        else:
            names = (str(built.SOPInstanceUID), str(built.SOPClassUID), str(built.SeriesInstanceUID))
        path = self._files.path_of(names[0], product.kind)
        new = OutgoingObject(
            *names, study.study_uid, kind=product.kind, part=product.part, version=version, made_at=time.time()
        )
        try:
            if isinstance(built, Document):
                path.write_bytes(built.content)
            else:
                built.save_as(path, enforce_file_format=True)
            self._files.sync(path)
            with self._journal.transaction() as database:
                outgoing.add(database, new, product.made_from, destinations)
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _films(self, study: Study, case: dict[str, Any], together: dict[str, Any]) -> list[AnalysedFilm]:
        """The study's films that were assessed; a film of another study in the case only counts in their numbers."""
        ours, copies, found = self._received(study), copies_of(case["images"]), []
        for image in case["images"]:
            if image["state"] == "assessed" and (image["sha256"] in ours or not image.get("is_prior")):
                result = as_corrected(self._client.result(image["job"]["id"]), image["view"], image["laterality"])
                found.append((image, result))
        current = [(str(image["job"]["id"]), result) for image, result in found if not image.get("is_prior")]
        reading = parse_reading(together)
        numbers = numbers_in(reading, current)
        films = []
        for image, result in found:
            if film := ours.get(image["sha256"]):
                header, job_id = read_header(self._intake.path_of(film.sha256)), str(image["job"]["id"])
                places = {finding: place for finding, (place, _) in places_of_findings(reading, job_id).items()}
                named = {"copy": copies[image["id"]], "numbers": numbers.get(job_id, {}), "places": places}
                films.append(AnalysedFilm(header, job_id, result, image["id"], **named))
        return sorted(films, key=lambda film: film.name)

    def _failed_films(self, study: Study, case: dict[str, Any]) -> list[FailedFilm]:
        """The study's films that could not be analysed, or that the gateway did not take."""
        ours, copies = self._received(study), copies_of(case["images"])
        failed = [
            FailedFilm(
                read_header(self._intake.path_of(film.sha256)),
                image["laterality"],
                image["view"],
                copies[image["id"]],
                image["id"],
            )
            for image in case["images"]
            if image["state"] == "failed" and (film := ours.get(image["sha256"])) is not None
        ]
        # A film of another patient counts until somebody has said where it belongs.
        open_films = {film["sha256"] for film in case.get("refused_films", [])}
        refused = [
            film
            for film in ours.values()
            if film.state == "refused" and (film.refusal != "other_patient" or film.file_sha256 in open_films)
        ]
        return failed + [FailedFilm.of(read_header(self._intake.path_of(film.sha256))) for film in refused]

    def _is_current(self, study: Study, case: dict[str, Any]) -> bool:
        """Whether the case's conclusion is about this study: films of it are in the case, and none is later."""
        ours = self._received(study)
        return any(image["sha256"] in ours and not image.get("is_prior") for image in case["images"])

    def _own_version(self, study: Study, case: dict[str, Any]) -> Signed | None:
        """The last version that was signed of this study, not of a later examination of the case.

        None if it is older than the one that was told.
        """
        ours = self._received(study)
        own = {image["id"] for image in case["images"] if image["sha256"] in ours}
        told = self._last_sent_version(study)
        for report in sorted(case["reports"], key=lambda each: each["version"], reverse=True):
            if told is not None and report["version"] < told:
                return None
            shown = self._client.report_content(case["id"], report["version"])["images"]
            if any(image["image_id"] in own and image.get("is_prior") is False for image in shown):
                return signed_report(case, report)
        return None

    def _was_signed(self, study: Study, case: dict[str, Any]) -> bool:
        return self._last_sent_version(study) is not None or self._own_version(study, case) is not None

    def _last_sent_version(self, study: Study) -> int | None:
        """The signed version that a study's document was made of last."""
        with self._journal.reading() as database:
            _, made_from = outgoing.newest(database, study.study_uid, "document", "")
        return int(made_from.removeprefix("signed:")) if made_from.startswith("signed:") else None

    def _received(self, study: Study) -> dict[str, Received]:
        with self._journal.reading() as database:
            return {each.file_sha256: each for each in received.of_study(database, study.study_uid)}


def _is_analysed(case: dict[str, Any]) -> bool:
    """Whether the analyses of all current films have ended. Results do not wait for those of priors."""
    current = [image for image in case["images"] if not image.get("is_prior")]
    return bool(current) and all(image["state"] != "pending" for image in current)


def _reference(report: OutgoingObject) -> Dataset:
    """The reference of a new report to its predecessor."""
    reference = Dataset()
    reference.SOPClassUID, reference.SOPInstanceUID = UID(report.sop_class_uid), UID(report.sop_instance_uid)
    reference.StudyInstanceUID, reference.SeriesInstanceUID = UID(report.study_uid), UID(report.series_uid)
    return reference
