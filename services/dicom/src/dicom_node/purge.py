"""Deletes the films of a case or of a patient, with their results, their rows and the patient's orders."""

from collections.abc import Iterable

import structlog

from dicom_node.journal import merges, orders, purging, received
from dicom_node.journal.database import Journal
from dicom_node.receiving.intake import Intake
from dicom_node.results.files import ResultFiles
from lobule.errors import AnalysisError
from lobule.imaging.header import read_header

_log = structlog.get_logger()


def purge_case(journal: Journal, intake: Intake, case_id: str) -> int:
    """Delete the studies of a case; returns how many objects and results were deleted."""
    with journal.reading() as database:
        found = purging.studies_of_case(database, case_id)
    deleted = sum(_purge_study(journal, intake, study_uid) for study_uid in found)
    journal.overwrite_deleted()
    return deleted


def _purge_study(journal: Journal, intake: Intake, study_uid: str) -> int:
    with journal.reading() as database:
        patients = _patients(intake, [film.sha256 for film in received.of_study(database, study_uid)])
    results = ResultFiles(intake.results)
    # The files within the transaction, as retention deletes them: what is sent again is stored after it has ended.
    with journal.transaction() as database:
        hashes, names = purging.purge(database, study_uid)
        for sha256 in hashes:
            intake.path_of(sha256).unlink(missing_ok=True)
        for name in names:
            results.delete(name)
        for patient_id in patients:
            orders.forget_patient(database, patient_id)
            merges.forget_patient(database, patient_id)
    _log.info("study purged", objects=len(hashes), results=len(names))
    return len(hashes) + len(names)


def _patients(intake: Intake, hashes: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for sha256 in hashes:
        try:
            said = read_header(intake.path_of(sha256), "mammography").dicom
        except (OSError, AnalysisError):
            continue
        if said is not None and said.patient_id:
            found.add(said.patient_id)
    return found
