"""Sends thousands of malformed PDUs and data sets to the DICOM node, which must answer, refuse or abort each.

python bench/dicom_fuzz.py [--count 50000] [--first 0] [--callers 4]

Each input has a number and is the same in each run. Every second input is a mutated data set of a C-STORE, over an
association that carries several; the others are PDUs: a mutated request for an association, or mutated messages
(C-ECHO, C-STORE, storage commitment, release) after a valid one. In the end, the same process must answer an echo, have
no open association, have stored exactly the data sets that it answered with success, and not have grown. Exits with
status 1 otherwise.
"""

import argparse
import contextlib
import io
import os
import random
import re
import socket
import sqlite3
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
from dicom_faults import NodeProcess, free_port, small_film
from dicom_peer import FILM, connect, store_as
from mutations import mutated
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_ECHO_RQ, C_STORE_RQ, N_ACTION_RQ
from pynetdicom.dimse_primitives import C_ECHO, C_STORE, N_ACTION
from pynetdicom.dsutils import encode
from pynetdicom.pdu import A_ASSOCIATE_RQ, A_RELEASE_RQ, P_DATA_TF

PUSH_MODEL, PUSH_MODEL_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
CLASSES = (FILM, "1.2.840.10008.1.1", PUSH_MODEL)
_PATIENCE_S = 60
PER_ASSOCIATION = 25
"""Number of data sets that are sent over one association."""
GROWTH_MB = 200
NAMES = "1.2.826.0.1.3680043.8.498.9."
"""SOP classes of the mutated data sets."""


class Fuzzer:
    """Sends mutated inputs to a node.

    Args:
        port: Port of the node, which must accept the AE title MODALITY.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        association = connect(9, classes=CLASSES)  # nothing listens there; only the encoded request is used
        request = A_ASSOCIATE_RQ()
        request.from_primitive(association.requestor.primitive)
        self._request = request.encode()
        self._film = small_film(generate_uid(), "R", "CC", np.random.default_rng(15))
        self._messages = [*self._messages_of_all_kinds(), A_RELEASE_RQ().encode()]
        self.outcomes, self.successes = Counter[str](), set[int]()

    def run(self, numbers: Iterable[int]) -> None:
        """Send the inputs of these numbers."""
        datasets = [number for number in numbers if number % 2]
        for first in range(0, len(datasets), PER_ASSOCIATION):
            self._send_datasets(datasets[first : first + PER_ASSOCIATION])
        for number in numbers:
            if number % 2 == 0:
                self._send_pdus(number)

    def _send_datasets(self, numbers: list[int]) -> None:
        association = self._connected()
        for number in numbers:
            if not association.is_established:
                association = self._connected()
            film = Dataset()
            film.update(self._film)
            film.file_meta = self._film.file_meta
            film.SOPInstanceUID = f"{NAMES}{number}"
            content = self._changed(encode(film, is_implicit_vr=False, is_little_endian=True) or b"", number)
            try:
                status = store_as(association, film, film.SOPInstanceUID, content=content)
                self.outcomes[f"data set: {status:04X}"] += 1
                self.successes |= {number} if status == 0 else set()
            except (AttributeError, RuntimeError, ValueError):
                self.outcomes["data set: aborted"] += 1
        if association.is_established:
            association.release()

    def _connected(self) -> Association:
        """Open an association. The node rejects requests while the connections of other callers reach its limit."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            association = connect(self._port)
            if association.is_established:
                return association
            time.sleep(0.1)
        raise ConnectionError(f"the node accepted no association for {_PATIENCE_S} s")

    def _changed(self, content: bytes, number: int) -> bytes:
        """Mutate a data set like a file, but without a file's preamble."""
        preamble = b"\0" * 128 + b"DICM"
        return mutated("dicom", [preamble + content], number).removeprefix(preamble)

    def _send_pdus(self, number: int) -> None:
        try:
            self.outcomes[f"PDU: answered with {self._answer(number) or 'nothing'}"] += 1
        except OSError:
            self.outcomes["PDU: the connection was reset"] += 1

    def _answer(self, number: int) -> str:
        """The type, in hexadecimal, of the last PDU that the node answers with."""
        chance = random.Random(number)
        with socket.create_connection(("127.0.0.1", self._port), 20) as caller:
            caller.settimeout(20)
            if chance.random() < 0.5:
                caller.sendall(_garbled(self._request, chance))
            else:
                caller.sendall(self._request)
                caller.recv(65536)
                for message in chance.sample(self._messages, chance.randint(1, 3)):
                    caller.sendall(_garbled(message, chance))
            caller.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := caller.recv(65536):
                answer = piece
            return answer[:1].hex()

    def _messages_of_all_kinds(self) -> list[bytes]:
        echo, store, action = C_ECHO(), C_STORE(), N_ACTION()
        echo.MessageID = store.MessageID = action.MessageID = 1
        echo.AffectedSOPClassUID = "1.2.840.10008.1.1"
        store.AffectedSOPClassUID, store.AffectedSOPInstanceUID = FILM, self._film.SOPInstanceUID
        store.Priority = 2
        store.DataSet = _stream(self._film)
        action.RequestedSOPClassUID, action.RequestedSOPInstanceUID = PUSH_MODEL, PUSH_MODEL_INSTANCE
        action.ActionTypeID, asked, item = 1, Dataset(), Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = FILM, self._film.SOPInstanceUID
        asked.TransactionUID, asked.ReferencedSOPSequence = generate_uid(), [item]
        action.ActionInformation = _stream(asked)
        kinds = ((C_ECHO_RQ, echo, 3), (C_STORE_RQ, store, 1), (N_ACTION_RQ, action, 5))
        return [_pdus(kind(), primitive, context) for kind, primitive, context in kinds]


