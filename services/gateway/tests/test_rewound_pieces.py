"""Pieces that are read as a file: the same bytes as of the file, wherever a parser goes."""

import io
import random

from gateway.streaming import _KEPT, PIECE, RewoundPieces

CONTENT = random.Random(1).randbytes(5 * PIECE + 1234)


def pieces():
    return (CONTENT[start : start + PIECE] for start in range(0, len(CONTENT), PIECE))


def test_it_reads_as_the_file_does():
    draw, file, rewound = random.Random(2), io.BytesIO(CONTENT), RewoundPieces(pieces)
    for _ in range(300):
        if draw.random() < 0.5:
            whence = draw.choice((0, 1, 2))
            offset = draw.randint(*((0, len(CONTENT) + 9), (-200, 90_000), (-len(CONTENT), 9))[whence])
            offset = max(offset, -file.tell()) if whence == 1 else offset
            assert rewound.seek(offset, whence) == file.seek(offset, whence)
        size = draw.choice((-1, 0, 4, 70_000, PIECE, 2 * PIECE))
        assert rewound.read(size) == file.read(size)
        assert rewound.tell() == file.tell()


def test_little_of_it_is_in_memory():
    rewound = RewoundPieces(pieces)
    for start in (0, 3 * PIECE, len(CONTENT) - 4, 2 * PIECE, 0):
        rewound.seek(start)
        assert rewound.read(4) == CONTENT[start : start + 4]
        assert len(rewound._held) <= _KEPT + 2 * PIECE
    rewound.seek(0, 2)
    assert len(rewound._held) <= _KEPT + PIECE
    assert rewound.read() == b""


def test_who_goes_back_a_little_does_not_begin_anew():
    made = []
    rewound = RewoundPieces(lambda: made.append(1) or pieces())
    rewound.seek(4 * PIECE)
    rewound.read(8)
    rewound.seek(-_KEPT, 1)
    assert rewound.read(8) == CONTENT[4 * PIECE + 8 - _KEPT :][:8]
    assert made == [1]
