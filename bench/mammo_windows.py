"""Measures how a film's probability depends on window, range, depth, photometric interpretation and padding.

    python bench/mammo_windows.py --data ../shared/data

Every film is written as DICOM and read by the service's own reader. If all canvases of a film are equal, the network
would give the same output, so it is not run.
"""

import argparse
import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from lobule.errors import AnalysisError
from lobule.imaging.read_film import read_film
from mammo_worker.calibration import Calibration, film_features
from mammo_worker.films.gate import check_mammogram
from mammo_worker.films.hanging import hang_film
from mammo_worker.films.prepare import PreparedFilm
from mammo_worker.packages import installed_package, load_detector

PADDING = 65535


def dicom(pixels: NDArray[Any], bits: int, **tags: Any) -> bytes:
    """A digital mammogram, uncompressed."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid()
    film = Dataset()
    film.file_meta = meta
    film.SOPClassUID, film.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    film.StudyInstanceUID, film.SeriesInstanceUID = generate_uid(), generate_uid()
    film.PatientName, film.PatientID, film.Modality = "Test^Film", "1", "MG"
    film.PresentationIntentType, film.PhotometricInterpretation = "FOR PRESENTATION", "MONOCHROME2"
    film.Rows, film.Columns = pixels.shape
    film.SamplesPerPixel, film.PixelRepresentation = 1, 0
    film.BitsAllocated = 8 * pixels.dtype.itemsize
    film.BitsStored, film.HighBit = bits, bits - 1
    for name, value in tags.items():
        setattr(film, name, value)
    film.PixelData = pixels.tobytes() + b"\0" * (pixels.size * pixels.dtype.itemsize % 2)
    film["PixelData"].VR = "OB" if pixels.dtype == np.uint8 else "OW"
    written = io.BytesIO()
    pydicom.dcmwrite(written, film, enforce_file_format=True)
    return written.getvalue()


def windows(deep: NDArray[np.uint16]) -> Iterator[tuple[str, bytes]]:
    """The film in 12 bits with windows over its 2nd to 98th percentile, its full and a tight range."""
    for name, (low, high) in {"2 to 98 %": (2, 98), "full": (0, 100), "tight": (40, 60)}.items():
        black, white = (float(v) for v in np.percentile(deep, [low, high]))
        tags = {"WindowCenter": round((black + white) / 2, 1), "WindowWidth": round(max(white - black, 2.0), 1)}
        yield f"window, {name}", dicom(deep, 12, **tags)


def twins(film: NDArray[np.uint8], deep: NDArray[np.uint16]) -> Iterator[tuple[str, bytes]]:
    """The film at other depths and ranges, as a negative, and with padding."""
    yield "8 bits", dicom(film, 8)
    yield "16 bits", dicom(deep * 16, 16)
    yield "tight range of 12 bits", dicom(film.astype(np.uint16) * 4 + 1500, 12)
    yield "MONOCHROME1", dicom(4095 - deep, 12, PhotometricInterpretation="MONOCHROME1")
    padded = np.pad(deep, ((50, 30), (70, 0)), constant_values=PADDING)
    yield "padded", dicom(padded, 16, PixelPaddingValue=PADDING)


class Reader:
    """Reads films as the service does; the network runs only if the canvases of a film differ."""

    def __init__(self) -> None:
        package = installed_package()
        self._calibration = Calibration.from_dict(package.manifest.calibration)
        self._detector = load_detector(package)
        print(f"{package.manifest.name} {package.manifest.version}")

    def prepare(self, data: bytes) -> tuple[PreparedFilm, int]:
        """The network's input, and the film's height.

        Raises:
            AnalysisError: The film is refused.
        """
        film = read_film(data)
        hung = hang_film(film, None)
        check_mammogram(film, hung.breast)
        return hung.prepared(self._detector.canvas_size), len(film.pixels)

    def movements(self, films: dict[str, tuple[PreparedFilm, int]]) -> dict[str, float]:
        """The difference of each probability from the first one."""
        canvases = {name: prepared.canvas.tobytes() for name, (prepared, _) in films.items()}
        first = next(iter(canvases.values()))
        if all(canvas == first for canvas in canvases.values()):
            return dict.fromkeys(films, 0.0)
        known = {canvas: self._probability(*films[name]) for name, canvas in canvases.items()}
        return {name: abs(known[canvas] - known[first]) for name, canvas in canvases.items()}

    def _probability(self, prepared: PreparedFilm, height: int) -> float:
        return float(self._calibration.film(film_features(self._detector(prepared, height)))[0])


def main() -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    options = argparse.ArgumentParser()
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--every", type=int, default=1, help="read only every so many films")
    options.add_argument("--twins", type=int, default=12, help="of how many films twins are read as well")
    given = options.parse_args()
    paths = [p for folder in ("cdd_cesm", "mias") for p in sorted((given.data / folder / "images").glob("*.jpg"))]
    paths = paths[:: given.every]
    read = Reader()
    moved: dict[str, list[tuple[float, str]]] = defaultdict(list)
    refused: list[str] = []
    different = 0
    for number, path in enumerate(paths):
        film = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)
        deep = film.astype(np.uint16) * 16
        files = list(windows(deep))
        if number % max(1, len(paths) // max(1, given.twins)) == 0:
            files += twins(film, deep)
        prepared: dict[str, tuple[PreparedFilm, int]] = {}
        for name, data in files:
            try:
                prepared[name] = read.prepare(data)
            except AnalysisError as error:
                refused.append(f"{path.name}, {name}: {error.code}")
        if prepared:
            different += len({film.canvas.tobytes() for film, _ in prepared.values()}) > 1
            for name, movement in read.movements(prepared).items():
                moved[name].append((movement, path.name))
    print(f"{len(paths)} films, {sum(map(len, moved.values()))} files read, {len(refused)} refused")
    for line in refused:
        print(f"  {line}")
    for name, moves in moved.items():
        most, where = max(moves)
        print(f"{name}: {len(moves)} films, largest movement {most:.5f} ({where})")
    print(f"films of which the network sees more than one canvas: {different}")


if __name__ == "__main__":
    main()
