"""Two people read a case apart from each other; a third one settles what they disagree on."""

import re

from reading_by_two import NO_RECALL, RECALL, problem
from signed_apart import APART, apart

from gateway.serving import adopt_reading_rule


def seen_by(client, people, case, job, name) -> dict[str, str]:
    """Everything that somebody can see of a case."""
    paths = [
        f"/api/v1/cases/{case}",
        *(f"/api/v1/cases/{case}/{part}" for part in ("reviews", "reviews/last", "reader-findings", "same-lesions")),
        *(f"/api/v1/cases/{case}/{part}" for part in ("reads", "reports", "reader", "priors", "examination")),
        "/api/v1/cases",
        "/api/v1/cases?unread=1",
        f"/api/v1/jobs/{job}",
        f"/fhir/Bundle/{case}",
        "/fhir/Observation?identifier=P-1",
        *((f"/api/v1/audit?target_id={case}", "/api/v1/audit.csv") if name == "root" else ()),
    ]
    answers = {path: client.get(path, headers=people[name]) for path in paths}
    text = {"breasts": {"right": {"bi_rads": 2}}}
    answers["text"] = client.post(f"/api/v1/cases/{case}/reports/text", headers=people[name], json=text)
    told = {path: f"{answer.headers.get('ETag')} {answer.text}" for path, answer in answers.items()}
    return {path: re.sub(r'"request_id":"\w+"', "", text) for path, text in told.items()}


def test_nobody_else_learns_anything_of_a_read(client, people, shared, mark):
    """Not a byte of what others may see changes with a reader's verdicts and findings, not even its ETag."""
    others = ("bob", "pacs", "root")
    opened = {"reason": "Somebody has to look at it."}
    assert client.post(f"/api/v1/cases/{shared[0]}/emergency-access", headers=people["root"], json=opened).is_success
    before = {name: seen_by(client, people, *shared, name) for name in others}
    for answer in mark("alice"):
        assert answer.status_code == 200, answer.text
    for name in others:
        after = seen_by(client, people, *shared, name)
        for path, seen in after.items():
            if path.startswith("/api/v1/audit"):  # it grows with every export
                assert "by alice" not in seen
                assert "finding." not in seen
            else:
                assert seen == before[name][path], (name, path)
    own = client.get(f"/api/v1/cases/{shared[0]}", headers=people["alice"]).json()
    opinion = f"/api/v1/cases/{shared[0]}/reader-findings/{own['reader_findings'][0]['id']}/opinion"
    assert [client.get(opinion, headers=people[name]).status_code for name in ("alice", "bob")] == [200, 404]
    assert [review["reviewer"] for review in own["reviews"]] == ["alice"]


class TestAgreement:
    def test_the_report_follows_from_both(self, here, read, mark, shared, client, people):
        mark("alice", "f1", "confirmed")
        first = read("alice", RECALL | {"comment": "Spiculated."}).json()
        assert (first["role"], first["signed"], first["report"]) == ("first", 1, None)
        assert here("GET", "bob").json()["state"] == "second_read"
        assert here("GET", "bob", "/reads").json()["reads"] == [], "the second reader sees nothing of it"
        mark("bob", "f1", "dismissed")
        mark("bob", "f2", "confirmed")
        second = read("bob", {"breasts": {"right": {"bi_rads": 5}}}).json()
        assert (second["role"], second["report"]["version"]) == ("second", 1)
        content = here("GET", "carol", "/reports/1/content").json()
        signature = content["signature"]
        assert [(each["role"], each["name"]) for each in signature["readers"]] == [
            ("first", "alice"),
            ("second", "bob"),
        ]
        assert signature["breasts"]["right"] == {"bi_rads": 5, "density": "b", "recommendation": "biopsy"}
        assert signature["comment"] == "alice: Spiculated."
        [image] = content["images"]
        assert [(review["finding_id"], review["verdict"]) for review in image["reviews"]] == [
            ("f1", "confirmed"),
            ("f2", "confirmed"),
        ]
        assert [(each["author"], each["number"]) for each in image["reader_findings"]] == [
            ("alice", 1),
            ("bob", 14),
            ("bob", 15),
        ], "the letters that they had when their readers wrote of them"
        row = here("GET", "carol").json()
        assert (row["state"], len(row["reader_findings"])) == ("signed", 3)
        resources = client.get(f"/fhir/DiagnosticReport/{shared[0]}", headers=people["carol"]).json()
        assert [each["display"] for each in resources["resultsInterpreter"]] == ["alice", "bob"]

    def test_recall_counts_and_all_of_it_where_that_is_asked_for(self, app, here, read, film, shared):
        read("alice", {"breasts": {"right": {"bi_rads": 1}}})
        assert read("bob", {"breasts": {"right": {"bi_rads": 2, "density": "c"}}}).json()["report"] is not None
        here("POST", "alice", "/reads/anew", json={"reason": "to try the other rule"})
        app.state.settings.double_reading = "all"
        adopt_reading_rule(app.state.sessions, app.state.settings)
        read("alice", {"breasts": {"right": {"bi_rads": 1}}})
        assert read("bob", {"breasts": {"right": {"bi_rads": 2, "density": "c"}}}).json()["report"] is None
        told = here("GET", "carol", "/reads").json()
        assert [each["subject"] for each in told["disagreements"]] == ["bi_rads", "density"]


