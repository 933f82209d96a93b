"""DICOM objects of a study, and helpers that send and read them in tests."""

import io

import numpy as np
import pydicom
import requests
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

STUDY, OTHER = "1.2.826.0.1.3680043.8.498.78", "1.2.826.0.1.3680043.8.498.79"
REPORT, MASKS, PICTURE, DOCUMENT = (f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("88.34", "66.4", "7", "104.1"))
PDF = b"%PDF-1.7 " + b"x" * 2000


class Bridge(requests.adapters.BaseAdapter):
    """Connects a client of `requests` to the gateway under test."""

    def __init__(self, client) -> None:
        super().__init__()
        self.client = client

    def send(self, request, **_kwargs):
        answer = self.client.request(request.method, request.url, headers=request.headers, content=request.body)
        response = requests.Response()
        response.status_code, response.raw, response.request = answer.status_code, io.BytesIO(answer.content), request
        response.headers.update(answer.headers)
        response.url = request.url
        return response

    def close(self) -> None:
        pass


def made(sop_class: str, modality: str, study: str = STUDY, **tags) -> bytes:
    """A small object of a study."""
    said = Dataset()
    said.file_meta = FileMetaDataset()
    said.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    said.SOPClassUID, said.SOPInstanceUID, said.SeriesInstanceUID = sop_class, generate_uid(), generate_uid()
    said.StudyInstanceUID, said.Modality, said.PatientID, said.PatientName = study, modality, "P1", "Test^Patient"
    said.AccessionNumber, said.StudyDate = "ACC-1", "20260102"
    for name, value in tags.items():
        setattr(said, name, value)
    buffer = io.BytesIO()
    said.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def objects() -> list[bytes]:
    bits = np.unpackbits(np.array([0b10110101, 0b01100011, 0b00000001], np.uint8), bitorder="little")[:18]
    packed = np.packbits(bits, bitorder="little").tobytes()
    shape = {"Rows": 3, "Columns": 3, "SamplesPerPixel": 1, "BitsAllocated": 1, "NumberOfFrames": 2}
    colours = {"Rows": 2, "Columns": 2, "SamplesPerPixel": 3, "BitsAllocated": 8, "PhotometricInterpretation": "RGB"}
    return [
        made(REPORT, "SR"),
        made(
            MASKS, "SEG", **shape, PhotometricInterpretation="MONOCHROME2", PixelData=packed + b"\0" * (len(packed) % 2)
        ),
        made(PICTURE, "OT", **colours, PlanarConfiguration=0, PixelData=bytes(range(12))),
        made(DOCUMENT, "DOC", EncapsulatedDocument=PDF + b"\0", EncapsulatedDocumentLength=len(PDF)),
    ]


def hand_over(client, who, case: str, content: bytes, media_type: str = "application/dicom"):
    path = f"/dicom-web/cases/{case}/instances"
    return client.post(path, content=content, headers=who | {"Content-Type": media_type})


def read(content: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(content))


def value(found: dict, tag: str):
    return found[tag]["Value"][0]


def rendered(client, who, content: bytes, accept: str = "*/*"):
    said = read(content)
    place = f"{STUDY}/series/{said.SeriesInstanceUID}/instances/{said.SOPInstanceUID}"
    return client.get(f"/dicom-web/studies/{place}/rendered", headers=who | {"Accept": accept})


def place_of(content: bytes) -> str:
    said = read(content)
    return f"/dicom-web/studies/{STUDY}/series/{said.SeriesInstanceUID}/instances/{said.SOPInstanceUID}"
