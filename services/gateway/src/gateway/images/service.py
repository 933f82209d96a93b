"""Receives an upload: streams it into the object store with a hash and a size limit, then checks and accepts it."""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from pydantic import ValidationError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from gateway.cases import repository as cases
from gateway.database import new_id
from gateway.errors import ProblemError, not_found
from gateway.images import repository
from gateway.images.models import Image
from gateway.images.multipart import Fields, FileStart, malformed, read_multipart
from gateway.images.schemas import ImageOptions
from gateway.users.models import User
from lobule import layout
from lobule.contracts.result import Modality
from lobule.imaging.header import ImageHeader, read_header
from lobule.storage import ObjectStore

_BUFFER_BYTES = 1024 * 1024  # pieces from the network are small; the store is written to in fewer, larger ones

Checked = TypeVar("Checked")


@dataclass(frozen=True)
class Upload:
    """A file in the object store that is not accepted yet."""

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
    folder: Callable[[str], str] = layout.image_folder,
) -> tuple[Checked, Upload]:
    """Stream a multipart upload into the object store.

    Args:
        request: Its body is read here.
        store: Where the bytes go.
        max_bytes: A longer file is refused as soon as it is too long.
        check: Looks at the text fields before the first byte is stored; what it returns is passed on.
        folder: Gives the folder of an upload by its new id; see `lobule.layout`.

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
    folder: Callable[[str], str],
) -> Upload:
    image_id = new_id()
    key = layout.upload_key(folder(image_id))
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


def check_place(session: Session, user: User, options: ImageOptions) -> None:
    """Refuse an upload into a case, or in the place of an image, that is not the user's.

    Raises:
        ProblemError: `not_found` (404), or `invalid_request` (422) where the image is not of the case that is named.
    """
    if options.case_id is not None and cases.visible(session, user, options.case_id) is None:
        raise not_found("case")
    image = session.get(Image, options.replaces) if options.replaces is not None else None
    if image is None:
        return  # one that is gone may have been replaced by this very upload, whose answer was lost: see `accept`
    if repository.visible(session, user, image.id) is None:
        raise not_found("image")
    if image.case_id != options.case_id:
        raise ProblemError(422, "invalid_request", "The image to be replaced is not in this case; give its case_id.")


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
