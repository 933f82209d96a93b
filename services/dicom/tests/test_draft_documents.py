"""The draft of a report in the PACS says what the conclusion beside it says."""

READING = {"method": "rule", "assessment": "not_sure", "probability_malignant": 0.6, "breasts": []}


def test_a_draft_waits_until_the_films_are_read_together(study):
    study.gateway.together = {"state": "queued", "error": None, "reading": None}
    study.look()
    assert study.of("document") == []
    study.gateway.together = {"state": "done", "error": None, "reading": READING}
    study.look()
    study.look()
    assert [len(study.of(kind)) for kind in ("document", "conclusion")] == [1, 1]


def test_a_draft_is_made_anew_with_the_conclusion(study):
    study.gateway.assessment = "no_sign_of_malignancy"
    study.look()
    study.gateway.assessment = "not_sure"  # such as of an earlier film that was added
    study.look()
    study.look()
    assert [len(study.of(kind)) for kind in ("document", "conclusion")] == [2, 2]


def test_a_signed_report_does_not_wait(study):
    study.gateway.sign(verdicts=False)
    study.gateway.together = {"state": "queued", "error": None, "reading": None}
    study.look()
    assert [document.DocumentTitle for document in study.of("document")] == ["Lobule report, signed version 1"]
