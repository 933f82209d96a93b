"""Objects that are sent: their hash is known before, little of them is in memory, and another content is not sent."""

import hashlib
import random

import pytest

from gateway.streaming import PIECE, held_file, stored_file
from lobule.storage import ObjectNotFoundError, StoreUnavailableError, open_store

LARGE = random.Random(1).randbytes(5 * PIECE + 1234)


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}")


@pytest.mark.parametrize("content", [b"", b"a", LARGE[:PIECE], LARGE[: PIECE + 1], LARGE[: 2 * PIECE], LARGE])
def test_a_file_is_what_was_stored(store, content):
    store.put("images/a/file", content)
    file = stored_file(store, "images/a/file")
    assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    pieces = list(file.pieces)
    assert b"".join(pieces) == content
    assert max(map(len, pieces), default=0) <= PIECE
    assert held_file(content)[:2] == file[:2]


def test_one_that_is_replaced_before_it_is_sent_is_not_sent_whole(store):
    store.put("images/a/file", LARGE)
    file = stored_file(store, "images/a/file")
    store.put("images/a/file", bytes(len(LARGE)))
    sent = list[bytes]()
    with pytest.raises(StoreUnavailableError):
        sent.extend(file.pieces)
    assert sum(map(len, sent)) < len(LARGE)


def test_one_that_is_missing(store):
    with pytest.raises(ObjectNotFoundError):
        stored_file(store, "images/a/file")
