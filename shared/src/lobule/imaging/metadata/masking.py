"""Masks comments in codestreams of JPEG, JPEG-LS and JPEG 2000 with zeros, so that every length stays the same.

Strips of TIFF files and fragments of DICOM files thus keep their positions (ITU-T T.81, T.87 and T.800, annex A).
"""

import re
from collections.abc import Generator

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_ALONE = {0x01, *range(0xD0, 0xD9)}
_END_OF_SCAN = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")  # in JPEG-LS, less than 0x80 after 0xFF is data
_SOC, _SOD, _COM_2000 = 0x4F, 0x93, 0x64
_ALONE_2000 = {_SOC, 0x92, *range(0x30, 0x40)}
_END_OF_TILE = re.compile(rb"\xff[\x90\xd9]")  # more than 0x8F after 0xFF is not data; 0x91 and 0x92 occur within tiles
_NEEDED = {0xE0: (b"JFIF\0", 12), 0xE8: (b"mrfx", 5), 0xEE: (b"Adobe", 12)}
"""Application segments that decoding needs: their start, and how many bytes stay (without JFIF's preview)."""

Steps = Generator[None, None, None]


class Masking:
    """Masks successive codestreams piece by piece. Other data stay.

    Args:
        in_scan: Whether the first piece is within a scan of a JPEG, which is then the only codestream: data after its
            end are left out.
    """

    def __init__(self, *, in_scan: bool = False) -> None:
        self._piece, self._at, self._out = b"", 0, bytearray()
        self._steps = self._rest_of_jpeg() if in_scan else self._codestreams()
        next(self._steps)

    def feed(self, piece: bytes) -> bytes:
        """Return the next bytes, masked."""
        self._piece, self._at, self._out = piece, 0, bytearray()
        next(self._steps)
        return bytes(self._out)

    def _rest_of_jpeg(self) -> Steps:
        yield
        yield from self._jpeg(in_scan=True)
        while True:
            yield

    def _codestreams(self) -> Steps:
        yield
        start = yield from self._taken(2)
        if start not in (b"\xff\xd8", b"\xff\x4f"):
            while True:
                yield from self._pass(1 << 62)
        code = start[1]
        while True:
            if code == _SOI:
                yield from self._jpeg()
            elif code == _SOC:
                yield from self._jpeg_2000()
            code = yield from self._marker()

    def _jpeg(self, *, in_scan: bool = False) -> Steps:
        begun = (yield from self._data(_END_OF_SCAN)) if in_scan else False
        while (code := (yield from self._marker(begun=begun))) != _EOI:
            begun = False
            if code in _ALONE:
                continue
            yield from self._segment(code)
            if code == _SOS:
                begun = yield from self._data(_END_OF_SCAN)

    def _jpeg_2000(self) -> Steps:
        begun = False
        while (code := (yield from self._marker(begun=begun))) != _EOI:
            begun = False
            if code == _SOD:
                begun = yield from self._data(_END_OF_TILE)
            elif code == _COM_2000:
                yield from self._segment(code, kept=2)  # the registration value, which tells whether it is text
            elif code not in _ALONE_2000:
                yield from self._segment(code)

    def _segment(self, code: int, kept: int = 0) -> Steps:
        length = int.from_bytes((yield from self._taken(2)), "big") - 2
        if code in _NEEDED:
            start, needed = _NEEDED[code]
            kept = needed if self._piece.startswith(start, self._at) else 0
        elif code not in (_COM, _COM_2000, *range(0xE0, 0xF0)):
            kept = length
        yield from self._pass(min(kept, length))
        yield from self._mask(length - kept)

    def _marker(self, *, begun: bool = False) -> Generator[None, None, int]:
        """The code of the next marker; bytes before it are masked. `begun`: its first byte has been read already."""
        while True:
            while not begun:
                found = self._piece.find(b"\xff", self._at)
                yield from self._mask((found if found >= 0 else len(self._piece)) - self._at)
                if found >= 0:
                    yield from self._pass(1)
                    begun = True
                else:
                    yield
            code = yield from self._taken(1)
            if code not in (b"\0", b"\xff"):
                return code[0]
            begun = code == b"\xff"

    def _data(self, end: re.Pattern[bytes]) -> Generator[None, None, bool]:
        """Coded pixels up to a marker; returns whether the marker's first byte has been read already."""
        while True:
            found = end.search(self._piece, self._at)
            if found is not None:
                yield from self._pass(found.start() - self._at)
                return False
            open_end = self._piece.endswith(b"\xff") and len(self._piece) > self._at
            yield from self._pass(len(self._piece) - self._at)
            yield
            if open_end and end.match(b"\xff" + self._piece[:1]):
                return True

    def _taken(self, count: int) -> Generator[None, None, bytes]:
        """The next `count` bytes, unchanged."""
        taken = b""
        while True:
            more = self._piece[self._at : self._at + count - len(taken)]
            self._out += more
            self._at += len(more)
            taken += more
            if len(taken) == count:
                return taken
            yield

    def _pass(self, count: int) -> Steps:
        yield from self._go(count, masked=False)

    def _mask(self, count: int) -> Steps:
        yield from self._go(count, masked=True)

    def _go(self, count: int, *, masked: bool) -> Steps:
        while count > 0:
            more = self._piece[self._at : self._at + count]
            self._out += bytes(len(more)) if masked else more
            self._at += len(more)
            count -= len(more)
            if count > 0:
                yield
