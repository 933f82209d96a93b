"""The answer about a combined reading has everything that the reading says."""

from gateway.case_details.examination import ReadingRead
from lobule.contracts.axis import FilmAxis
from lobule.contracts.difference import FilmDifference
from lobule.contracts.examination import ExaminationReading
from lobule.words import Words


def test_nothing_of_a_reading_is_left_out():
    axis = FilmAxis(job_id="j", view="CC", nipple=(1, 2), wall=(3, 4), side=(5, 6), upright=True)
    compared = FilmDifference(job_id="j", other="k", file="j.png", strongest=3)
    number = {"assessment": "not_sure", "probability_malignant": 0.4}
    reading = ExaminationReading(
        method="model", breasts=[], not_compared=["k"], axes=[axis], differences=[compared], **number
    )
    assert ReadingRead.of(reading, Words("en")).model_dump() == reading.model_dump()
