"""Measures the peak memory of every service for the largest accepted images, and of the gateway for hostile uploads.

uv run --no-sync python bench/memory_limits.py workers [--film FILE] [--field FILE] [--um-per-pixel SCALE]
uv run --no-sync python bench/memory_limits.py gateway

`workers` prints, for each kind of file, the peak of a process that does the work of the worker's child, and the sum of
the peaks of its decoder's two processes, which are not at the same time and share pages. A container also runs the
worker's parent, and holds the files that worker and decoder exchange. Without real images, drawn ones are enlarged.
`gateway` starts a gateway, uploads hostile files, and prints how much its memory grew; it exits with status 1 if that
is over 150 MB.
"""

import hashlib
import io
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import cv2
import imagecodecs
import numpy as np
import psutil
import tifffile
import typer
from hostile_files import uploads
from memory import peak, reset_peak, resident
from PIL import Image, ImageCms
from small_images import dicom_of

from lobule import limits
from lobule.client import ApiError, Client
from lobule.contracts.result import ImageInfo, Modality
from lobule.decoding.images import decoder
from lobule.errors import AnalysisError
from lobule.imaging.decode import decode_rgb
from lobule.imaging.header import read_header
from lobule.imaging.read_film import read_film
from lobule.launcher import system as launcher
from lobule.phantoms import histology_phantom, mammogram_phantom
from lobule.worker.pipeline import no_progress

app = typer.Typer(help=__doc__)
Image.MAX_IMAGE_PIXELS = None
_FILM = (12_500, 8_000)  # rows and columns: 100 megapixels
_FIELD = (8_100, 12_300)


def films(source: Path | None) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """The largest films, by name."""
    small = read_film(source.read_bytes()).pixels if source else mammogram_phantom(1)
    small = small if small.dtype == np.uint8 else (small >> 8).astype(np.uint8)
    large = cv2.resize(small, _FILM[::-1], interpolation=cv2.INTER_CUBIC).astype(np.uint16) << 8
    large += np.random.default_rng(0).integers(0, 256, (1, _FILM[1]), np.uint16)
    grey8 = (large >> 8).astype(np.uint8)
    yield "film, 8-bit JPEG", lambda: bytes(imagecodecs.jpeg8_encode(grey8, level=90))
    yield "film, 16-bit PNG", lambda: bytes(imagecodecs.png_encode(large, level=1))
    yield (
        "film, 16-bit PNG with alpha",
        lambda: bytes(imagecodecs.png_encode(np.dstack([large, np.full_like(large, 65535)]), level=1)),
    )
    yield "film, 16-bit TIFF, raw", lambda: _tiff(large, photometric="minisblack")
    yield (
        "film, 16-bit TIFF, white is zero, LZW in one strip",
        lambda: _tiff(65535 - large, photometric="miniswhite", compression="lzw", rowsperstrip=_FILM[0]),
    )
    yield (
        "film, 16-bit TIFF, lying",
        lambda: _tiff(
            np.ascontiguousarray(np.rot90(large)), photometric="minisblack", extratags=[(274, "H", 1, 6, True)]
        ),
    )
    yield "film, 16-bit DICOM, raw", lambda: dicom_of(large)
    yield (
        "film, 16-bit DICOM, JPEG 2000",
        lambda: dicom_of(large, bytes(imagecodecs.jpeg2k_encode(large, codecformat="j2k", level=0, reversible=True))),
    )


