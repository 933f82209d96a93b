"""The films that were not added to a case because they name another patient, as the API shows them."""

from sqlalchemy.orm import Session

from gateway.case_details.schemas import RefusedFilm
from gateway.cases import refused_films
from gateway.cases.models import Case
from gateway.images import repository as images
from gateway.images.identity import UsualPatient
from gateway.images.merging import KnownPatients
from gateway.jobs import repository as jobs
from gateway.jobs.schemas import JobRead


def refused_films_of(session: Session, case: Case) -> list[RefusedFilm]:
    """Those whose file is kept apart, and those that are only noted."""
    own, apart = images.of_case(session, case.id), images.apart_from(session, case.id)
    known = KnownPatients.of(session, [*own, *apart])
    patient = UsualPatient([known.identity(image) for image in own])
    noted = [
        RefusedFilm(
            sha256=sha256,
            view=film["view"],
            laterality=film["laterality"],
            study_date=None,
            differs=[],
            image_id=None,
            job=None,
        )
        for sha256, film in refused_films.notes(case).items()
    ]
    kept = [
        RefusedFilm(
            sha256=film.sha256,
            view=film.view,
            laterality=film.laterality,
            study_date=film.study_date,
            differs=patient.differences(known.identity(film)),
            image_id=film.id,
            job=JobRead.of(jobs.latest_of_image(session, film.id)),
        )
        for film in apart
    ]
    return noted + kept
