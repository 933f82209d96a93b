"""Cases as lists show them: state, order, filters, pages."""

import pytest

from gateway.cases import repository
from gateway.cases.models import Case
from gateway.cases.service import urgency_of
from gateway.database import make_engine, make_session_factory
from gateway.migrate import migrate
from gateway.users.models import User
from lobule.contracts.case import Conclusion


class TestRow:
    def test_an_empty_case(self, case, row):
        assert row() | {"id": "", "created_at": "", "updated_at": ""} == {
            "id": "",
            "pseudonym": "P-1",
            "created_at": "",
            "updated_at": "",
            "state": "empty",
            "assessment": None,
            "probability_malignant": None,
            "images": 0,
            "images_done": 0,
            "images_failed": 0,
            "signed_version": None,
            "read_twice": False,
            "sample": False,
            "study_date": None,
            "reader": "",
            "reader_id": None,
            "reading_since": None,
            "modalities": [],
            "thumbnails": [],
            "breasts": None,
            "unlike_training": False,
            "map_disagrees": False,
        }

    def test_follows_its_images(self, film, row, worker):
        first, second = film(1), film(2)
        assert (row()["state"], row()["images"]) == ("analysing", 2)
        worker.infer(first)
        assert (row()["state"], row()["assessment"]) == ("analysing", "malignancy_suspected"), "that cannot get better"
        claim = worker.claim(second)
        worker.post(second, "inference", "fail", attempt=claim["attempt"], code="not_mammogram", detail="No film.")
        assert row()["state"] == "ready"
        assert (row()["images_done"], row()["images_failed"], row()["probability_malignant"]) == (1, 1, 0.9)

    def test_doubt_waits_for_the_last_image(self, film, row, worker):
        first, second = film(1), film(2)
        worker.infer(first, 0.5)
        assert row()["assessment"] is None
        worker.infer(second, 0.1)
        assert (row()["assessment"], row()["probability_malignant"]) == ("not_sure", 0.5)

    def test_all_failed(self, client, alice, film, row):
        client.post(f"/api/v1/jobs/{film(1)}/cancel", headers=alice)
        assert (row()["state"], row()["assessment"]) == ("failed", None)

    def test_all_failed_waits_for_a_reader_until_it_is_signed(
        self, client, alice, case, film, row, upload, picture, worker
    ):
        client.post(f"/api/v1/jobs/{film(1)}/cancel", headers=alice)
        for number, probability in ((2, 0.1), (3, 0.5)):
            worker.infer(upload(picture(number)).json()["job"]["id"], probability)
            clear = client.post("/api/v1/cases", json={"pseudonym": f"Q-{number}"}, headers=alice).json()["id"]
            worker.infer(upload(picture(number + 4), case_id=clear).json()["job"]["id"], probability)
        waiting = client.get("/api/v1/cases", params={"reader": "open"}, headers=alice).json()["items"]
        assert [item["pseudonym"] for item in waiting] == ["Q-3", "P-1", "Q-2"], "before those without a sign"
        said = {"acknowledged": ["not_assessed"], "conclusion": "not_sure"}
        for status in (201, 409):
            assert client.post(f"/api/v1/cases/{case}/reports", json=said, headers=alice).status_code == status
        assert row()["state"] == "signed"

    def test_a_case_of_dead_workers_fails(self, client, film, row, worker):
        job = film(1)
        for _ in range(3):
            worker.claim(job)
            worker.expire(job)
            client.app.state.reaper.requeue_expired()
        assert row()["state"] == "failed"

    def test_trying_again_brings_it_back(self, client, alice, film, row):
        job = film(1)
        client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
        client.post(f"/api/v1/jobs/{job}/retry", headers=alice)
        assert row()["state"] == "analysing"

    def test_a_report_that_fails_loses_no_assessment(self, film, row, worker):
        job = film(1)
        worker.infer(job)
        claim = worker.claim(job, "report")
        worker.post(job, "report", "fail", attempt=claim["attempt"], code="internal_error", detail="No.")
        assert (row()["state"], row()["images_done"]) == ("ready", 1)


