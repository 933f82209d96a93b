"""Receiving an upload: streamed into the object store while it is hashed and bounded, then looked at, then accepted."""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from gateway.cases import repository as cases
from gateway.cases.models import Case
from gateway.database import SessionFactory, new_id
from gateway.errors import ProblemError, not_found
from gateway.images import repository
from gateway.images.models import Image
from gateway.images.multipart import Fields, FileStart, malformed, read_multipart
from gateway.images.schemas import ImageOptions, Twin
from gateway.jobs import repository as jobs
from gateway.jobs import service as job_service
from gateway.jobs.models import Job
from gateway.users.models import User
from lobule.contracts.result import Modality
from lobule.imaging.header import ImageHeader, read_header
from lobule.storage import ObjectStore

_BUFFER_BYTES = 1024 * 1024  # pieces from the network are small; the store is written to in fewer, larger ones

Checked = TypeVar("Checked")


@dataclass(frozen=True)
class Upload:
    """A file that lies in the object store and belongs to nobody yet."""

    image_id: str
    object_key: str
    file_name: str
    size_bytes: int
    sha256: str


async def receive(
    request: Request,
    store: ObjectStore,
    max_bytes: int,
    check: Callable[[dict[str, str]], Awaitable[Checked]],
    folder: str = "images",
) -> tuple[Checked, Upload]:
    """Stream a multipart upload into the object store.

    Args:
        request: Its body is read here.
        store: Where the bytes go.
        max_bytes: A longer file is refused as soon as it is too long.
        check: Looks at the text fields before the first byte is stored; what it returns is passed on.
        folder: Below which the upload gets a folder of its own.

    Raises:
        ProblemError: Bad form, no file, too large, cut off, or whatever `check` raises. Nothing is left behind.
    """
    announced = request.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > max_bytes + _BUFFER_BYTES:
        raise _too_large(max_bytes)
    parts = read_multipart(request)
    try:
        fields = await anext(parts)
        start = await anext(parts)
        assert isinstance(fields, Fields)
        assert isinstance(start, FileStart)
        checked = await check(fields.values)
        return checked, await _store(parts, start.file_name, store, max_bytes, folder)
    except ClientDisconnect:
        raise malformed("the connection ended before the file did; please send it again") from None


async def _store(
    parts: AsyncIterator[Fields | FileStart | bytes | None],
    file_name: str,
    store: ObjectStore,
    max_bytes: int,
    folder: str,
) -> Upload:
    image_id = new_id()
    key = f"{folder}/{image_id}/original"
    digest, size, buffer = hashlib.sha256(), 0, bytearray()
    writing = store.writer(key)
    writer = await run_in_threadpool(writing.__enter__)
    try:
        async for event in parts:
            if not isinstance(event, bytes):
                continue  # the file's end; what is left is the closing boundary, without which the upload is not whole
            size += len(event)
            if size > max_bytes:
                raise _too_large(max_bytes)
            digest.update(event)
            buffer += event
            if len(buffer) >= _BUFFER_BYTES:
                await run_in_threadpool(writer.write, bytes(buffer))
                buffer.clear()
        await run_in_threadpool(writer.write, bytes(buffer))
    except BaseException as error:
        with contextlib.suppress(type(error)):
            await run_in_threadpool(writing.__exit__, type(error), error, error.__traceback__)
        raise
    await run_in_threadpool(writing.__exit__, None, None, None)
    return Upload(image_id, key, file_name, size, digest.hexdigest())


def _too_large(max_bytes: int) -> ProblemError:
    return ProblemError(
        413,
        "file_too_large",
        f"The file is larger than {max_bytes / 1024 / 1024:.0f} MB. Please upload a smaller image.",
    )


def parse_options(fields: dict[str, str], default_modality: Modality | None = None) -> ImageOptions:
    """The text fields of an upload; empty ones count as absent.

    Raises:
        ProblemError: `unknown_modality` or `invalid_request`, 422.
    """
    given = {name: value for name, value in fields.items() if value}
    if default_modality is not None:
        given.setdefault("modality", default_modality)
    try:
        return ImageOptions.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = str(first["loc"][0])
        if where == "modality":
            detail = (
                "Please say what the image is: modality must be 'histopathology' or 'mammography', before the file."
            )
            raise ProblemError(422, "unknown_modality", detail) from None
        raise ProblemError(422, "invalid_request", f"Please correct the field {where!r}: {first['msg']}.") from None


