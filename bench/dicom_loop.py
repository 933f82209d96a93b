"""Takes four films through the whole DICOM loop: storescu to a real Orthanc, to the node, to the model, and back.

python bench/dicom_loop.py RCC.jpg LCC.jpg RMLO.jpg LMLO.jpg

The pictures are written as mammograms of one study. Prints, in seconds after storescu started, when the films arrived
in Orthanc and at the node, when each analysis finished, and when each kind of result arrived in Orthanc.
"""

import argparse
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
from dicom_faults import VIEWS, free_port, node_for, small_film
from dicom_peer import tool
from orthanc import running_orthanc
from PIL import Image
from pydicom.uid import generate_uid

from lobule.client import Client
from lobule.launcher import system as launcher
from lobule.launcher.system import DEMO, RunningSystem, running_system

LIMIT_S = 540


def write(pictures: list[Path], folder: Path) -> str:
    """Write pictures as films of one study with 12 bits; returns its StudyInstanceUID."""
    study, chance = generate_uid(), np.random.default_rng(15)
    for (side, view), picture in zip(VIEWS, pictures, strict=True):
        pixels = np.asarray(Image.open(picture).convert("L"), np.uint16) * 16
        film = small_film(study, side, view, chance, *pixels.shape)
        film.PixelData = pixels.tobytes()
        film.save_as(folder / f"{side}{view}.dcm", enforce_file_format=True)
    return study


@contextmanager
def running_loop(system: RunningSystem, folder: Path, **settings: str) -> Iterator[SimpleNamespace]:
    """An Orthanc, a node that receives its films and returns every kind of result, and a client of the gateway."""
    password, dicom_port = system.home.secrets["demo_password"], free_port()
    wanted = f"ORTHANC@127.0.0.1:{dicom_port}/usual+cad+pictures"
    node_of_priors = f"ORTHANC@127.0.0.1:{dicom_port}"
    own = {"LOBULE_DICOM_DESTINATIONS": wanted, "LOBULE_DICOM_PRIOR_NODES": node_of_priors}
    node = node_for(system, password, folder, **(own | settings))
    node.start()
    try:
        with (
            running_orthanc(folder / "orthanc", dicom_port, free_port(), node.port) as orthanc,
            Client(system.url, DEMO, password) as client,
        ):
            yield SimpleNamespace(orthanc=orthanc, node=node, client=client, folder=folder, system=system)
    finally:
        node.end()


class Watch:
    """Waits for events of the loop and prints their times.

    Args:
        loop: See `running_loop`.
        study: StudyInstanceUID of the films.
    """

    def __init__(self, loop: SimpleNamespace, study: str) -> None:
        self._loop, self._study, self._started = loop, study, time.monotonic()

    def wait_for(self, what: str, there: Callable[[], object]) -> None:
        """Wait until `there` holds, and print the seconds since the start."""
        while not there():
            if time.monotonic() - self._started > LIMIT_S:
                raise SystemExit(f"{what}: not there after {LIMIT_S} s")
            time.sleep(0.2)
        print(f"{time.monotonic() - self._started:7.1f} s  {what}", flush=True)

    def stored(self, modality: str, count: int) -> Callable[[], bool]:
        """Whether Orthanc has this number of objects of a modality."""
        return lambda: len(self._loop.orthanc.instances(self._study).get(modality, [])) >= count

    def cases(self) -> list[dict[str, Any]]:
        """The cases with their images and jobs."""
        found = self._loop.client.request("GET", "/api/v1/cases").json()["items"]
        return [self._loop.client.case(case["id"]) for case in found]

    def analysed(self, count: int) -> Callable[[], bool]:
        """Whether this number of films is analysed."""
        return lambda: sum(image["state"] == "assessed" for image in self.cases()[0]["images"]) >= count


def run(loop: SimpleNamespace, pictures: list[Path]) -> None:
    """Send the films and follow them."""
    films = loop.folder / "films"
    films.mkdir()
    study = write(pictures, films)
    watch, client = Watch(loop, study), loop.client
    send = [tool("storescu"), "-aet", "MODALITY", "-aec", "ORTHANC", "127.0.0.1", str(loop.orthanc.dicom_port)]
    subprocess.run([*send, *sorted(films.iterdir())], check=True)
    watch.wait_for("four films in Orthanc", watch.stored("MG", 4))
    watch.wait_for("four films with the node", lambda: _received(loop.folder / "node") == 4)
    watch.wait_for("a case", watch.cases)
    for count in (1, 2, 3, 4):
        watch.wait_for(f"{count} analysed", watch.analysed(count))
    [case] = watch.cases()
    watch.wait_for("films read together", lambda: client.examination(case["id"])["state"] in ("done", "failed", "none"))
    results = [client.result(image["job"]["id"]) for image in watch.cases()[0]["images"]]
    for modality, count in (("SR", 3), ("PR", sum(bool(r.marked_findings()) for r in results)), ("OT", 1), ("DOC", 1)):
        watch.wait_for(f"{count} of {modality} in Orthanc", watch.stored(modality, count))
    print({modality: len(found) for modality, found in loop.orthanc.instances(study).items()})


def main() -> None:
    """Run the loop once and print the times."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("pictures", type=Path, nargs=4)
    given = arguments.parse_args()
    workers = {name: launcher.WORKER_MODULES[name] for name in ("mammo", "report")}
    with (
        tempfile.TemporaryDirectory() as scratch,
        mock.patch.multiple(launcher, WORKER_MODULES=workers, QUEUES=tuple(workers)),
        running_system(
            Path(scratch) / "home", "127.0.0.1", 0, show_logs=False, log_format="json", echo=lambda _: None
        ) as system,
        running_loop(system, Path(scratch)) as loop,
    ):
        run(loop, given.pictures)


def _received(folder: Path) -> int:
    with sqlite3.connect(folder / "journal.sqlite") as database:
        return database.execute("SELECT count(*) FROM received").fetchone()[0]


if __name__ == "__main__":
    main()
