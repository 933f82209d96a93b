"""Dates before the year 1000, which some systems write for a date that nobody has entered."""

from datetime import date

from dicom_node.priors.choosing import FoundStudy, PriorCriteria
from dicom_node.results.film import read_header
from lobule.imaging.header import DicomIdentity


def test_results_repeat_a_date_as_the_film_has_it(make_film):
    assert read_header(make_film(PatientBirthDate="00010101")).PatientBirthDate == "00010101"
    assert read_header(make_film(PatientBirthDate="20269999")).PatientBirthDate == ""


def test_a_study_of_the_same_birth_date_is_a_prior():
    current = DicomIdentity(patient_id="P1", patient_birth_date=date(1, 1, 1), study_date=date(2026, 5, 1))
    criteria = PriorCriteria.of(current, 6)
    assert criteria.is_prior(FoundStudy("1", "P1", "00010101", date(2025, 1, 1)))
    assert not criteria.is_prior(FoundStudy("1", "P1", "00010102", date(2025, 1, 1)))


def test_the_days_of_priors_end_with_the_calendar():
    current = DicomIdentity(patient_id="P1", study_date=date(2, 3, 4))
    assert PriorCriteria.of(current, 6).days == "00010101-00020304"
