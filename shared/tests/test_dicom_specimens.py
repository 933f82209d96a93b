"""Films that name a specimen in its own module."""

import pytest
from pydicom.dataset import Dataset

from lobule.errors import AnalysisError
from lobule.imaging.dicom.reader import read_dicom


@pytest.mark.parametrize("tags", [{"ContainerIdentifier": "S26-1"}, {"SpecimenDescriptionSequence": [Dataset()]}])
def test_a_specimen_is_refused_whatever_its_view_says(tags, film_file):
    with pytest.raises(AnalysisError, match="specimen") as caught:
        read_dicom(film_file(ViewPosition="CC", **tags))
    assert caught.value.code == "not_screening_view"


@pytest.mark.parametrize("tags", [{"SeriesDescription": "Specimen radiograph"}, {"BodyPartExamined": "SPECIMEN"}])
def test_a_film_without_a_view_that_is_described_as_a_specimen_is_refused(tags, film_file):
    with pytest.raises(AnalysisError, match="specimen"):
        read_dicom(film_file(**{"ViewPosition": None, **tags}))
    assert read_dicom(film_file(ViewPosition="CC", SeriesDescription="L CC after specimen")).view == "CC"


def test_an_empty_description_names_no_specimen(film_file):
    assert read_dicom(film_file(ViewPosition="CC", SpecimenDescriptionSequence=[], ContainerIdentifier="")).view == "CC"
