"""Finds the fragments of encapsulated pixels (PS3.5, annex A.4) without reading them."""

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from gateway.errors import ProblemError
from gateway.streaming import Extent
from lobule import limits

_ITEM = b"\xfe\xff\x00\xe0"
_END_OF_IMAGE = b"\xff\xd9"
_PADDED = 10
"""The last bytes of a fragment in which the marker of the end of an image may be."""


def fragments_of_frames(stream: BinaryIO, count: int) -> list[list[Extent]]:
    """The fragments of each frame.

    Args:
        stream: The file, at the table of offsets.
        count: Number of frames.

    Raises:
        ProblemError: `instance_unreadable`, 500.
    """
    items = list(_items(stream))
    if not items:
        raise ProblemError(500, "instance_unreadable")
    table, *fragments = items
    if table.length:
        stream.seek(table.start)
        offsets = struct.unpack(f"<{table.length // 4}I", stream.read(table.length // 4 * 4))
        return _by_offsets(fragments, [table.start + table.length + offset for offset in offsets])
    if count == 1:
        return [fragments]
    if len(fragments) == count:
        return [[each] for each in fragments]
    return _by_marker(stream, fragments)


def _items(stream: BinaryIO) -> Iterator[Extent]:
    """The table of offsets, then the fragments."""
    position, end = stream.tell(), stream.seek(0, 2)
    for _ in range(limits.MAX_DICOM_FRAGMENTS + 1):
        stream.seek(position)
        head = stream.read(8)
        length = struct.unpack("<4xI", head)[0] if len(head) == 8 else 0
        if head[:4] != _ITEM or position + 8 + length > end:
            break
        yield Extent(position + 8, length)
        position += 8 + length


def _by_offsets(fragments: Sequence[Extent], starts: Sequence[int]) -> list[list[Extent]]:
    found: list[list[Extent]] = [[] for _ in starts]
    if list(starts) != sorted(starts):
        raise ProblemError(500, "instance_unreadable")
    for each in fragments:
        frame = bisect_right(starts, each.start - 8) - 1
        if frame >= 0:
            found[frame].append(each)
    return found


def _by_marker(stream: BinaryIO, fragments: Sequence[Extent]) -> list[list[Extent]]:
    found: list[list[Extent]] = [[]]
    for each in fragments:
        found[-1].append(each)
        stream.seek(each.start + max(0, each.length - _PADDED))
        if _END_OF_IMAGE in stream.read(min(_PADDED, each.length)):
            found.append([])
    return found
