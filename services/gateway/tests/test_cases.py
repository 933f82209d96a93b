"""Cases: what lists need, what detail says, corrections, reviews."""

import pytest

from gateway.cases import repository
from gateway.cases.models import Case
from gateway.cases.service import urgency_of
from gateway.database import make_engine, make_session_factory
from gateway.migrate import migrate
from gateway.users.models import User
from lobule.contracts.case import Conclusion


@pytest.fixture
def case(client, alice) -> str:
    return client.post("/api/v1/cases", json={"pseudonym": "P-1"}, headers=alice).json()["id"]


@pytest.fixture
def read(client, alice, case):
    return lambda **params: client.get(f"/api/v1/cases/{case}", headers=alice, params=params).json()


@pytest.fixture
def row(client, alice, case):
    def find():
        items = client.get("/api/v1/cases", headers=alice).json()["items"]
        return next(item for item in items if item["id"] == case)

    return find


@pytest.fixture
def film(upload, picture, case):
    """Adds a film to the case; answers with its job's id."""

    def add(colour: int, **fields) -> str:
        answer = upload(picture(colour), modality="mammography", case_id=case, name=f"{colour}.png", **fields)
        assert answer.status_code == 202, answer.text
        return answer.json()["job"]["id"]

    return add


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
            "study_date": None,
            "reader": "",
            "reader_id": None,
            "reading_since": None,
            "modalities": [],
            "thumbnails": [],
        }

    def test_follows_its_images(self, film, row, worker):
        first, second = film(1), film(2)
        assert (row()["state"], row()["images"]) == ("analysing", 2)
        worker.infer(first)
        assert (row()["state"], row()["assessment"]) == ("analysing", "malignancy_suspected"), "that cannot get better"
        claim = worker.claim(second)
        worker.say(second, "inference", "fail", attempt=claim["attempt"], code="not_mammogram", detail="No film.")
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

    def test_a_case_of_dead_workers_fails(self, client, film, row, worker):
        job = film(1)
        for _ in range(3):
            worker.claim(job)
            worker.expire(job)
            client.app.state.reaper.take_back()
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
        worker.say(job, "report", "fail", attempt=claim["attempt"], code="internal_error", detail="No.")
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
        assert client.get(f"/api/v1/cases/{case}", headers=headers_of("root")).status_code == 200


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


class TestDetail:
    def test_says_all_of_it(self, film, read, worker):
        job = film(1, view="CC", laterality="R")
        worker.infer(job)
        case = read()
        [image] = case["images"]
        assert (image["job"]["id"], image["state"], image["view"]) == (job, "assessed", "CC")
        assert image["job"]["assessment"] == case["conclusion"]["assessment"] == "malignancy_suspected"
        assert case["conclusion"]["missing_views"] == ["LCC", "RMLO", "LMLO"]
        reason = case["conclusion"]["reasons"][0]
        assert (reason["code"], reason["job_id"]) == ("film_suspected", job)
        assert reason["text"].startswith("RCC: ")
        suggested = {s["code"] for s in case["conclusion"]["suggestions"]}
        assert suggested >= {"further_imaging", "complete_views"}
        assert "histopathology" not in suggested, "nothing is marked"
        assert case["reviews"] == case["reports"] == []

    def test_a_suspicious_marked_finding_suggests_tissue(self, film, read, worker):
        worker.infer(film(1, view="CC", laterality="R"), findings=1)
        assert "histopathology" in {s["code"] for s in read()["conclusion"]["suggestions"]}

    def test_speaks_chinese(self, film, read, worker):
        worker.infer(film(1, view="CC", laterality="R"))
        assert "恶性" in read(lang="zh")["conclusion"]["reasons"][0]["text"]

    def test_counts_the_newest_analysis(self, client, alice, film, read, worker):
        job = film(1)
        worker.infer(job)
        image = read()["images"][0]["id"]
        again = client.post(f"/api/v1/images/{image}/jobs", headers=alice).json()["id"]
        assert [i["job"]["id"] for i in read()["images"]] == [again]
        assert read()["state"] == "analysing"


