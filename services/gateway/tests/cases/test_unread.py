"""What nobody has read is not hidden: by a mistyped date, a work-up, a newer analysis or an old signature."""

import uuid
from datetime import date

import pytest
from signed_apart import apart

from gateway.cases.examinations import current_date, examinations, recent_priors
from gateway.images.models import FileIdentity, Image


def image(name: str, entered: str | None, study: str | None = None, file: str | None = None) -> Image:
    return Image(
        id=name,
        modality="mammography",
        study_date=entered and date.fromisoformat(entered),
        identity=FileIdentity(study_mark=study, study_date=file and date.fromisoformat(file)),
    )


class TestDates:
    @pytest.mark.parametrize("typed", ["2025-11-02", "2026-11-20"])
    def test_a_film_with_a_mistyped_date_stays_in_its_study(self, typed):
        films = [image(view, "2026-11-02", "study") for view in ("RCC", "LCC", "RMLO")]
        films.append(image("LMLO", typed, "study", file="2026-11-02"))
        assert not any(place.is_prior for place in examinations(films).values())
        assert current_date(films) == max(date(2026, 11, 2), date.fromisoformat(typed))

    def test_a_study_is_a_prior_where_all_its_films_are(self):
        films = [image("now", "2026-11-02", "b"), *(image(view, "2020-01-02", "a") for view in ("RCC", "LCC"))]
        assert [place.is_prior for place in examinations(films).values()] == [False, True, True]

    def test_films_without_a_study_go_by_their_dates(self):
        films = [image("now", "2026-11-02"), image("old", "2025-11-02"), image("undated", None)]
        assert [place.is_prior for place in examinations(films).values()] == [False, True, False]

    def test_a_date_against_the_file_does_not_make_a_film_old_history(self):
        now = image("now", "2026-11-02", "b", file="2026-11-02")
        typed = image("RCC", "2025-10-30", "a", file="2026-10-30")
        assert recent_priors([now, typed]) == {"RCC": date(2025, 10, 30)}
        old = image("RCC", "2025-10-30", "a", file="2025-10-30")
        assert recent_priors([now, old]) == {}
        later = image("now", "2026-11-02", "b", file="2025-11-02")
        assert recent_priors([later, old]) == {"RCC": date(2025, 10, 30)}


@pytest.fixture
def add(film):
    """Adds a film of a day; gives its job."""
    return lambda colour, day, view="CC": film(colour, view=view, laterality="R", study_date=day)


@pytest.fixture
def read(client, alice, case):
    return lambda: client.get(f"/api/v1/cases/{case}", headers=alice).json()


@pytest.fixture
def sign(client, alice, case):
    def send(**said):
        answer = client.post(f"/api/v1/cases/{case}/reports", json=apart(said), headers=alice)
        assert answer.status_code == 201, answer.text

    return send


@pytest.fixture
def again(client, alice, read):
    """Has the case's first film analysed anew; gives the new job."""

    def ask() -> str:
        return client.post(f"/api/v1/images/{read()['images'][0]['id']}/jobs", headers=alice).json()["id"]

    return ask


def said(read) -> tuple[str | None, set[str]]:
    conclusion = read()["conclusion"]
    return conclusion["assessment"], {reason["code"] for reason in conclusion["reasons"]}


def test_a_film_that_failed_is_not_hidden_by_a_work_up(client, alice, worker, add, read, sign):
    failed = add(1, "2026-11-02")
    client.post(f"/api/v1/jobs/{failed}/cancel", headers=alice)
    worker.infer(add(2, "2026-11-10"), 0.03)
    assert said(read) == ("not_sure", {"earlier_in_doubt", "films_no_sign", "not_called_negative"})


def test_a_work_up_is_not_asked_for_the_views_of_the_examination_before(worker, add, read):
    """It was: LCC, RMLO and LMLO "missing", although the patient had them taken eight days before."""
    for number, (day, view) in enumerate([("2025-01-02", "CC"), ("2026-11-02", "MLO"), ("2026-11-10", "CC")], 1):
        worker.infer(add(number, day, view), 0.03)
    assert read()["conclusion"]["missing_views"] == ["LCC", "LMLO"]


