"""Measures the cost of encryption at rest: objects of a film's size in a folder, plain and encrypted, in one run.

python bench/encryption.py [--mb 26] [--rounds 20]

Prints the median times to write an object, read it, and read a range of 64 KiB from its middle, and the ratios.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lobule import layout
from lobule.storage import ObjectStore
from lobule.storage.encrypted import EncryptedStore
from lobule.storage.keys import DataKeys, MasterKey
from lobule.storage.local import LocalStore

_PIECE = 1024 * 1024


def measure(store: ObjectStore, content: bytes, number: int) -> dict[str, float]:
    """Seconds of each operation on one object."""
    key = layout.upload_key(layout.image_folder(f"film-{number}"))

    def write() -> None:
        with store.writer(key) as sink:
            for at in range(0, len(content), _PIECE):
                sink.write(content[at : at + _PIECE])

    def read() -> None:
        assert len(store.get(key)) == len(content)

    def read_range() -> None:
        with store.open(key) as stream:
            stream.seek(len(content) // 2)
            assert len(stream.read(64 * 1024)) == 64 * 1024

    return {"write": seconds(write), "read": seconds(read), "range": seconds(read_range)}


def seconds(work: Callable[[], None]) -> float:
    """Seconds that a function takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Measure plain and encrypted objects alternately."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=26)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    content = os.urandom(given.mb * 1024 * 1024)
    with tempfile.TemporaryDirectory() as folder:
        plain, inner = LocalStore(Path(folder) / "plain"), LocalStore(Path(folder) / "encrypted")
        encrypted = EncryptedStore(inner, DataKeys(inner, MasterKey("a master key of the benchmark, 32 letters")))
        found: dict[str, list[dict[str, float]]] = {"plain": [], "encrypted": []}
        for number in range(given.rounds):
            for name, store in (("plain", plain), ("encrypted", encrypted)):
                found[name].append(measure(store, content, number))
                store.delete(layout.image_folder(f"film-{number}"))
    print(f"{given.mb} MB, median of {given.rounds}")
    for what in ("write", "read", "range"):
        each = {name: statistics.median(row[what] for row in rows) for name, rows in found.items()}
        ratio = each["encrypted"] / each["plain"]
        print(f"{what}: plain {1000 * each['plain']:.1f} ms, encrypted {1000 * each['encrypted']:.1f} ms ({ratio:.2f})")


if __name__ == "__main__":
    main()