class TestArbitration:
    def test_a_third_person_sees_both_and_decides(self, here, read, mark, shared):
        mark("alice", "f1", "confirmed")
        mark("bob", "f1", "dismissed")
        read("alice", RECALL)
        assert read("bob", NO_RECALL).json()["report"] is None
        assert here("GET", "carol").json()["state"] == "arbitration"
        told = here("GET", "carol", "/reads").json()
        assert [(each["role"], each["breasts"]["right"]["bi_rads"]) for each in told["reads"]] == [
            ("first", 4),
            ("second", 2),
        ]
        assert [each["reviews"][0]["verdict"] for each in told["reads"]] == ["confirmed", "dismissed"]
        assert told["disagreements"] == [{"side": "R", "subject": "recall"}]
        assert told["may"] == ["arbitrate"]
        for name in ("alice", "bob"):
            assert problem(here("POST", name, "/arbitration", json=RECALL)) == (409, "already_read")
            assert problem(mark(name)[0]) == (409, "already_read")
            assert problem(here("POST", name, "/claim")) == (409, "already_read")
        assert problem(here("POST", "carol", "/reads", json=RECALL)) == (409, "reads_complete")
        assert mark("carol", "f1", "dismissed")[0].status_code == 200
        decided = here("POST", "carol", "/arbitration", json=NO_RECALL | {"comment": "A cyst."}).json()
        assert (decided["role"], decided["report"]["version"]) == ("arbiter", 1)
        content = here("GET", "alice", "/reports/1/content").json()
        assert [each["name"] for each in content["signature"]["readers"]] == ["alice", "bob", "carol"]
        assert (content["signature"]["comment"], content["signature"]["breasts"]["right"]["bi_rads"]) == ("A cyst.", 2)
        assert [review["verdict"] for review in content["images"][0]["reviews"]] == ["dismissed"]
        drawn = [(each["author"], each["number"]) for each in content["images"][0]["reader_findings"]]
        assert drawn == [("alice", 1), ("carol", 2), ("bob", 14)], "bob drew before alice had signed"
        reads = here("GET", "alice", "/reads").json()["reads"]
        own = [(each["name"], [drawn["author"] for drawn in each["reader_findings"]]) for each in reads]
        assert own == [(name, [name]) for name in ("alice", "bob", "carol")], "each their own, also beside others'"
        assert here("GET", "alice").json()["state"] == "signed"

    def test_a_finding_on_which_the_readers_differ_has_no_verdict_unless_the_arbiter_gives_one(
        self, here, read, mark, shared, client, people
    ):
        for finding in ("f1", "f2"):
            mark("alice", finding, "confirmed")
        mark("bob", "f1", "dismissed")
        read("alice", RECALL)
        read("bob", NO_RECALL)
        seen = {each["finding_id"]: each["verdict"] for each in here("GET", "carol").json()["reviews"]}
        assert seen == {"f1": None, "f2": "confirmed"}, "the arbiter is asked for the first, like for any open one"
        assert here("POST", "carol", "/arbitration", json=NO_RECALL | {"comment": "A cyst."}).is_success
        [first, second] = here("GET", "alice", "/reports/1/content").json()["images"][0]["reviews"]
        assert (first["verdict"], first["readers_differ"], first["reviewer"]) == (None, True, "alice, bob")
        assert first["comment"].splitlines() == ["by alice", "by bob"]
        assert (second["verdict"], second["readers_differ"]) == ("confirmed", False)
        told = client.get(f"/fhir/Bundle/{shared[0]}", headers=people["alice"]).json()
        found = next(
            entry["resource"]
            for entry in told["entry"]
            if entry["resource"].get("id", "").endswith("f1") and entry["resource"]["resourceType"] == "Observation"
        )
        assert "valueCodeableConcept" not in found

    def test_without_a_disagreement_there_is_none(self, here, read):
        assert problem(here("POST", "carol", "/arbitration", json=RECALL)) == (409, "no_disagreement")
        read("alice")
        assert problem(here("POST", "carol", "/arbitration", json=RECALL)) == (409, "no_disagreement")


