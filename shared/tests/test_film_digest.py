"""A film has one digest, however its data set is encoded."""

import io

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from lobule.errors import AnalysisError
from lobule.imaging.dicom.digest import film_digest


@pytest.fixture
def film(draw_film, write_dicom, tmp_path) -> Dataset:
    view = Dataset()
    view.CodeValue, view.CodingSchemeDesignator, view.CodeMeaning = "R-10242", "SNM3", "cranio-caudal"
    return pydicom.dcmread(write_dicom(tmp_path / "film.dcm", draw_film(), 12, ViewCodeSequence=[view]))


def digest_of(film: Dataset, syntax: str | None = None) -> str:
    stream = io.BytesIO()
    if syntax is not None:
        film.file_meta.TransferSyntaxUID = syntax
    film.save_as(stream, enforce_file_format=True)
    return film_digest(stream)


def test_encoding_and_tags_that_lobule_does_not_read_are_no_difference(film):
    syntaxes = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian)
    digests = {digest_of(film, syntax) for syntax in syntaxes}
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film["ViewCodeSequence"].is_undefined_length = True
    film.ViewCodeSequence[0].is_undefined_length_sequence_item = True
    film.RetrieveAETitle = "PACS"
    film.private_block(0x0009, "a maker", create=True).add_new(1, "LO", "anything")
    assert digests == {digest_of(film)}


def test_another_patient_other_pixels_and_another_polarity_are_differences(film):
    digests = [digest_of(film)]
    film.PatientID = "2"
    digests.append(digest_of(film))
    film.PixelData = film.PixelData[::-1]
    digests.append(digest_of(film))
    film.PhotometricInterpretation = "MONOCHROME1"
    digests.append(digest_of(film))
    film.ViewCodeSequence[0].CodeValue = "R-10226"
    digests.append(digest_of(film))
    assert len(set(digests)) == len(digests)


def test_a_film_whose_pixels_end_early_has_none(film):
    stream = io.BytesIO()
    film.save_as(stream, enforce_file_format=True)
    with pytest.raises(AnalysisError) as refused:
        film_digest(io.BytesIO(stream.getvalue()[:-100]))
    assert refused.value.code == "image_truncated"


def test_compressed_films_are_compared_by_their_fragments(film):
    film.compress(RLELossless)
    first = digest_of(film)
    assert first == digest_of(film)
    film.PixelData = film.PixelData[:-20] + b"1" + film.PixelData[-19:]
    assert digest_of(film) != first
