"""Kills the DICOM node and cuts its connections repeatedly, and checks that no acknowledged film is lost or duplicated.

python bench/dicom_faults.py [--objects 500] [--kills 40] [--cuts 40]

A sender stores films over the network while, at random moments, the node is killed (SIGKILL) and restarted, or all
connections are cut in the middle of a transfer or an acknowledgment. It sends each film until the node answers with
success, as a PACS does. The node delivers to a real gateway. In the end, every film whose C-STORE was answered with
success must be exactly one image of one case, with the bytes that the node stored.
"""

import argparse
import hashlib
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import httpx
import numpy as np
import pydicom
from cut_connections import relay_to
from dicom_peer import FILM, connect
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from lobule.client import Client
from lobule.launcher import system as launcher
from lobule.launcher.system import DEMO, RunningSystem, running_system

VIEWS = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))


@dataclass
class NodeProcess:
    """A DICOM node in a separate process.

    Attributes:
        environment: Environment variables with its settings.
        port: Port on which it listens.
        log: Path of its log.
    """

    environment: dict[str, str]
    port: int
    log: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "dicom_node"], env=self.environment, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the node does not start:\n{self.log.read_text()[-2000:]}") from None
                time.sleep(0.05)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal, and wait until it has ended."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(60)


def free_port() -> int:
    """A port that is currently free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_token(system: RunningSystem, password: str) -> str:
    """Make an API token of the demo user, as an administrator does in the portal."""
    login = {"grant_type": "password", "username": DEMO, "password": password}
    access = httpx.post(f"{system.url}/api/v1/auth/token", json=login, timeout=30).json()["access_token"]
    answer = httpx.post(
        f"{system.url}/api/v1/tokens",
        json={"name": "dicom node", "scopes": ["read", "write"]},
        headers={"Authorization": f"Bearer {access}"},
        timeout=30,
    )
    return str(answer.raise_for_status().json()["secret"])


def node_for(system: RunningSystem, password: str, folder: Path, **settings: str) -> NodeProcess:
    """A node that delivers to a running system; it is not started yet."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    own = {
        "LOBULE_GATEWAY_URL": system.url,
        "LOBULE_API_TOKEN": make_token(system, password),
        "LOBULE_DICOM_FOLDER": str(folder / "node"),
        "LOBULE_DICOM_CALLING_AE_TITLES": "MODALITY,ORTHANC",
        "LOBULE_DICOM_PORT": str(port),
        "LOBULE_DICOM_RESERVE_BYTES": "0",
        "LOBULE_DICOM_QUIET_S": "2",
    }
    return NodeProcess(os.environ | own | settings, port, folder / "node.log")


@contextmanager
def running_gateway(home: Path) -> Iterator[RunningSystem]:
    """A real gateway with Redis and without workers."""
    with (
        mock.patch.multiple(launcher, WORKER_MODULES={}, QUEUES=()),
        running_system(home, "127.0.0.1", 0, show_logs=False, log_format="json", echo=lambda _: None) as system,
    ):
        yield system


def small_film(
    study: str, side: str, view: str, chance: np.random.Generator, height: int = 160, width: int = 120
) -> Dataset:
    """A film of a study, with pixels unlike those of any other film."""
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID = FILM
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID = generate_uid()
    film.StudyInstanceUID, film.SeriesInstanceUID = study, generate_uid()
    film.PatientName, film.PatientID, film.Modality = "Test^Faults", study[-8:], "MG"
    film.ImageLaterality, film.ViewPosition = side, view
    film.PresentationIntentType = "FOR PRESENTATION"
    film.Rows, film.Columns = height, width
    film.SamplesPerPixel, film.PixelRepresentation, film.PhotometricInterpretation = 1, 0, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit = 16, 12, 11
    film.PixelData = chance.integers(0, 4096, (height, width), dtype=np.uint16).tobytes()
    film["PixelData"].VR = "OW"
    return film