def _stream(dataset: Dataset):
    return io.BytesIO(encode(dataset, is_implicit_vr=False, is_little_endian=True) or b"")


def _pdus(message, primitive, context: int) -> bytes:
    message.primitive_to_message(primitive)
    content = b""
    for data in message.encode_msg(context, 16384):
        pdu = P_DATA_TF()
        pdu.from_primitive(data)
        content += pdu.encode()
    return content


def _garbled(honest: bytes, chance: random.Random) -> bytes:
    """Change, remove or add bytes, which also makes wrong length fields."""
    content = bytearray(honest)
    for _ in range(chance.choice((0, 1, 2, 6, 40))):
        content[min(len(content) - 1, int(chance.expovariate(1 / 120)))] = chance.randrange(256)
    if chance.random() < 0.3:
        content = content[: chance.randint(1, len(content))]
    return bytes(content) + (chance.randbytes(chance.randint(0, 3000)) if chance.random() < 0.3 else b"")


def kept(folder: Path) -> int:
    """Number of fuzzed data sets in the node's journal."""
    with contextlib.closing(sqlite3.connect(folder / "journal.sqlite")) as database:
        names = "SELECT count(*) FROM received WHERE sop_instance_uid LIKE ?"
        return database.execute(names, (f"{NAMES}%",)).fetchone()[0]


def echoes(port: int) -> bool:
    """Whether the node answers a C-ECHO."""
    association: Association = connect(port, classes=("1.2.840.10008.1.1",))
    answered = association.is_established and association.send_c_echo().get("Status") == 0
    association.release()
    return answered


def main() -> None:
    """Run the benchmark and print the results."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--count", type=int, default=50_000)
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--callers", type=int, default=4)
    given = arguments.parse_args()
    warnings.simplefilter("ignore")  # pydicom warns about the mutated values
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as ends:
        folder, port = Path(scratch), free_port()
        own = {
            "LOBULE_GATEWAY_URL": "http://127.0.0.1:9",
            "LOBULE_API_TOKEN": "lobule_of_nobody",
            "LOBULE_DICOM_FOLDER": str(folder / "node"),
            "LOBULE_DICOM_CALLING_AE_TITLES": "MODALITY",
            "LOBULE_DICOM_COMMITMENT_PEERS": "MODALITY@127.0.0.1:9",
            "LOBULE_DICOM_PORT": str(port),
            "LOBULE_DICOM_RESERVE_BYTES": "0",
            "LOBULE_DICOM_TIMEOUT_S": "5",
            "LOBULE_LOG_LEVEL": "ERROR",
        }
        node = NodeProcess(os.environ | own, port, folder / "node.log")
        ends.callback(node.end)
        node.start()
        assert node.process is not None
        process, started = psutil.Process(node.process.pid), time.monotonic()
        warmed = Fuzzer(port)
        warmed.run(range(100))
        before = process.memory_info().rss
        fuzzers = [Fuzzer(port) for _ in range(given.callers)]
        last = given.first + given.count
        with ThreadPoolExecutor(given.callers) as callers:
            parts = [range(given.first + place, last, given.callers) for place in range(given.callers)]
            list(callers.map(lambda job: job[0].run(job[1]), zip(fuzzers, parts, strict=True)))
        growth = (process.memory_info().rss - before) / 1e6
        alive = node.process.poll() is None and echoes(port)
        outcomes = sum((each.outcomes for each in fuzzers), Counter[str]())
        successes = len(set[int]().union(warmed.successes, *(each.successes for each in fuzzers)))
        failures = Counter(re.findall(r'"error": "([^"]*)"', node.log.read_text()))
        stored = kept(folder / "node")
    print(*(f"{count:6} {name}" for name, count in sorted(outcomes.items())), sep="\n")
    print(*(f"{count:6} in the log: {name}" for name, count in failures.most_common(20)), sep="\n")
    seconds = round(time.monotonic() - started)
    print({"inputs": given.count, "alive": alive, "growth_mb": round(growth), "kept": stored, "successes": successes})
    print({"seconds": seconds})
    sys.exit(not alive or stored < successes or growth > GROWTH_MB)  # a success whose answer was lost is not counted


if __name__ == "__main__":
    main()
