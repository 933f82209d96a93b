"""Films in DICOM that are odd in one respect."""

import io

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence


@pytest.fixture
def film_file(tmp_path, draw_film, write_dicom):
    """Makes a left CC film, 12 bits, upright, with tags changed; `None` deletes one, `edit` may change anything."""

    def make(pixels=None, *, bits=12, edit=None, **tags):
        usual = {
            "ImageLaterality": "L",
            "ViewPosition": "CC",
            "PatientOrientation": ["A", "R"],
            "ImagerPixelSpacing": [0.1, 0.1],
            "WindowCenter": 2048,
            "WindowWidth": 4096,
        }
        given = {name: value for name, value in (usual | tags).items() if value is not None}
        path = write_dicom(tmp_path / "film.dcm", draw_film() if pixels is None else pixels, bits, **given)
        if edit is None:
            return path.read_bytes()
        dataset = pydicom.dcmread(path)
        edit(dataset)
        stream = io.BytesIO()
        dataset.save_as(stream, enforce_file_format=True)
        return stream.getvalue()

    return make


@pytest.fixture
def coded():
    """Makes the sequence of one code."""

    def make(value, meaning="", scheme="SRT", **more):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
        for name, content in more.items():
            setattr(item, name, content)
        return Sequence([item])

    return make