def films(count: int, seed: int = 15) -> list[Dataset]:
    """Films, four to a study."""
    chance = np.random.default_rng(seed)
    studies = [generate_uid() for _ in range((count + 3) // 4)]
    return [small_film(studies[n // 4], *VIEWS[n % 4], chance) for n in range(count)]


def send_until_acknowledged(port: int, to_send: list[Dataset], acknowledged: list[str]) -> None:
    """Send each film until it is acknowledged, over as many associations as needed."""
    waiting = list(to_send)
    while waiting:
        association = connect(port)
        try:
            while association.is_established and waiting:
                answer = association.send_c_store(waiting[0])
                if answer.get("Status") == 0x0000:
                    acknowledged.append(str(waiting.pop(0).SOPInstanceUID))
        except (RuntimeError, ValueError):
            pass  # the association ended while the film was sent
        finally:
            if association.is_established:
                association.release()
        if waiting:
            time.sleep(0.05)


def deliver_under_fire(
    node: NodeProcess, to_send: list[Dataset], kills: int, cuts: int = 0, seed: int = 15
) -> list[str]:
    """Send films while the node is killed and connections are cut at random moments; returns the acknowledged ones."""
    chance, acknowledged = random.Random(seed), list[str]()
    faults = ["kill"] * kills + ["cut"] * cuts
    chance.shuffle(faults)
    node.start()
    with relay_to(node.port) as network:
        sending = (network.port, to_send, acknowledged)
        sender = threading.Thread(target=send_until_acknowledged, args=sending, daemon=True)
        sender.start()
        for fault in faults:
            time.sleep(chance.uniform(0.05, 1.5) if fault == "kill" else chance.uniform(0.01, 0.3))
            if fault == "cut":
                network.cut()
            else:
                node.end(signal.SIGKILL)
                node.start()
        sender.join(600)
    assert not sender.is_alive(), "the sender did not come to its end"
    return acknowledged


def wait_until_delivered(node_folder: Path, seconds: float = 300) -> None:
    """Wait until no object waits for the gateway."""
    deadline = time.monotonic() + seconds
    database = sqlite3.connect(node_folder / "journal.sqlite")
    waiting = "SELECT count(*) FROM received WHERE state = 'waiting'"
    while database.execute(waiting).fetchone()[0]:
        assert time.monotonic() < deadline, "objects still wait"
        time.sleep(0.1)
    database.close()


def compare(acknowledged: list[str], node_folder: Path, client: Client) -> dict[str, int]:
    """Compare the acknowledged objects with those that the node and the gateway have."""
    kept = {}
    for file in (node_folder / "objects").iterdir():
        kept[str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID)] = file
    hashes = {uid: hashlib.sha256(file.read_bytes()).hexdigest() for uid, file in kept.items()}
    cases, page = list[str](), {"limit": 200}
    while True:
        answer = client.request("GET", "/api/v1/cases", params=page).json()
        cases += [case["id"] for case in answer["items"] if case["pseudonym"].startswith("PACS-")]
        if answer["next_cursor"] is None:
            break
        page["cursor"] = answer["next_cursor"]
    images = Counter(image["sha256"] for case in cases for image in client.case(case)["images"])
    ours = set(hashes.values())
    return {
        "acknowledged": len(acknowledged),
        "lost": sum(hashes.get(uid) not in images for uid in acknowledged),
        "twice": sum(count - 1 for sha256, count in images.items() if sha256 in ours),
        "cases": len(cases),
        "kept": len(kept),
    }


def main() -> None:
    """Run the benchmark and print the results."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--objects", type=int, default=500)
    arguments.add_argument("--kills", type=int, default=40)
    arguments.add_argument("--cuts", type=int, default=40)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_gateway(Path(folder) / "home") as system:
        password = system.home.secrets["demo_password"]
        node = node_for(system, password, Path(folder))
        started = time.monotonic()
        try:
            acknowledged = deliver_under_fire(node, films(given.objects), given.kills, given.cuts)
            wait_until_delivered(Path(folder) / "node")
        finally:
            node.end()
        with Client(system.url, DEMO, password) as client:
            outcome = compare(acknowledged, Path(folder) / "node", client)
    print({**outcome, "kills": given.kills, "cuts": given.cuts, "seconds": round(time.monotonic() - started, 1)})
    sys.exit(outcome["lost"] + outcome["twice"] != 0)


if __name__ == "__main__":
    main()
