"""Fixtures of the mammography tests."""

import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real images, beside the repository."""
    folder = Path(os.environ.get("LOBULE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real images are not at {folder}; set LOBULE_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def shared_weights():
    """The folder of pretrained backbones, beside the repository."""
    folder = Path(os.environ.get("LOBULE_SHARED_WEIGHTS", ROOT.parent / "shared" / "weights"))
    if not folder.is_dir():
        pytest.skip(f"pretrained weights are not at {folder}; set LOBULE_SHARED_WEIGHTS")
    return folder


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
