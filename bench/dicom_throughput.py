"""Compare the node's Storage SCP with dcmtk's storescp: films of 26 MB over one association, in one run.

python bench/dicom_throughput.py [--films 300] [--megabytes 26]

Both write to the same disk; the node also hashes, judges, writes through and journals each film. Prints MB/s of each,
their ratio, and the node's memory at the start and at its peak.
"""

import argparse
import os
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from dicom_faults import NodeProcess, free_port, small_film
from dicom_peer import tool
from pydicom.uid import generate_uid

WIDTH = 3328


def make_films(folder: Path, count: int, megabytes: float) -> list[Path]:
    """Films with names of their own and the same pixels."""
    chance = np.random.default_rng(15)
    film = small_film(generate_uid(), "R", "CC", chance, height=int(megabytes * 1e6 / 2 / WIDTH), width=WIDTH)
    paths = []
    for number in range(count):
        film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        paths.append(folder / f"{number:03}.dcm")
        film.save_as(paths[-1], enforce_file_format=True)
    return paths


def seconds_to_send(port: int, folder: Path) -> float:
    """Send a folder by dcmtk's storescu over one association."""
    command = [tool("storescu"), "-aet", "MODALITY", "-aec", "LOBULE", "+sd", "127.0.0.1", str(port), str(folder)]
    started = time.monotonic()
    subprocess.run(command, check=True)
    return time.monotonic() - started


def main() -> None:
    """Run the benchmark and print the results."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--films", type=int, default=300)
    arguments.add_argument("--megabytes", type=float, default=26)
    given = arguments.parse_args()
    total = given.films * given.megabytes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("films", "storescp"):
            (folder / part).mkdir()
        make_films(folder / "films", given.films, given.megabytes)
        port = free_port()
        rival = subprocess.Popen([tool("storescp"), "-aet", "LOBULE", "-od", str(folder / "storescp"), str(port)])
        time.sleep(1)
        theirs = total / seconds_to_send(port, folder / "films")
        rival.terminate()
        rival.wait()
        shutil.rmtree(folder / "storescp")
        port = free_port()
        settings = {
            "LOBULE_API_TOKEN": "none",
            "LOBULE_GATEWAY_URL": "http://127.0.0.1:9",
            "LOBULE_DICOM_FOLDER": str(folder / "node"),
            "LOBULE_DICOM_CALLING_AE_TITLES": "MODALITY",
            "LOBULE_DICOM_PORT": str(port),
            "LOBULE_DICOM_RESERVE_BYTES": "0",
        }
        node = NodeProcess(os.environ | settings, port, folder / "node.log")
        node.start()
        assert node.process is not None
        before = psutil.Process(node.process.pid).memory_info().rss / 1e6
        ours = total / seconds_to_send(port, folder / "films")
        node.end()
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    print(
        {
            "films": given.films,
            "MB each": given.megabytes,
            "storescp MB/s": round(theirs, 1),
            "node MB/s": round(ours, 1),
            "ratio": round(ours / theirs, 2),
            "node MB at start": round(before),
            "largest child MB": round(peak),
        }
    )


if __name__ == "__main__":
    main()
