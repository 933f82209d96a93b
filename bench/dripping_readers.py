"""Memory of a gateway whose answers clients take a byte at a time.

uv run --no-sync python bench/dripping_readers.py [--readers N] [--megabytes N]

Each reader asks for a large picture, and takes a byte every five seconds. Prints by how much the gateway's memory grew
over its rest and how many readers it still serves, once they have asked and later; ends with status 1 if it serves one
of them after the time that docs/limits.md gives them.
"""

import socket
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated

import numpy as np
import psutil
import typer
from memory import peak, reset_peak, resident
from memory_limits import gateway_alone
from small_images import dicom_of

from lobule import layout, limits
from lobule.client import Client

_EVERY_S = 5


def large_picture(folder: Path, client: Client, size: int) -> str:
    """The path of a picture of so many bytes, stored as a worker would have left it."""
    film = folder / "film.dcm"
    film.write_bytes(dicom_of(np.random.default_rng(0).integers(0, 65536, (500, 400), np.uint16)))
    job = client.upload(film, "mammography")
    [objects] = folder.glob("**/objects")
    picture = objects / layout.file_key(layout.attempt_folder(job, "report", 0), layout.THUMBNAIL_FILE)
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(bytes(size))
    return f"/api/v1/jobs/{job}/thumbnail"


def ask(address: tuple[str, int], path: str, secret: str) -> socket.socket:
    """Ask for a path, and take nothing yet."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(address)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {address[0]}\r\nAuthorization: Bearer {secret}\r\n\r\n".encode())
    client.recv(1)
    return client


def main(
    readers: Annotated[int, typer.Option(help="Readers at once.")] = 30,
    megabytes: Annotated[int, typer.Option(help="Size of the answer.")] = 12,
) -> None:
    """Measure the gateway until it has let go of the readers, or for two minutes."""
    with tempfile.TemporaryDirectory() as name, gateway_alone(Path(name)) as (client, process), ExitStack() as opened:
        path = large_picture(Path(name), client, megabytes * 1_000_000)
        secret = client.call("POST", "/api/v1/tokens", json={"name": "drips", "scopes": ["read"]})["secret"]
        url = client._http.base_url
        rest = reset_peak(process)
        served = [opened.enter_context(ask((url.host, url.port or 80), path, secret)) for _ in range(readers)]
        kept = {each.getsockname()[1] for each in served}
        started, left = time.perf_counter(), readers
        print(f"{'s':>4} {'readers':>8} {'grown MB':>9}")
        while left and (passed := time.perf_counter() - started) < 120:
            connections = psutil.Process(process).net_connections("tcp")
            left = sum(each.status == "ESTABLISHED" and each.raddr.port in kept for each in connections if each.raddr)
            print(f"{passed:4.0f} {left:8} {resident(process) - rest:9.0f}", flush=True)
            time.sleep(_EVERY_S)
            for each in served:
                with suppress(OSError):
                    each.recv(1, socket.MSG_DONTWAIT)
        grown = f"grown at most: {peak(process) - rest:.0f} MB, at last: {resident(process) - rest:.0f} MB"
        print(f"{readers} readers of {megabytes} MB; {grown}")
    if left and passed > 2 * limits.ANSWER_GRACE_S:
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
