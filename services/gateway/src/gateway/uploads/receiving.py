"""Receiving a file: streamed from the request into the object store while it is hashed and bounded.

Starlette's own form parser writes the whole upload to a temporary file before the endpoint sees it; this one lets the
caller check the fields, and refuse, before the first byte of the file is stored.
"""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from gateway.database import new_id
from gateway.errors import ProblemError
from gateway.uploads.multipart import Event, Fields, FileStart, MultipartForm
from lobule import layout
from lobule.storage import ObjectStore, ObjectWriter

BUFFER_BYTES = 1024 * 1024  # pieces from the network are small; the store is written to in fewer, larger ones

Checked = TypeVar("Checked")


@dataclass(frozen=True)
class Upload:
    """A file in the object store that is not accepted yet."""

    image_id: str
    object_key: str
    file_name: str
    size_bytes: int
    sha256: str

    @property
    def folder(self) -> str:
        """The folder that is deleted if the upload is refused, in an encrypted store with its keys."""
        return layout.folder_of_upload(self.object_key)


async def receive(
    request: Request,
    store: ObjectStore,
    max_bytes: int,
    check: Callable[[dict[str, str]], Awaitable[Checked]],
    folder: Callable[[str], str] = layout.image_folder,
) -> tuple[Checked, Upload]:
    """Stream a multipart upload into the object store.

    Args:
        request: The request, whose body is read here.
        store: The object store for the file.
        max_bytes: The largest size that is accepted.
        check: Checks the text fields before the first byte is stored, and all of them once more where some came after
            the file; its last result is returned.
        folder: Returns the folder of an upload for its new id; see `lobule.layout`.

    Raises:
        ProblemError: Bad form, no file, too large, cut off, or whatever `check` raises. Nothing is left behind.
    """
    await run_in_threadpool(refuse_where_little_space, request, store)
    announced = request.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > max_bytes + BUFFER_BYTES:
        raise too_large(max_bytes)
    parts = read_multipart(request)
    try:
        fields = await anext(parts)
        start = await anext(parts)
        assert isinstance(fields, Fields)
        assert isinstance(start, FileStart)
        checked = await check(fields.values)
        image_id = new_id()
        key = layout.upload_key(folder(image_id))
        digest, size, buffer = hashlib.sha256(), 0, bytearray()
        async with writing(request, store, key) as target:
            async for event in parts:
                if isinstance(event, Fields):
                    checked = await check(event.values)
                if not isinstance(event, bytes):
                    continue  # the file's end; the closing boundary must still follow
                size += len(event)
                if size > max_bytes:
                    raise too_large(max_bytes)
                digest.update(event)
                buffer += event
                if len(buffer) >= BUFFER_BYTES:
                    await run_in_threadpool(target.write, bytes(buffer))
                    buffer.clear()
            await run_in_threadpool(target.write, bytes(buffer))
    except ClientDisconnect:
        raise ProblemError(400, "malformed_upload") from None
    return checked, Upload(image_id, key, start.file_name, size, digest.hexdigest())


async def read_multipart(request: Request) -> AsyncIterator[Event]:
    """The events of an upload: the fields, the file's start, its pieces, and None at its regular end.

    If fields came after the file, all of them follow once more. Generated clients send optional fields last.

    An upload that is cut off raises `ClientDisconnect` (the connection ended) or `ProblemError` (the body ended early).

    Raises:
        ProblemError: `not_multipart`, `malformed_upload` or `file_missing`, 4xx.
    """
    form = MultipartForm(request.headers.get("Content-Type", ""))
    begun, early = False, dict[str, str]()
    async for piece in request.stream():
        problem = form.write(piece)
        # Events before the problem are yielded first, so that the response does not depend on how the bytes were split.
        for event in form.take():
            if isinstance(event, Fields):
                begun, early = True, dict(event.values)  # `check` takes from it what it needs
            yield event
        if problem is not None:
            raise problem
    if not begun:
        raise ProblemError(422, "file_missing")
    if not form.file_ended:
        raise ProblemError(400, "malformed_upload")
    if form.fields != early:
        yield Fields(dict(form.fields))


@dataclass(frozen=True)
class _WithinReserve:
    """Writes to an object as long as the disk has space: other uploads, and earlier parts of this one, take it, too."""

    request: Request
    store: ObjectStore
    target: ObjectWriter

    def write(self, data: bytes, /) -> object:
        """See `ObjectWriter`; raises `storage_full`, 507."""
        refuse_where_little_space(self.request, self.store)
        return self.target.write(data)


@contextlib.asynccontextmanager
async def writing(request: Request, store: ObjectStore, key: str) -> AsyncIterator[ObjectWriter]:
    """A new object to write to. It exists once the block ends, and not if the block raises.

    It is not durable: without what identifies its patient, it is written again before it is accepted.
    """
    opening = store.writer(key, durable=False)
    target = await run_in_threadpool(opening.__enter__)
    try:
        yield _WithinReserve(request, store, target)
    except BaseException as error:
        with contextlib.suppress(type(error)):
            await run_in_threadpool(opening.__exit__, type(error), error, error.__traceback__)
        raise
    await run_in_threadpool(opening.__exit__, None, None, None)


def refuse_where_little_space(request: Request, store: ObjectStore) -> None:
    """Refuse an upload before the disk of the objects is full, because accepted images need space for their results.

    Raises:
        ProblemError: `storage_full`, 507.
    """
    if lacks_space(store, request.app.state.settings.reserve_bytes):
        raise ProblemError(507, "storage_full")


def lacks_space(store: ObjectStore, reserve_bytes: int) -> bool:
    """Whether the disk of the objects has less left than is kept free; False if the store reports none."""
    space = store.space()
    return space is not None and space.free_bytes < reserve_bytes


def too_large(max_bytes: int) -> ProblemError:
    """The error for a file that is longer than allowed."""
    return ProblemError(413, "file_too_large", "limit", values={"megabytes": round(max_bytes / 1024 / 1024)})
