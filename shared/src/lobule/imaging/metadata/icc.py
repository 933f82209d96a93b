"""ICC profiles without descriptions (ICC.1:2022)."""

import struct

_HEAD, _ENTRY, _MOST_TAGS = 128, 12, 100
_COLOURS = frozenset(
    [
        *(b"rXYZ gXYZ bXYZ rTRC gTRC bTRC kTRC wtpt bkpt chad gamt cicp".split()),
        *(f"{way}{intent}".encode() for way in ("A2B", "B2A", "D2B", "B2D") for intent in range(4)),
    ]
)
"""Tags that colour conversion needs; the others are texts, device names and private data."""
_DATED, _MADE_BY, _IDENTIFIED = slice(24, 36), slice(80, 84), slice(84, 100)
_UNUSABLE = bytes(_HEAD)


def without_descriptions(profile: bytes) -> bytes:
    """A profile with only its colour data; a damaged profile becomes one that cannot be applied.

    Args:
        profile: The whole profile.
    """
    try:
        return _rebuilt(profile)
    except (struct.error, ValueError):
        return _UNUSABLE


def _rebuilt(profile: bytes) -> bytes:
    (count,) = struct.unpack_from(">I", profile, _HEAD)
    if count > _MOST_TAGS or profile[36:40] != b"acsp":
        raise ValueError("no profile")
    entries = [struct.unpack_from(">4sII", profile, _HEAD + 4 + _ENTRY * index) for index in range(count)]
    names = [name for name, _, _ in entries]
    kept = [entry for at, entry in enumerate(entries) if entry[0] in _COLOURS and names.index(entry[0]) == at]
    table, body, places = b"", b"", dict[tuple[int, int], int]()
    start = _HEAD + 4 + _ENTRY * len(kept)
    for name, offset, size in kept:
        if offset + size > len(profile):
            raise ValueError("a tag behind the end")
        if len(body) > len(profile):
            raise ValueError("tags overlap")
        if (offset, size) not in places:  # channels may share a curve
            places[offset, size] = start + len(body)
            body += profile[offset : offset + size] + bytes(-size % 4)
        table += struct.pack(">4sII", name, places[offset, size], size)
    head = bytearray(profile[:_HEAD])
    head[40:64] = head[40:44] + bytes(20)  # keep the platform; remove flags, maker and model of the device
    head[_DATED] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    head[_MADE_BY], head[_IDENTIFIED] = bytes(4), bytes(16)
    head[36:40] = b"acsp"
    head[:4] = struct.pack(">I", start + len(body))
    return bytes(head) + struct.pack(">I", len(kept)) + table + body