class TestCorrect:
    @pytest.fixture
    def patch(self, client, alice, read):
        def send(**fields):
            return client.patch(f"/api/v1/images/{read()['images'][0]['id']}", json=fields, headers=alice)

        return send

    def test_view_and_side(self, film, read, worker, patch):
        worker.infer(film(1))
        assert patch(view="MLO", laterality="L").json()["laterality"] == "L"
        assert read()["conclusion"]["missing_views"] == ["RCC", "LCC", "RMLO"]
        assert read()["images"][0]["job"]["assessment"] == "malignancy_suspected", "nothing is analysed again"
        assert patch(view=None).json()["view"] is None

    def test_another_modality_analyses_again(self, client, alice, film, read, worker, patch):
        first = film(1, view="CC", laterality="R")
        answer = patch(modality="histopathology", magnification="100X").json()
        assert (answer["view"], answer["magnification"]) == (None, "100X")
        assert answer["job"]["id"] != first
        assert client.get(f"/api/v1/jobs/{first}", headers=alice).json()["state"] == "cancelled"
        claim = worker.claim(answer["job"]["id"])
        assert claim["image"]["modality"] == "histopathology"
        assert read()["state"] == "analysing"

    @pytest.mark.parametrize("verb", ["patch", "delete"])
    def test_not_over_somebody_elses_change(self, client, alice, case, film, read, worker, headers_of, verb):
        job = film(1)
        worker.infer(job)
        here = f"/api/v1/images/{read()['images'][0]['id']}"
        seen = {"If-Match": client.get(f"/api/v1/cases/{case}", headers=alice).headers["etag"]}
        review = f"/api/v1/cases/{case}/reviews/{job}/image"
        assert client.put(review, json={"verdict": "confirmed"}, headers=headers_of("root")).status_code == 200
        change = {"json": {"laterality": "R"}} if verb == "patch" else {}
        late = client.request(verb, here, headers=alice | seen, **change)
        assert (late.status_code, late.json()["code"]) == (412, "case_changed")
        assert read()["images"][0]["laterality"] is None
        seen = {"If-Match": client.get(f"/api/v1/cases/{case}", headers=alice).headers["etag"]}
        assert client.request(verb, here, headers=alice | seen, **change).is_success

    def test_an_image_that_left_its_case_is_not_as_it_was_seen(self, client, alice, case, film, patch, read):
        film(1)
        seen = {"If-Match": client.get(f"/api/v1/cases/{case}", headers=alice).headers["etag"]}
        here = f"/api/v1/images/{read()['images'][0]['id']}"
        client.patch(here, json={"case_id": None}, headers=alice)
        assert client.patch(here, json={"view": "CC"}, headers=alice | seen).json()["code"] == "case_changed"
        assert client.patch(here, json={"view": "CC"}, headers=alice | {"If-Match": "*"}).status_code == 200

    def test_what_does_not_fit(self, film, patch, read, upload, picture):
        film(1)
        assert patch(magnification="40X").json()["code"] == "invalid_request"
        assert patch(modality="ultrasound").status_code == 422
        upload(picture(1), modality="histopathology", case_id=read()["id"])
        assert patch(modality="histopathology").json()["code"] == "duplicate_image"
        assert patch(case_id="elsewhere").status_code == 404

    def test_out_of_the_case_and_into_another(self, client, alice, film, row, patch, read):
        film(1)
        image = read()["images"][0]["id"]
        other = client.post("/api/v1/cases", json={"pseudonym": "P-2"}, headers=alice).json()["id"]
        assert patch(case_id=other).json()["case_id"] == other
        assert row()["state"] == "empty"
        assert client.get(f"/api/v1/cases/{other}", headers=alice).json()["state"] == "analysing"
        client.patch(f"/api/v1/images/{image}", json={"case_id": None}, headers=alice)
        assert client.get(f"/api/v1/cases/{other}", headers=alice).json()["state"] == "empty"

    def test_not_by_others(self, client, film, read, headers_of):
        film(1)
        image = read()["images"][0]["id"]
        assert (
            client.patch(f"/api/v1/images/{image}", json={"view": "CC"}, headers=headers_of("bob")).status_code == 404
        )