class TestWorklist:
    def test_it_offers_what_somebody_can_read(self, here, read, client, people, shared, cookie_of):
        def open_to(name):
            return [
                each["id"] for each in client.get("/api/v1/cases?reader=open", headers=people[name]).json()["items"]
            ]

        read("alice")
        assert (open_to("alice"), open_to("bob")) == ([], [shared[0]])
        client.cookies.set(*cookie_of("alice"))
        page = client.get("/").text
        assert 'data-state="second_read"' in page
        assert 'data-claim="claim"' not in page
        assert re.search(r"class=\"reader\"><span title=\"[^\"]*You have signed your read[^\"]*\"><b>you</b>", page)
        client.cookies.set(*cookie_of("bob"))
        assert 'data-claim="claim"' in client.get("/").text
        here("POST", "carol", "/claim")
        assert open_to("bob") == []

    def test_it_tells_of_reads_once_both_have_signed(self, read, client, people, shared, cookie_of):
        def row(name: str) -> list[str]:
            client.cookies.set(*cookie_of(name))
            cells = re.findall(
                r'<td class="(?:bi_rads|reader|second)"[^>]*>(.*?)</td>', client.get("/").text, re.DOTALL
            )
            return [" ".join(re.sub("<[^>]*>", " ", each).split()) for each in cells]

        assert row("alice") == ["", "Claim", ""]
        read("alice")
        assert row("alice") == ["4 | –", "you", ""]
        assert row("bob") == ["", "has signed", "Claim"]
        read("bob", NO_RECALL)
        assert row("alice") == ["4 / 2 | –", "you", "bob"]
        assert row("carol") == ["4 / 2 | –", "alice", "bob Claim"]


class TestOtherCases:
    def test_a_case_without_films_is_read_by_one(self, client, alice, upload, worker):
        case = client.post("/api/v1/cases", json={"pseudonym": "H"}, headers=alice).json()["id"]
        worker.infer(upload(case_id=case).json()["job"]["id"])
        assert client.get(f"/api/v1/cases/{case}", headers=alice).json()["read_twice"] is False
        answer = client.post(f"/api/v1/cases/{case}/reads", headers=alice, json=RECALL)
        assert problem(answer) == (409, "read_by_one")
        assert client.post(f"/api/v1/cases/{case}/reports", headers=alice, json=APART).status_code == 201

    def test_switched_off_only_what_was_begun_goes_on(self, app, client, here, read, people, film, shared):
        other = client.post("/api/v1/cases", headers=people["alice"], json={"pseudonym": "P-2"}).json()["id"]
        film(other, 7)
        read("alice")
        app.state.settings.double_reading = "off"
        adopt_reading_rule(app.state.sessions, app.state.settings)
        assert here("GET", "bob").json()["read_twice"] is True
        answer = client.post(
            f"/api/v1/cases/{other}/reports", headers=people["alice"], json=apart({"conclusion": "not_sure"})
        )
        assert answer.status_code == 201
        assert read("bob").json()["report"] is not None
