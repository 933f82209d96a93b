"""Fixtures for every test: the real images, drawn films, a real Redis, a real PostgreSQL."""

import fcntl
import gc
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import postgres
import pydicom
import pylopdf_fonts_zh_cn
import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid
from redis import Redis
from servers import running_redis

from lobule.worker.pipeline import Pipeline

REPOSITORY = Path(__file__).parent

expect.set_options(timeout=90_000)  # a machine that does much else besides
hypothesis.settings.register_profile("lobule", deadline=None)  # the same machine
hypothesis.settings.load_profile("lobule")

gc.disable()  # until everything is imported: all of it stays
os.fsync = lambda _descriptor: None  # no test cuts the power, and thousands of files would each wait for the disk


def pytest_collection_finish() -> None:
    """Keep what was imported, TensorFlow above all, out of every later collection of garbage."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Share the tests out among processes; of pytest-xdist, which only `make test` needs."""
    from parallel import FileByFile

    return FileByFile(config, log)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images; tests that need it are skipped where it is not there."""
    folder = Path(os.environ.get("LOBULE_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real images: {folder} is not there (set LOBULE_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def real_field(shared_data: Path) -> Path:
    """A real histopathology field, 700 x 460, malignant."""
    return sorted((shared_data / "breakhis" / "images").glob("SOB_M_*-100-*.jpg"))[0]


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real Redis of our own, on a Unix socket."""
    with running_redis() as url:
        yield url


@pytest.fixture
def clean_redis(redis_url: str) -> str:
    """The Redis, emptied."""
    Redis.from_url(redis_url).flushall()
    return redis_url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL of our own; the address of its databases."""
    if not postgres.installed():
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with postgres.running_postgres() as address:
        yield address


@pytest.fixture
def new_postgres_url(postgres_server: str) -> Iterator[Callable[..., str]]:
    """Makes fresh PostgreSQL databases, empty or copies of a template; they are deleted after the test."""
    made: list[str] = []

    def make(template: str = "template1") -> str:
        made.append(postgres.new_database(postgres_server, template))
        return made[-1]

    yield make
    for url in made:  # hundreds of databases would take half a minute to delete at the end
        postgres.drop_database(url)


@pytest.fixture
def postgres_url(new_postgres_url: Callable[..., str]) -> str:
    """A fresh, empty PostgreSQL database."""
    return new_postgres_url()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the present schema, to be copied.

    The migrations take longer than most tests, so the processes of a run share it.
    """
    from gateway.migrate import migrate

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    path = folder / "migrated.sqlite"
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            migrate(f"sqlite:///{folder / 'migrating.sqlite'}")
            (folder / "migrating.sqlite").rename(path)
    return path


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The system's Chromium or Playwright's own; the one without windows takes half the CPU time.

    It has a Chinese font, as the machines of readers of Chinese do: without one, words of other widths are measured.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    executable = os.environ.get("LOBULE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        if executable is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no Chromium: install one, or name it in LOBULE_CHROMIUM")
        arguments = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
        fonts = {"FONTCONFIG_FILE": str(_font_configuration(tmp_path_factory.mktemp("fonts")))}
        browser = playwright.chromium.launch(executable_path=executable, args=arguments, env=os.environ | fonts)
        yield browser
        browser.close()


def _font_configuration(folder: Path) -> Path:
    """A configuration of fontconfig: the system's fonts, and the Chinese one that reports are set in."""
    file, chinese = folder / "fonts.conf", pylopdf_fonts_zh_cn.sans_path().parent
    file.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>'
        '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
        f"<dir>{chinese}</dir><cachedir>{folder}</cachedir></fontconfig>"
    )
    return file


@pytest.fixture(scope="session")
def mammography_pipeline() -> Pipeline:
    """The mammography worker's pipeline with the model package that ships. It takes long to build."""
    from mammo_worker.packages import package_folder
    from mammo_worker.pipeline import build_pipeline

    if not (package_folder() / "model.json").exists():
        pytest.skip(f"the model package {package_folder().name} is not installed")
    return build_pipeline()