def test_a_signed_film_that_is_suspected_since_is_read_anew(client, alice, worker, add, read, sign, again):
    failed = add(1, "2026-11-02")
    client.post(f"/api/v1/jobs/{failed}/cancel", headers=alice)
    sign(conclusion="not_sure")
    retried = again()
    worker.infer(add(2, "2026-11-20"), 0.03)
    worker.infer(retried, 0.93)
    worker.compare()
    assert said(read) == ("not_sure", {"earlier_suspected", "films_no_sign", "not_called_negative"})


def test_a_suspicion_that_was_signed_has_been_read(worker, add, read, sign, again):
    worker.infer(add(1, "2026-11-02"), 0.93)
    sign()
    worker.infer(add(2, "2026-11-20"), 0.03)
    worker.compare()
    assert said(read) == ("no_sign_of_malignancy", {"films_no_sign"})
    worker.infer(again(), 0.95)
    worker.compare()
    assert said(read) == ("no_sign_of_malignancy", {"films_no_sign"})


def test_a_suspicion_stands_while_its_film_is_analysed_anew(client, alice, worker, add, read, again, row):
    worker.infer(add(1, "2026-11-02"), 0.93)
    newest = again()
    assert said(read) == ("malignancy_suspected", {"suspected_before", "still_analysed"})
    assert row()["assessment"] == "malignancy_suspected"
    client.post(f"/api/v1/jobs/{newest}/cancel", headers=alice)
    assert said(read)[0] == "malignancy_suspected"
    worker.infer(again(), 0.03)
    worker.compare()
    assert said(read) == ("no_sign_of_malignancy", {"films_no_sign"})


def test_a_signed_case_that_changes_waits_for_any_reader(worker, add, read, sign, client, alice, row):
    worker.infer(add(1, "2026-11-02"), 0.03)
    sign(conclusion="no_sign_of_malignancy")
    assert row()["reader"] == "alice"
    worker.infer(add(2, "2026-11-02", view="MLO"), 0.93)
    assert (row()["state"], row()["reader"]) == ("ready", "")
    waiting = client.get("/api/v1/cases", params={"reader": "none"}, headers=alice).json()["items"]
    assert [item["id"] for item in waiting] == [row()["id"]]


def test_findings_of_two_breasts_are_never_one_lesion(worker, uploaded, client, alice, case, read):
    one, other = (uploaded(n, view=view, laterality="L") for n, view in ((1, "CC"), (2, "MLO")))
    for each in (one, other):
        worker.infer(each["job"]["id"], findings=1)
    pair = {name: {"job_id": each["job"]["id"], "finding_id": "f1"} for name, each in (("one", one), ("other", other))}
    path = f"/api/v1/cases/{case}/same-lesions/"
    assert client.put(f"{path}{uuid.uuid4()}", json=pair, headers=alice).status_code == 200
    client.patch(f"/api/v1/images/{other['image']['id']}", json={"laterality": "R"}, headers=alice)
    assert read()["same_lesions"] == []
    refused = client.put(f"{path}{uuid.uuid4()}", json=pair, headers=alice)
    assert (refused.status_code, refused.json()["reason"]) == (422, "other_breast")


def test_an_unread_film_is_named_as_in_its_examination(worker, add, read, sign):
    """The first film of the view was signed; its repetition came afterwards and was not."""
    worker.infer(add(1, "2026-11-02"), 0.05)
    sign(conclusion="no_sign_of_malignancy")
    worker.infer(add(2, "2026-11-02"), 0.93)
    worker.infer(add(3, "2026-11-10"), 0.05)
    [reason, *_] = read()["conclusion"]["reasons"]
    assert reason["code"] == "earlier_suspected"
    assert "RCC 2 2026-11-02" in reason["text"]