def fields(source: Path | None) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """The largest fields, by name."""
    small = decode_rgb(source.read_bytes()) if source else histology_phantom(1, crowded=True)
    large = cv2.resize(small, _FIELD[::-1], interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    two_thirds = large[: limits.MAX_DECODED_BYTES // 6 // _FIELD[1]]
    yield "field, JPEG", lambda: bytes(imagecodecs.jpeg8_encode(large, level=90))
    yield (
        "field, progressive JPEG (44 MP)",
        lambda: _saved(Image.fromarray(large[:3_600]), "JPEG", progressive=True, subsampling=0, quality=85),
    )
    yield "field, PNG", lambda: bytes(imagecodecs.png_encode(large, level=1))
    yield (
        "field, PNG with alpha",
        lambda: bytes(imagecodecs.png_encode(np.dstack([large, np.full(_FIELD, 255, np.uint8)]), level=1)),
    )
    yield (
        "field, PNG of 16 bits (66 MP)",
        lambda: bytes(imagecodecs.png_encode(two_thirds.astype(np.uint16) * 257, level=1)),
    )
    yield (
        "field, TIFF, planar",
        lambda: _tiff(np.moveaxis(large, -1, 0), photometric="rgb", planarconfig="separate", compression="zlib"),
    )
    yield (
        "field, CMYK TIFF with a profile for other colours",
        lambda: _tiff(
            np.dstack([255 - large, np.zeros(_FIELD, np.uint8)]),
            photometric="separated",
            compression="zlib",
            iccprofile=profile,
        ),
    )
    yield "field, L*a*b* TIFF", lambda: _tiff(_in_lab(large), photometric="cielab", compression="zlib")


def _in_lab(rgb: np.ndarray) -> np.ndarray:
    """L*a*b* as in Pillow and TIFF: a and b signed."""
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = np.empty_like(rgb)
    for top in range(0, len(rgb), 1000):
        lab[top : top + 1000] = np.asarray(ImageCms.applyTransform(Image.fromarray(rgb[top : top + 1000]), to_lab))
    return lab


def _tiff(pixels: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, metadata=None, **options)
    return stream.getvalue()


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def analyse(asked: tuple[Modality, float | None]) -> Callable[[Path], None]:
    """Return a function that analyses a file of a modality, at a scale, as an inference worker's child does."""
    modality, um = asked
    if modality == "mammography":
        from mammo_worker.pipeline import build_pipeline
    else:
        from histo_worker.pipeline import build_pipeline
    pipeline = build_pipeline()

    def run(path: Path) -> None:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            header = read_header(file, modality)
            width, height = header.width, header.height
            image = ImageInfo(
                sha256=digest, file_name="image", modality=modality, width=width, height=height, um_per_pixel=um
            )
            pipeline.analyse(file, image, no_progress)

    return run


def draw(kind: Any) -> Callable[[Path], None]:
    """Return a function that draws a file as the report worker's child does."""
    import report.worker  # noqa: F401 - so that memory at rest is that of the worker
    from report.film_view import draw_picture

    def run(path: Path) -> None:
        draw_picture(path.read_bytes(), kind)

    return run


def _measured(build: Callable[[Any], Callable[[Path], None]], argument: Any, path: Path, answer: Any) -> None:
    run = build(argument)
    rest, started = reset_peak(), time.perf_counter()
    try:
        run(path)
        outcome = "done"
    except AnalysisError as error:
        outcome = error.code
    answer.put((rest, peak(), _decoder_peak(), time.perf_counter() - started, outcome))


def _decoder_peak() -> float:
    """Peaks of the decoder's child and of its server in MB; 0 if it did not run."""
    server = peak(decoder.running.process.pid) if decoder.running else 0.0
    return decoder.peak_mb * 1.048576 + server  # the decoder counts in MiB


def measure(build: Callable[[Any], Callable[[Path], None]], argument: Any, path: Path) -> tuple[Any, ...]:
    """Memory at rest, peak and the decoder's peak in MB, seconds and outcome, in a separate process."""
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=_measured, args=(build, argument, path, answer))
    process.start()
    while answer.empty():
        process.join(0.2)
        if process.exitcode not in (None, 0):
            return (0, 0, 0, 0, f"died: {process.exitcode}")
    result = answer.get()
    process.join()
    return result


@app.command()
def workers(
    film: Annotated[Path | None, typer.Option(help="A real film.")] = None,
    field: Annotated[Path | None, typer.Option(help="A real H&E field.")] = None,
    only: Annotated[str, typer.Option(help="Only kinds of files whose name contains this.")] = "",
    worker: Annotated[str, typer.Option(help="Only workers whose name contains this.")] = "",
    um_per_pixel: Annotated[float | None, typer.Option(help="Scale of the fields; none if it is not known.")] = None,
) -> None:
    """Measure report, mammography and histopathology workers."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    jobs: dict[str, list[tuple[str, Any, Any]]] = {
        "film": [("mammo", analyse, ("mammography", None)), ("report, samples", draw, "samples")],
        "field": [("histo", analyse, ("histopathology", um_per_pixel))],
    }
    print(f"{'worker':16} {'file':52} {'file MB':>8} {'rest':>6} {'peak':>6} {'decoder':>7} {'s':>6}  outcome")
    with tempfile.TemporaryDirectory() as folder:
        kinds = chain(films(film) if worker != "histo" else (), fields(field) if worker != "mammo" else ())
        for name, make in kinds:
            if only not in name:
                continue
            path = Path(folder) / "image"
            path.write_bytes(make())
            for called, build, argument in [*jobs[name.split(",")[0]], ("report, preview", draw, "preview")]:
                if worker not in called:
                    continue
                rest, most, decoding, seconds, outcome = measure(build, argument, path)
                size = path.stat().st_size / 1e6
                figures = f"{size:8.1f} {rest:6.0f} {most:6.0f} {decoding:7.0f} {seconds:6.1f}"
                print(f"{called:16} {name:52} {figures}  {outcome}", flush=True)


@contextmanager
def gateway_alone(folder: Path) -> Iterator[tuple[Client, int]]:
    """A gateway without workers: a client for it, and its process id."""
    with (
        patch.dict(launcher.WORKER_MODULES, clear=True),
        patch.object(launcher, "QUEUES", ()),
        launcher.running_system(
            folder, "127.0.0.1", 0, show_logs=False, log_format="json", echo=lambda _: None
        ) as system,
        Client(system.url, launcher.DEMO, system.home.secrets["demo_password"]) as client,
    ):
        yield client, _gateway_process(system.url.rpartition(":")[2])


def growth(
    client: Client, process: int, folder: Path, uploads: Iterable[tuple[str, Callable[[], bytes]]]
) -> Iterator[tuple[str, float, float, float, str]]:
    """Upload files one by one: name, MB of the file, growth of the gateway in MB, seconds, answer."""
    path = folder / "upload"
    path.write_bytes(_saved(Image.effect_noise((80, 80), 50), "PNG"))
    client.upload(path, "mammography")
    rest = resident(process)
    for name, make in uploads:
        path.write_bytes(make())
        reset_peak(process)
        started = time.perf_counter()
        try:
            client.upload(path, "mammography")
            answer = "202"
        except ApiError as error:
            answer = error.code
        seconds = time.perf_counter() - started
        yield name, path.stat().st_size / 1e6, peak(process) - rest, seconds, answer


@app.command()
def gateway() -> None:
    """Measure a gateway under hostile uploads."""
    with tempfile.TemporaryDirectory() as name, gateway_alone(Path(name)) as (client, process):
        print(f"{'file':52} {'file MB':>8} {'grown MB':>8} {'s':>6}  answer")
        worst = 0.0
        for file, size, grown, seconds, answer in growth(client, process, Path(name), uploads()):
            worst = max(worst, grown)
            print(f"{file:52} {size:8.1f} {grown:8.0f} {seconds:6.2f}  {answer}", flush=True)
        print(f"grown at most: {worst:.0f} MB; at rest afterwards: {resident(process):.0f} MB")
    if worst > 150:
        sys.exit(1)


def _gateway_process(port: str) -> int:
    for process in psutil.Process(os.getpid()).children(recursive=True):
        if {"gateway", port} <= set(process.cmdline()):
            return process.pid
    raise SystemExit("the gateway's process was not found")


if __name__ == "__main__":
    app()