@pytest.fixture(scope="session")
def draw_film():
    """Draws a film: a bright half ellipse at one side on dark background, with noise that no codec finds easy."""

    def draw(height=240, width=150, bits=12, right=False, seed=0):
        y, x = np.mgrid[:height, :width]
        inside = ((x / (0.8 * width)) ** 2 + ((y - height / 2) / (0.42 * height)) ** 2) < 1
        chance = np.random.default_rng(seed)
        tissue = 0.45 + 0.2 * np.sin(x / 9) * np.cos(y / 13) + chance.normal(0, 0.03, (height, width))
        grey = np.where(inside, tissue, 0.02 + chance.uniform(0, 0.01, (height, width)))
        film = (np.clip(grey, 0, 1) * (2**bits - 1)).astype(np.uint8 if bits <= 8 else np.uint16)
        return np.ascontiguousarray(film[:, ::-1] if right else film)

    return draw


@pytest.fixture(scope="session")
def write_dicom():
    """Writes pixels as an uncompressed digital mammogram."""

    def write(path, pixels, bits, **tags):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
        meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset = Dataset()
        dataset.file_meta = meta
        dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
        dataset.PatientName, dataset.PatientID, dataset.Modality = "Test^Film", "1", "MG"
        dataset.Rows, dataset.Columns = pixels.shape
        dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.BitsAllocated = 8 if pixels.dtype == np.uint8 else 16
        dataset.BitsStored, dataset.HighBit = bits, bits - 1
        dataset.PresentationIntentType = "FOR PRESENTATION"
        for name, value in tags.items():
            setattr(dataset, name, value)
        data = pixels.tobytes()
        dataset.PixelData = data + b"\0" * (len(data) % 2)
        dataset["PixelData"].VR = "OB" if pixels.dtype == np.uint8 else "OW"
        pydicom.dcmwrite(path, dataset, enforce_file_format=True)
        return path

    return write


@pytest.fixture(scope="session")
def adobe_rgb() -> bytes:
    """An ICC profile (version 2, matrix and gamma) of the colour space Adobe RGB (1998)."""
    colourants = {
        b"rXYZ": (0.60974, 0.31111, 0.01947),
        b"gXYZ": (0.20528, 0.62567, 0.06087),
        b"bXYZ": (0.14919, 0.06322, 0.74457),
        b"wtpt": (0.95045, 1.0, 1.08905),
    }
    tags = {
        name: b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))
        for name, values in colourants.items()
    }
    tags |= {name: b"curv\0\0\0\0" + struct.pack(">IHH", 1, 0x0233, 0) for name in (b"rTRC", b"gTRC", b"bTRC")}
    tags |= {b"cprt": b"text\0\0\0\0CC0\0", b"desc": b"desc\0\0\0\0" + struct.pack(">I", 6) + b"Adobe\0" + b"\0" * 78}
    table, content = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += b"\0" * (-len(data) % 4)
        table += struct.pack(">4sII", name, start + len(content), len(data))
        content += data
    illuminant = struct.pack(">3i", 63190, 65536, 54061)
    header = struct.pack(">I4xI4s4s4s12x", start + len(content), 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header = (header + b"acsp").ljust(68, b"\0") + illuminant
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + content


@pytest.fixture(scope="session")
def as_adobe_rgb() -> Callable[[np.ndarray], np.ndarray]:
    """The same colours, 8-bit sRGB in, 8-bit Adobe RGB (1998) out, by the two standards' formulas."""

    def convert(srgb: np.ndarray) -> np.ndarray:
        share = srgb / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        matrix = [[0.7151622, 0.2848378, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0411705, 0.9588295]]
        return np.rint((linear @ np.array(matrix).T).clip(0, 1) ** (256 / 563) * 255).astype(np.uint8)

    return convert
