"""Receiving instances: each part streamed into the object store while it is hashed and bounded."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from gateway.database import new_id
from gateway.dicomweb.multipart_reader import read_parts
from gateway.errors import ProblemError
from gateway.uploads.receiving import BUFFER_BYTES, Upload, refuse_where_little_space, too_large, writing
from lobule import layout
from lobule.storage import ObjectStore

Take = Callable[[Upload], Awaitable[None]]


async def receive_instances(request: Request, store: ObjectStore, max_bytes: int, take: Take) -> None:
    """Stream the parts of a request into the object store, one after the other.

    Args:
        request: The request, whose body is read here.
        store: The object store.
        max_bytes: Largest size of a part; a longer one ends the request.
        take: Called with each complete part. Parts before an incomplete one stay stored.

    Raises:
        ProblemError: No multipart/related, malformed, cut off, or a part that is too large.
    """
    await run_in_threadpool(refuse_where_little_space, request, store)
    events = read_parts(request)
    try:
        await anext(events, None)  # the first part begins
        more = True
        while more:
            upload, more = await _receive(request, events, store, max_bytes, layout.image_folder)
            await take(upload)
    except ClientDisconnect:
        raise ProblemError(400, "malformed_upload") from None


async def receive_object(request: Request, store: ObjectStore, max_bytes: int) -> Upload:
    """Stream a body that is one DICOM file into the object store, as an object that was made of a case.

    Args:
        request: The request, whose body is read here.
        store: The object store.
        max_bytes: Largest size of the file.

    Raises:
        ProblemError: Cut off, or too large.
    """
    await run_in_threadpool(refuse_where_little_space, request, store)
    try:
        upload, _ = await _receive(request, request.stream(), store, max_bytes, layout.instance_folder)
    except ClientDisconnect:
        raise ProblemError(400, "malformed_upload") from None
    return upload


async def _receive(
    request: Request,
    events: AsyncIterator[bytes | None],
    store: ObjectStore,
    max_bytes: int,
    folder: Callable[[str], str],
) -> tuple[Upload, bool]:
    """The part that has begun, and whether another one begins after it."""
    part = _Part(events)
    image_id, digest, size = new_id(), hashlib.sha256(), 0
    key = layout.upload_key(folder(image_id))
    async with writing(request, store, key) as target:
        async for piece in part.large_pieces():
            size += len(piece)
            if size > max_bytes:
                raise too_large(max_bytes)
            await run_in_threadpool(_add, piece, digest.update, target.write)
    sha256 = digest.hexdigest()
    return Upload(image_id, key, f"instance-{sha256[:8]}.dcm", size, sha256), part.another_follows


class _Part:
    """A part of the body, joined to pieces that are worth a write."""

    def __init__(self, events: AsyncIterator[bytes | None]) -> None:
        self._events, self.another_follows = events, False

    async def large_pieces(self) -> AsyncIterator[bytes]:
        joined, length = list[bytes](), 0
        async for event in self._events:
            if event is None:
                self.another_follows = True
                break
            joined.append(event)
            length += len(event)
            if length >= BUFFER_BYTES:
                yield b"".join(joined)
                joined, length = [], 0
        yield b"".join(joined)


def _add(piece: bytes, *to: Callable[[bytes], object]) -> None:
    for each in to:
        each(piece)