def check_case(session: Session, user: User, options: ImageOptions) -> None:
    """Refuse an upload into a case that is not the user's.

    Raises:
        ProblemError: `not_found`, 404.
    """
    if options.case_id is not None and cases.visible(session, user, options.case_id) is None:
        raise not_found("case")


def look_at(store: ObjectStore, upload: Upload, modality: Modality) -> ImageHeader:
    """Read an upload's header; an upload that is refused is deleted.

    Raises:
        AnalysisError: See `lobule.imaging.header.read_header`.
    """
    try:
        with store.open(upload.object_key) as stream:
            return read_header(stream, modality)
    except BaseException:
        store.delete(upload.object_key)
        raise


class Duplicate(Exception):  # noqa: N818 - not always an error: /diagnose answers with the job that exists
    """These bytes are known already: which image they are, and its newest job."""

    def __init__(self, image_id: str, job_id: str) -> None:
        super().__init__(image_id)
        self.image_id, self.job_id = image_id, job_id


def accept(
    sessions: SessionFactory,
    store: ObjectStore,
    user: User,
    options: ImageOptions,
    upload: Upload,
    note: Callable[[Session, Image], None],
    *,
    interactive: bool,
) -> tuple[Image, Job]:
    """Make an upload an image with a job, in one transaction; only when this returns is it accepted.

    Args:
        sessions: For the transaction.
        store: Where the upload lies.
        user: Becomes the owner.
        options: What the uploader said of it.
        upload: What was received.
        note: Called in the transaction, for the audit log.
        interactive: Whether a person waits for it at the portal.

    Raises:
        AnalysisError: Where the header is refused.
        Duplicate: Where the owner has the same bytes as the same modality in this case (sent without one: anywhere).
    """
    header = look_at(store, upload, options.modality)
    image = Image(
        id=upload.image_id,
        owner_id=user.id,
        case_id=options.case_id,
        file_name=upload.file_name,
        media_type=header.media_type,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        modality=options.modality,
        width=header.width,
        height=header.height,
        magnification=options.magnification,
        view=options.view,
        laterality=options.laterality,
        object_key=upload.object_key,
    )
    try:
        with sessions.begin() as session:
            _refuse_duplicate(session, image)
            session.add(image)
            session.flush()  # a second upload of the same bytes at the same moment fails here
            job = job_service.open_job(session, image, interactive=interactive)
            note(session, image)
            return image, job
    except IntegrityError:
        store.delete(upload.object_key)
        with sessions.begin() as session:
            _refuse_duplicate(session, image)
        raise
    except BaseException:
        store.delete(upload.object_key)
        raise


def _refuse_duplicate(session: Session, image: Image) -> None:
    """The same film may belong to several cases; a program that names no case asks for the analysis that is there."""
    twins = repository.twins(session, image.owner_id, image.modality, image.sha256)
    same = [twin for twin in twins if image.case_id in (None, twin.case_id)]
    # A caseless twin of a caseless image goes first: that is the one which was sent before in the same way.
    if same:
        known = next((twin for twin in same if twin.case_id == image.case_id), same[0])
        raise Duplicate(known.id, _latest_job(session, known).id)


def also_in(session: Session, image: Image) -> list[Twin]:
    """Where else its owner has the same bytes as the same kind of image, newest first."""
    twins = repository.twins(session, image.owner_id, image.modality, image.sha256)
    return [_twin(session, twin) for twin in twins if twin.id != image.id]


def _twin(session: Session, image: Image) -> Twin:
    case = session.get(Case, image.case_id) if image.case_id else None
    pseudonym = case.pseudonym if case else None
    return Twin(image_id=image.id, job_id=_latest_job(session, image).id, case_id=image.case_id, pseudonym=pseudonym)


def _latest_job(session: Session, image: Image) -> Job:
    job = jobs.latest_of_image(session, image.id)
    assert job is not None, "an image is never without a job"
    return job