class TestList:
    @pytest.fixture
    def several(self, client, alice, upload, picture, worker):
        """Cases a to e: no sign, suspected, not sure, suspected, empty."""
        for index, (name, probability) in enumerate([("a", 0.1), ("b", 0.9), ("C", 0.5), ("d", 0.8), ("e", None)]):
            case = client.post("/api/v1/cases", json={"pseudonym": name}, headers=alice).json()["id"]
            if probability is not None:
                worker.infer(upload(picture(index), case_id=case).json()["job"]["id"], probability)

    def names(self, client, alice, **params):
        answer = client.get("/api/v1/cases", headers=alice, params=params)
        assert answer.status_code == 200, answer.text
        return "".join(item["pseudonym"] for item in answer.json()["items"]).lower()

    @pytest.mark.usefixtures("several")
    def test_orders_and_filters(self, client, alice):
        assert self.names(client, alice) == "bdcae"
        assert self.names(client, alice, sort="newest") == "edcba"
        assert self.names(client, alice, sort="oldest") == "abcde"
        assert self.names(client, alice, assessment="malignancy_suspected") == "bd"
        assert self.names(client, alice, assessment=["malignancy_suspected", "not_sure"]) == "bdc"
        assert self.names(client, alice, state="empty") == "e"
        assert self.names(client, alice, state="", assessment="", q="") == "bdcae"
        assert self.names(client, alice, q="c") == "c", "in any case of letters"
        assert self.names(client, alice, q="%") == ""

    @pytest.mark.usefixtures("several")
    @pytest.mark.parametrize("sort", ["urgency", "newest", "oldest", "pseudonym"])
    def test_pages_meet(self, client, alice, sort):
        whole = self.names(client, alice, sort=sort)
        seen, cursor = [], None
        while True:
            params = {"sort": sort, "limit": 2} | ({"cursor": cursor} if cursor else {})
            answer = client.get("/api/v1/cases", headers=alice, params=params).json()
            seen += [item["pseudonym"].lower() for item in answer["items"]]
            cursor = answer["next_cursor"]
            if cursor is None:
                break
        assert "".join(seen) == whole

    @pytest.mark.usefixtures("several")
    def test_a_cursor_of_another_order_is_refused(self, client, alice):
        cursor = client.get("/api/v1/cases?sort=newest&limit=2", headers=alice).json()["next_cursor"]
        answer = client.get("/api/v1/cases", headers=alice, params={"sort": "urgency", "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")

    def test_others_see_none(self, client, case, headers_of):
        assert client.get("/api/v1/cases", headers=headers_of("bob")).json()["items"] == []
        assert client.get(f"/api/v1/cases/{case}", headers=headers_of("bob")).status_code == 404
        assert client.get(f"/api/v1/cases/{case}", headers=headers_of("root")).status_code == 404


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_suspected_first_is_by_suspicion_and_unscored_last(database, tmp_path, request):
    """State by state, the highest number first, whatever the time; the pages of it meet."""
    url = f"sqlite:///{tmp_path / 'a.sqlite'}" if database == "sqlite" else request.getfixturevalue("postgres_url")
    migrate(url)
    said = [(0.31, "not_sure"), (None, None), (0.58, "malignancy_suspected"), (0.02, "no_sign_of_malignancy")]
    said += [(0.97, "malignancy_suspected"), (None, None), (0.5699999999, "not_sure"), (0.14, "no_sign_of_malignancy")]
    said += [(0.9, "malignancy_suspected"), (0.1, "not_sure"), (0.57, "malignancy_suspected")]
    engine = make_engine(url)
    with make_session_factory(engine).begin() as session:
        user = User(username="alice", display_name="Alice", password_hash="x", role="clinician")
        session.add(user)
        session.flush()
        for probability, assessment in said:
            conclusion = Conclusion(assessment=assessment, probability_malignant=probability)
            session.add(
                Case(
                    owner_id=user.id,
                    pseudonym="P",
                    assessment=assessment,
                    probability_malignant=probability,
                    urgency=urgency_of(conclusion),
                )
            )
        session.flush()
        seen, cursor = [], None
        while True:
            rows, cursor = repository.worklist(session, user, limit=3, cursor=cursor)
            seen += [row.probability_malignant for row in rows]
            if cursor is None:
                break
    engine.dispose()
    assert seen == [0.97, 0.9, 0.58, 0.57, 0.5699999999, 0.31, 0.1, 0.14, 0.02, None, None]
