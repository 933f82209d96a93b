"""What must not happen to a case that two people read."""

from reading_by_two import NO_RECALL, RECALL, problem

from gateway.cases.models import Case, SignedRead
from gateway.users.repository import by_username
from lobule.contracts.case import CaseContent
from lobule.contracts.examination import ExaminationReading


class TestSafety:
    def test_nobody_signs_around_it(self, here, read, mark, people, bearer_of):
        assert problem(here("POST", "alice", "/reports", json={"conclusion": "not_sure"})) == (409, "read_by_two")
        for name in ("root", "pacs"):
            assert problem(here("POST", name, "/reports", json={"conclusion": "not_sure"})) == (403, "forbidden")
            assert problem(read(name)) == (403, "forbidden")
        assert problem(mark("pacs")[0]) == (403, "forbidden")
        people["program"] = bearer_of("alice")
        assert problem(read("program")) == (403, "portal_session_required")
        assert problem(here("POST", "program", "/arbitration", json=RECALL)) == (403, "portal_session_required")
        read("alice")
        assert problem(here("DELETE", "program", "/reads/yours")) == (403, "portal_session_required")
        assert problem(here("DELETE", "pacs", "/reads/yours")) == (403, "forbidden")
        assert problem(read("alice")) == (409, "already_read"), "the same person never reads twice"
        assert problem(here("POST", "alice", "/claim")) == (409, "already_read")
        assert problem(here("PUT", "bob", "/reader", json={"username": "alice"})) == (409, "already_read")
        assert problem(mark("alice")[0]) == (409, "already_read"), "what is signed does not change"
        assert problem(here("POST", "bob", "/reports", json=RECALL)) == (409, "read_by_two")
        assert here("GET", "bob").json()["reports"] == []

    def test_every_breast_with_a_film_is_stated(self, read, film, shared):
        film(shared[0], 4, laterality="L")
        answer = read("alice", RECALL)
        assert (problem(answer), answer.json()["values"]) == ((422, "breasts_needed"), {"sides": ["L"]})
        assert problem(read("alice", {"conclusion": "not_sure"})) == (422, "breasts_needed")

    def test_films_without_a_side_are_read_by_the_conclusion(self, here, client, people, read, shared):
        image = here("GET", "alice").json()["images"][0]["id"]
        path = f"/api/v1/images/{image}"
        assert client.patch(path, headers=people["alice"], json={"laterality": None}).status_code == 200
        assert problem(read("alice", {})) == (422, "conclusion_needed")
        assert read("alice", {"conclusion": "not_sure"}).status_code == 201
        assert read("bob", {"conclusion": "not_sure"}).json()["report"]["conclusion"] == "not_sure"

    def test_films_that_are_read_together_supersede_what_was_read_before(self, here, read, worker):
        """The comment of the first reader names findings by the numbers that they had then."""
        claim = worker.claim_next("mammo")
        assert claim["step"] == "examination"
        read("alice")
        nothing = (
            ExaminationReading(method="rule", breasts=[], assessment="not_sure", probability_malignant=None)
            .model_dump_json()
            .encode()
        )
        worker.store.put(f"{claim['output_prefix']}/examination.json", nothing)
        done = worker.post(claim["job_id"], "examination", "complete", attempt=claim["attempt"])
        assert done.status_code == 204
        assert here("GET", "bob").json()["state"] == "ready"
        assert here("GET", "alice", "/reads").json()["signed"] == 0

    def test_a_film_that_arrives_supersedes_what_was_read_before(self, app, here, read, mark, film, shared):
        mark("alice")
        read("alice")
        film(shared[0], 4)
        assert here("GET", "bob").json()["state"] == "ready"
        assert here("GET", "alice", "/reads").json()["signed"] == 0
        assert len(here("GET", "alice").json()["reviews"]) == 1, "the reader need not begin from nothing"
        assert here("GET", "bob").json()["reviews"] == []
        assert read("bob").json()["role"] == "first"
        assert read("alice").json()["report"]["version"] == 1
        with app.state.sessions() as session:
            kept = session.query(SignedRead).order_by(SignedRead.signed_at).all()
            assert [(each.role, each.reader) for each in kept] == [
                ("first", "alice"),
                ("first", "bob"),
                ("second", "alice"),
            ]
            assert len(CaseContent.model_validate(kept[0].content).images) == 1
        film(shared[0], 5)
        detail = here("GET", "carol").json()
        assert (detail["state"], detail["reports"][0]["superseded"], detail["reviews"]) == ("ready", True, [])
        assert here("GET", "carol", "/reader").json()["reader"] == "", "and anyone may read it"

    def test_a_read_is_withdrawn_while_the_other_is_waited_for(self, here, read, mark):
        assert problem(here("DELETE", "alice", "/reads/yours")) == (409, "nothing_to_withdraw")
        read("alice", NO_RECALL)
        assert here("POST", "bob", "/claim").status_code == 200
        assert here("DELETE", "alice", "/reads/yours").status_code == 204
        assert here("GET", "bob", "/reader").json()["yours"] is True, "who reads it meanwhile goes on"
        here("POST", "bob", "/release")
        assert here("GET", "bob").json()["state"] == "ready"
        assert mark("alice")[0].status_code == 200
        assert read("alice", RECALL).json()["role"] == "first"
        assert read("bob", RECALL).json()["report"] is not None
        for name in ("alice", "bob"):
            assert problem(here("DELETE", name, "/reads/yours")) == (409, "nothing_to_withdraw")

    def test_it_is_begun_anew_by_those_who_answer_for_it(self, here, read):
        said = {"json": {"reason": "another patient's films"}}
        read("bob")
        for name in ("bob", "carol"):
            assert problem(here("POST", name, "/reads/anew", **said)) == (403, "forbidden")
        assert here("POST", "alice", "/reads/anew", **said).json()["signed"] == 0, "its owner"
        read("bob")
        read("carol")
        assert here("POST", "bob", "/reads/anew", **said).status_code == 200, "a reader, once both have signed"
        assert here("GET", "bob").json()["state"] == "ready"
        assert here("GET", "bob").json()["reports"][0]["superseded"] is True

    def test_a_case_of_a_program_is_begun_anew_by_who_may_sign_it(self, app, here, read, shared):
        said = {"json": {"reason": "another patient's films"}}
        with app.state.sessions.begin() as session:
            session.get_one(Case, shared[0]).owner_id = by_username(session, "pacs").id
        read("bob")
        assert problem(here("POST", "pacs", "/reads/anew", **said)) == (403, "forbidden")
        assert here("POST", "carol", "/reads/anew", **said).json()["signed"] == 0

    def test_a_reader_who_was_deactivated(self, app, here, read, client, people):
        """What they signed stands; a case that they have claimed is free."""
        read("bob")
        here("POST", "carol", "/claim")
        assert problem(here("POST", "alice", "/claim")) == (409, "case_claimed")
        with app.state.sessions.begin() as session:
            for name in ("bob", "carol"):
                by_username(session, name).active = False
        assert [each["id"] for each in client.get("/api/v1/cases?reader=open", headers=people["alice"]).json()["items"]]
        assert read("alice").json()["report"]["version"] == 1
        content = here("GET", "alice", "/reports/1/content").json()
        assert [each["name"] for each in content["signature"]["readers"]] == ["bob", "alice"]

    def test_a_signature_is_given_to_what_was_seen(self, here, read, mark):
        seen = here("GET", "alice").headers["ETag"]
        mark("alice")
        assert problem(read("alice", headers={"If-Match": seen})) == (412, "case_changed"), "their own other window"
        seen = {name: here("GET", name).headers["ETag"] for name in ("alice", "bob")}
        assert read("alice", headers={"If-Match": seen["alice"]}).status_code == 201
        assert problem(read("bob", headers={"If-Match": seen["bob"]})) == (412, "case_changed")
        own = here("GET", "bob").headers["ETag"]
        assert read("bob", headers={"If-Match": own}).status_code == 201

    def test_it_is_in_the_audit_log(self, here, read, client, root, shared):
        read("alice", RECALL | {"acknowledged": ["unreviewed"]})
        read("bob", NO_RECALL)
        here("POST", "carol", "/arbitration", json=RECALL)
        events = client.get(f"/api/v1/audit?target_id={shared[0]}", headers=root).json()["items"]
        told = [(event["action"], event["actor_name"], event["detail"].get("role")) for event in reversed(events)]
        assert [each for each in told if "sign" in each[0]] == [
            ("read.sign", "alice", "first"),
            ("read.sign", "bob", "second"),
            ("read.sign", "carol", "arbiter"),
            ("report.sign", "carol", None),
        ]
        assert "signing_key" in next(each for each in events if each["action"] == "report.sign")["detail"]
