"""Who the reports of a case with several readers name as observers."""

from dataclasses import replace

from dicom_content import items, names
from dicom_objects import analysed, finding, signed_by

from dicom_node.results.examination import signed_report
from dicom_node.results.structured_report import verdict_report
from lobule.contracts.result import Box

BOX = Box(x=10.5, y=20, width=30, height=40)


def test_each_of_several_readers_answers_for_what_is_theirs(film):
    films = [analysed(film(), finding(1, BOX))]
    signed = signed_by(films)
    alone = verdict_report(films, signed, **names())
    assert len(items(alone, "121008")) == 1, "one reader is the observer of the whole report"
    reviews = [review.model_copy(update={"reviewer": "kim"}) for review in signed.reviews]
    judged = [each for each in reviews if each.verdict and each.finding_id in {f.id for f in films[0].result.findings}]
    own = [each.model_copy(update={"author": "wu"}) for each in signed.own]
    read = replace(signed, reviews=reviews, own=own, others=[signed.verification])
    observers = [str(item.PersonName) for item in items(verdict_report(films, read, **names()), "121008")]
    assert observers == ["Dr Lee^", *["kim^"] * len(judged), *["wu^"] * len(own)]


def test_two_readers_of_the_same_name_have_both_verified(film):
    at = "2026-01-0{}T07:30:00Z"
    readers = [{"name": "Dr Lee", "signed_at": at.format(day)} for day in (5, 6)]
    report = {
        "version": 1,
        "signed_by": "Dr Lee",
        "signed_at": at.format(6),
        "conclusion": None,
        "comment": "",
        "readers": readers,
    }
    signed = signed_report({"reviews": []}, report)
    assert [(each.name, each.signed_at.day) for each in signed.verifications] == [("Dr Lee", 6), ("Dr Lee", 5)]