class TestReview:
    @pytest.fixture
    def put(self, client, alice, case):
        def send(job, finding, headers=None, **said):
            path = f"/api/v1/cases/{case}/reviews/{job}/{finding}"
            return client.put(path, json=said, headers=alice | (headers or {}))

        return send

    def test_written_changed_taken_back(self, film, read, worker, put):
        job = film(1)
        worker.infer(job)
        assert put(job, "image", verdict="confirmed").json()["reviewer"] == "alice"
        put(job, "image", verdict="dismissed", comment="an artefact")
        [review] = read()["reviews"]
        assert (review["verdict"], review["comment"]) == ("dismissed", "an artefact")
        assert put(job, "image").json() is None
        assert read()["reviews"] == []

    def test_of_one_finding(self, film, read, worker, put):
        job = film(1)
        worker.infer(job, findings=2)
        assert put(job, "f2", verdict="confirmed").json()["finding_id"] == "f2"
        assert put(job, "f3", verdict="confirmed").status_code == 404
        assert put(job, "first", verdict="confirmed").status_code == 422

    def test_a_client_of_version_0_1_names_a_place_and_reads_it(self, film, read, worker, put):
        job = film(1)
        worker.infer(job, findings=2)
        assert put(job, "1", verdict="confirmed").status_code == 200
        assert put(job, "2", verdict="confirmed").status_code == 404
        put(job, "f2", verdict="dismissed")
        [review] = read()["reviews"]
        assert (review["finding"], review["finding_id"], review["verdict"]) == ("1", "f2", "dismissed")

    def test_needs_a_result_of_this_case(self, film, upload, picture, put):
        assert put(film(1), "image", verdict="confirmed").json()["code"] == "result_not_ready"
        elsewhere = upload(picture(9)).json()["job"]["id"]
        assert put(elsewhere, "image", verdict="confirmed").status_code == 404

    def test_not_over_somebody_elses_change(self, client, alice, case, film, worker, put):
        job = film(1)
        worker.infer(job)
        seen = {"If-Match": client.get(f"/api/v1/cases/{case}", headers=alice).headers["etag"]}
        answer = put(job, "image", seen, verdict="confirmed")
        assert answer.status_code == 200
        late = put(job, "image", seen, verdict="dismissed")
        assert (late.status_code, late.json()["code"]) == (412, "case_changed")
        assert put(job, "image", {"If-Match": answer.headers["etag"]}, verdict="dismissed").status_code == 200

    def test_the_last_change_can_be_undone_once_by_who_made_it(
        self, client, alice, case, film, worker, put, headers_of, read
    ):
        def last(who=alice):
            return client.get(f"/api/v1/cases/{case}/reviews/last", headers=who).json()

        job = film(1)
        worker.infer(job, findings=1)
        assert last() is None
        put(job, "0", verdict="confirmed", comment="sure")
        put(job, "0", verdict="dismissed")
        before = {"verdict": "confirmed", "comment": "sure"}
        assert last() == {"job_id": job, "finding": "0", "finding_id": "f1", "before": before}
        put(job, "0", headers_of("root"), verdict="confirmed")
        assert last() is None, "what somebody else said is not taken back unseen"
        assert last(headers_of("root"))["before"] == {"verdict": "dismissed", "comment": ""}
        put(job, "0", headers_of("root"), verdict="dismissed", undo=True)
        assert last(headers_of("root")) is None, "an undo is not undone"
        assert [review["verdict"] for review in read()["reviews"]] == ["dismissed"]
        events = client.get("/api/v1/audit", params={"action": "finding.review"}, headers=headers_of("root")).json()
        assert events["items"][0]["detail"]["undo"] is True
        image = read()["images"][0]["id"]
        put(job, "0", verdict="confirmed")
        put(job, "0", headers_of("root"), verdict=None, undo=True)
        assert last(headers_of("root"))["before"]["verdict"] == "confirmed", "it undoes no change of theirs"
        events = client.get("/api/v1/audit", params={"action": "finding.review"}, headers=headers_of("root")).json()
        assert "undo" not in events["items"][0]["detail"]
        put(job, "0", verdict="confirmed")
        assert client.delete(f"/api/v1/images/{image}", headers=alice).status_code == 204
        assert last() is None

    def test_they_go_with_an_image_into_another_case(self, client, alice, case, film, worker, put, read):
        job = film(1)
        worker.infer(job, findings=1)
        put(job, "f1", verdict="confirmed")
        other = client.post("/api/v1/cases", json={"pseudonym": "P-2"}, headers=alice).json()["id"]
        image = f"/api/v1/images/{read()['images'][0]['id']}"
        assert client.patch(image, json={"case_id": None}, headers=alice).status_code == 200
        assert client.patch(image, json={"case_id": other}, headers=alice).status_code == 200
        assert read()["reviews"] == []
        assert client.get(f"/api/v1/cases/{case}/reviews/last", headers=alice).json() is None
        [review] = client.get(f"/api/v1/cases/{other}", headers=alice).json()["reviews"]
        assert (review["finding_id"], review["verdict"]) == ("f1", "confirmed")
