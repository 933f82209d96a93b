"""Peak memory of a gateway whose largest film slow readers retrieve.

uv run --no-sync python bench/slow_readers.py [--readers N]

The film has 100 million 16-bit pixels (200 MB). By each route, readers begin to retrieve it at once, take the first
bytes and then nothing more until the gateway has stopped reading. Prints by how much the gateway's memory grew over its
rest, at most and while the readers wait; ends with status 1 if it grew by more than 200 MB.
"""

import io
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import httpx
import numpy as np
import psutil
import pydicom
import typer
from memory import peak, reset_peak, resident
from memory_limits import gateway_alone
from small_images import dicom_of

from lobule import layout

_SHAPE = (12_500, 8_000)
_MOST_MB = 200


def film() -> bytes:
    """The largest film, with the identifiers that DICOMweb finds it by."""
    pixels = np.random.default_rng(0).integers(0, 65536, _SHAPE, np.uint16)
    written = pydicom.dcmread(io.BytesIO(dicom_of(pixels)))
    written.StudyInstanceUID, written.SeriesInstanceUID, written.SOPInstanceUID = "2.25.1", "2.25.2", "2.25.3"
    stream = io.BytesIO()
    written.save_as(stream)
    return stream.getvalue()


def instance_of(http: httpx.Client) -> str:
    """The path of the one film, which has other identifiers than its file had."""
    [found] = http.get("/dicom-web/instances").raise_for_status().json()
    study, series, instance = (found[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
    return f"/dicom-web/studies/{study}/series/{series}/instances/{instance}"


def held_by_readers(http: httpx.Client, process: int, path: str, count: int) -> tuple[float, float]:
    """Growth of the gateway over its rest in MB: at most, and while the readers wait."""
    rest = reset_peak(process)
    with ExitStack() as answers, ThreadPoolExecutor(count) as threads:

        def begin(_: int) -> None:
            answer = answers.enter_context(http.stream("GET", path))
            if answer.status_code != 200:
                raise SystemExit(f"{path}: {answer.status_code}")
            next(answer.iter_raw(1))

        list(threads.map(begin, range(count)))
        known, now = -1, psutil.Process(process).io_counters().read_chars
        while now != known:
            time.sleep(2)
            known, now = now, psutil.Process(process).io_counters().read_chars
        return peak(process) - rest, resident(process) - rest


def main(readers: Annotated[int, typer.Option(help="Readers at once.")] = 8) -> None:
    """Measure each route that hands out large files."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as name, gateway_alone(Path(name)) as (client, process):
        folder = Path(name)
        source = folder / "film.dcm"
        source.write_bytes(film())
        job = client.upload(source, "mammography", case_id=client.open_case("slow readers"))
        image = client.call("GET", f"/api/v1/jobs/{job}")["image_id"]
        [objects] = folder.glob("**/objects")
        samples = objects / layout.file_key(layout.film_folder(image), layout.SAMPLES_FILE)
        samples.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, samples)  # the gateway does not look into it
        made = client.call("POST", "/api/v1/tokens", json={"name": "slow readers", "scopes": ["read"]})
        headers = {"Authorization": f"Bearer {made['secret']}"}
        with httpx.Client(base_url=client._http.base_url, headers=headers, timeout=60) as http:
            instance = instance_of(http)
            print(f"{'route':52} {'peak MB':>8} {'held MB':>8}")
            for path in (
                f"{instance}/frames/1",
                f"{instance}/bulkdata/7FE00010",
                instance,
                f"/api/v1/images/{image}/content",
                f"/api/v1/images/{image}/film/samples",
            ):
                most, held = held_by_readers(http, process, path, readers)
                worst = max(worst, most)
                shown = path.replace(image, "ID").replace(instance, "/dicom-web/.../instances/UID")
                print(f"{shown:52} {most:8.0f} {held:8.0f}", flush=True)
    print(f"{readers} readers; grown at most: {worst:.0f} MB")
    if worst > _MOST_MB:
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
