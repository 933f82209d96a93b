"""Queries of DICOMweb."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, fields
from typing import Literal

from sqlalchemy import ColumnElement, Subquery, and_, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.cases.repository import visible_ids
from gateway.dicomweb.matching import Criteria
from gateway.dicomweb.models import ResultInstance
from gateway.images import repository as images
from gateway.images.identity import SamePatient
from gateway.images.merging import KnownPatients
from gateway.images.models import Image
from gateway.users.models import User
from lobule import layout

Level = Literal["studies", "series", "instances"]


def case_of(session: Session, user_id: str, pseudonym: str, study_mark: str) -> str | None:
    """The user's case of a study, or the one that was opened for its first film.

    Of several, one that still has the name that it was opened under, and the oldest of those.

    Args:
        session: The transaction.
        user_id: Whose case.
        pseudonym: That it was opened under; other studies may have the same, and it may have been renamed.
        study_mark: The study's keyed fingerprint.
    """
    films = select(Image.id).where(Image.case_id == Case.id)
    of_study = films.where(Image.__table__.c.study_mark == study_mark)
    named = Case.pseudonym == pseudonym
    query = select(Case.id).where(Case.owner_id == user_id, or_(of_study.exists(), and_(named, ~films.exists())))
    return session.scalar(query.order_by(named.desc(), Case.created_at).limit(1))


@dataclass(frozen=True)
class Instance:
    """A stored DICOM object: a film of a case, or an object that was made from a case.

    Attributes:
        owner: Table of its row, by its name in `lobule.layout`.
        id: Id of its row.
        study_mark: Fingerprint of the study.
        series_mark: Fingerprint of the series.
        instance_mark: Fingerprint of the instance.
        sop_class: SOP class, if known.
        modality: DICOM modality.
        object_key: Key of the file in the object store.
        size_bytes: Size of the file.
    """

    owner: layout.Owner
    id: str
    study_mark: str
    series_mark: str
    instance_mark: str
    sop_class: str | None
    modality: str
    object_key: str
    size_bytes: int


_KEYS: Mapping[Level, tuple[str, ...]] = {
    "studies": ("study_mark",),
    "series": ("study_mark", "series_mark"),
    "instances": ("study_mark", "series_mark", "instance_mark"),
}
_SHARED = ("id", "patient_id_mark", "accession_mark", "study_mark", "series_mark", "instance_mark", "sop_class")
_OF_FILES = ("object_key", "size_bytes", "created_at")
_COLUMNS = tuple(each.name for each in fields(Instance))


def search(
    session: Session, user: User, level: Level, criteria: Criteria, limit: int, offset: int
) -> Sequence[Sequence[Instance]]:
    """Studies, series or instances that this user may see and that have a matching instance, the newest first.

    A patient is found by each of the numbers that the hospital has merged.

    Args:
        session: The transaction.
        user: The user who asks.
        level: Level of the search: studies, series or instances.
        criteria: Conditions on the instances.
        limit: Largest number of results.
        offset: Number of results that are skipped.

    Returns:
        Of each all its instances, each once.
    """
    merged = {study for mark in criteria.equal.get("patient_id_mark", ()) for study in _merged(session, user, mark)}
    every = _visible_instances(user)
    keys = [every.c[name] for name in _KEYS[level]]
    newest = func.max(every.c.created_at).desc()
    found = select(*keys).where(*_conditions(every, criteria, merged)).group_by(*keys).order_by(newest, *keys)
    chosen = session.execute(found.limit(limit).offset(offset)).all()
    groups: dict[tuple[str, ...], dict[str, Instance]] = {tuple(row): {} for row in chosen}
    within = Criteria({"study_mark": [row[0] for row in chosen]})
    for each in instances(session, user, within):
        group = groups.get(tuple(getattr(each, name) for name in _KEYS[level]))
        if group is not None:
            group.setdefault(each.instance_mark, each)
    return [list(group.values()) for group in groups.values() if group]


def instances(session: Session, user: User, criteria: Criteria) -> Sequence[Instance]:
    """The instances that this user may see and that match, each once, in the order of their series."""
    every = _visible_instances(user)
    query = select(*(every.c[name] for name in _COLUMNS)).where(*_conditions(every, criteria))
    rows = session.execute(query.order_by(every.c.study_mark, every.c.series_mark, every.c.created_at, every.c.id))
    found: dict[str, Instance] = {}
    for row in rows:
        found.setdefault(row.instance_mark, Instance(*row))
    return list(found.values())


def same_instance(session: Session, case_id: str, instance_mark: str) -> ResultInstance | None:
    """The object of a case with this fingerprint."""
    query = select(ResultInstance).where(
        ResultInstance.case_id == case_id, ResultInstance.instance_mark == instance_mark
    )
    return session.scalar(query)


def _visible_instances(user: User) -> Subquery:
    visible, film, made = visible_ids(user), Image.__table__.c, ResultInstance.__table__.c
    films = select(
        literal("images").label("owner"),
        *(film[name] for name in _SHARED),
        func.coalesce(film.dicom_modality, "MG").label("modality"),
        film.file_study_date.label("study_date"),
        *(film[name] for name in _OF_FILES),
    ).where(
        film.case_id.in_(visible),
        film.apart.is_(False),
        film.study_mark.is_not(None),
        film.series_mark.is_not(None),
    )
    results = select(
        literal("instances").label("owner"),
        *(made[name] for name in (*_SHARED, "modality", "study_date", *_OF_FILES)),
    ).where(made.case_id.in_(visible))
    return union_all(films.where(film.instance_mark.is_not(None)), results).subquery()


def _merged(session: Session, user: User, patient_mark: str) -> set[str]:
    """The studies of a patient whose films bear another number, which was merged with this one.

    As of earlier examinations, a merge counts for films of the account that told it and of its authority, and not where
    the birth date differs from that in the films of this number.
    """
    known = KnownPatients(session, [patient_mark])
    linked = known.linked(patient_mark)
    bearing = images.of_patients(session, user, {mark for _, mark in linked}) if linked else []
    found = [image for image in bearing if known.counts_for(image.owner_id, image.identity)]
    own = [image for image in found if image.identity.patient_id_mark == patient_mark]
    patient = SamePatient(own, known)
    return {
        image.identity.study_mark
        for image in found
        if image.identity.study_mark
        and (image.owner_id, image.identity.patient_id_mark) in linked
        and (not own or patient.has(image))
    }


def _conditions(every: Subquery, criteria: Criteria, merged: Set[str] = frozenset()) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        or_(every.c[name].in_(values), every.c.study_mark.in_(merged))
        if name == "patient_id_mark" and merged
        else every.c[name].in_(values)
        for name, values in criteria.equal.items()
    ]
    if criteria.first is not None:
        conditions.append(every.c.study_date >= criteria.first)
    if criteria.last is not None:
        conditions.append(every.c.study_date <= criteria.last)
    return conditions
