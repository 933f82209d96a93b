"""Queries for what the database expects in the object store, page by page: each row begins with its place."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, null, select, tuple_

from gateway.audit.models import AuditEvent
from gateway.dicomweb.models import ResultInstance
from gateway.images.models import Image
from gateway.jobs.models import Step, Work
from lobule import layout

_PAGE = 1000


def uploads(connection: Connection, after: str | None) -> Sequence[Any]:
    """Id, key and SHA-256 of the files of images, and no size."""
    return _page(connection, Image, Image.stored_sha256, null(), after)


def instances(connection: Connection, after: str | None) -> Sequence[Any]:
    """Id and key of the DICOM objects that were made of cases, no SHA-256, and their size."""
    return _page(connection, ResultInstance, null(), ResultInstance.size_bytes, after)


def _page(
    connection: Connection, table: type[Image] | type[ResultInstance], sha256: Any, size_bytes: Any, after: str | None
) -> Sequence[Any]:
    query = select(table.id, table.object_key, sha256, size_bytes).where(table.id > (after or "")).order_by(table.id)
    return connection.execute(query.limit(_PAGE)).all()


def results(connection: Connection, after: tuple[str, str] | None) -> Sequence[Any]:
    """Place, and job, step and attempt of all that left a result: analyses, joint readings, opinions of regions."""
    place = tuple_(Step.job_id, Step.name)
    query = select(Step.job_id, Step.name, Step.attempt).where(
        Step.state == "done", Step.name.in_(layout.CONCLUSION_FILES), place > (after or ("", ""))
    )
    return connection.execute(query.order_by(Step.job_id, Step.name).limit(_PAGE)).all()


def rendered_pdfs(connection: Connection, after: str | None) -> Sequence[Any]:
    """Id, key, attempt and files of the renderings of signed versions as PDF."""
    query = select(Work.id, Work.key, Step.attempt, Step.files).join(Step, Step.job_id == Work.id)
    of_versions = Work.key.startswith("case:") & Work.key.contains(":version:") & Work.key.endswith(":pdf")
    query = query.where(Step.name == "render", Step.state == "done", of_versions, Work.id > (after or ""))
    return connection.execute(query.order_by(Work.id).limit(_PAGE)).all()


def signed_pdfs(connection: Connection, after: int | None) -> Sequence[Any]:
    """Id and detail of the events of the audit log that a PDF was signed."""
    query = select(AuditEvent.id, AuditEvent.detail).where(
        AuditEvent.action == "report.sign_pdf", AuditEvent.id > (after or 0)
    )
    return connection.execute(query.order_by(AuditEvent.id).limit(_PAGE)).all()


def rendering(connection: Connection, work_id: str) -> Any:
    """State and attempt of the rendering of this id; None if it was deleted with its case."""
    return connection.execute(
        select(Step.state, Step.attempt).where(Step.job_id == work_id, Step.name == "render")
    ).first()
