"""Compares the node's Storage SCP with dcmtk's storescp: films of 26 MB, in one run.

python bench/dicom_throughput.py [--films 300] [--megabytes 26]

Both write to the same disk and alternate after each round of films; the node also hashes, validates, syncs and journals
each film. Prints MB/s of each, their ratio, and the node's memory.
"""

import argparse
import os
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
    """Films with different UIDs and the same pixels."""
    chance = np.random.default_rng(15)
    film = small_film(generate_uid(), "R", "CC", chance, height=int(megabytes * 1e6 / 2 / WIDTH), width=WIDTH)
    paths = []
    for number in range(count):
        film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        paths.append(folder / f"{number:03}.dcm")
        film.save_as(paths[-1], enforce_file_format=True)
    return paths


def seconds_to_send(port: int, folder: Path) -> float:
    """Seconds that dcmtk's storescu needs to send a folder over one association."""
    command = [tool("storescu"), "-aet", "MODALITY", "-aec", "LOBULE", "+sd", "127.0.0.1", str(port), str(folder)]
    started = time.monotonic()
    subprocess.run(command, check=True)
    return time.monotonic() - started


def peak_of(pid: int) -> int:
    """Peak resident memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return round(int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1e3)


def emptied(folder: Path) -> None:
    """Delete the files of a folder, but not the folder."""
    for path in folder.iterdir():
        path.unlink()


def main() -> None:
    """Run the benchmark and print the results."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--films", type=int, default=300)
    arguments.add_argument("--megabytes", type=float, default=26)
    arguments.add_argument("--round", type=int, default=30, help="films of a round; the disk holds two rounds")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("films", "storescp"):
            (folder / part).mkdir()
        port, rival_port = free_port(), free_port()
        received = ["-od", str(folder / "storescp"), str(rival_port)]
        rival = subprocess.Popen([tool("storescp"), "-aet", "LOBULE", *received])
        settings = {
            "LOBULE_API_TOKEN": "none",
            "LOBULE_GATEWAY_URL": "http://127.0.0.1:9",
            "LOBULE_DICOM_FOLDER": str(folder / "node"),
            "LOBULE_DICOM_CALLING_AE_TITLES": "MODALITY",
            "LOBULE_DICOM_PORT": str(port),
            "LOBULE_DICOM_RESERVE_BYTES": "0",
        }
        node = NodeProcess(os.environ | settings, port, folder / "node.log")
        seconds = {port: 0.0, rival_port: 0.0}
        try:
            node.start()
            assert node.process is not None
            process = psutil.Process(node.process.pid)
            held = [round(process.memory_info().rss / 1e6)]
            for number in range(0, given.films, given.round):
                make_films(folder / "films", min(given.round, given.films - number), given.megabytes)
                order = (port, rival_port) if number // given.round % 2 else (rival_port, port)
                for each in order:
                    seconds[each] += seconds_to_send(each, folder / "films")
                held.append(round(process.memory_info().rss / 1e6))
                emptied(folder / "storescp")
                emptied(folder / "node" / "objects")
                emptied(folder / "films")
            peak = peak_of(process.pid)
        finally:
            rival.terminate()
            rival.wait()
            node.end()
    total = given.films * given.megabytes
    print(
        {
            "films": given.films,
            "MB each": given.megabytes,
            "storescp MB/s": round(total / seconds[rival_port], 1),
            "node MB/s": round(total / seconds[port], 1),
            "ratio": round(seconds[rival_port] / seconds[port], 2),
            "node MB at start and after each round": held,
            "node MB at the peak": peak,
        }
    )


if __name__ == "__main__":
    main()
