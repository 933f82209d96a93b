"""Groups share cases; claims, assignments, views and visits of readers."""

from datetime import timedelta
from uuid import uuid4

import pytest
from signed_apart import APART

from gateway.cases.models import Case, SavedView
from gateway.cases.reading import LAPSES_AFTER
from gateway.clock import now
from gateway.groups import repository
from gateway.groups.models import GroupMember
from gateway.jobs.models import Job

PASSWORD = "correct horse battery staple"


@pytest.fixture
def bob(headers_of):
    return headers_of("bob")


@pytest.fixture
def root(headers_of):
    return headers_of("root")


@pytest.fixture
def group(client, root):
    """The id of a group of Alice and Bob."""
    group = client.post("/api/v1/groups", headers=root, json={"name": "Unit B"}).json()["id"]
    for name in ("alice", "bob"):
        assert client.put(f"/api/v1/groups/{group}/members/{name}", headers=root).status_code == 200
    return group


@pytest.fixture
def shared(client, alice, group, upload, worker, picture):
    """A case of Alice's that she shares with the group, with one analysed film; its id and its job's."""
    case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-1", "group_id": group}).json()["id"]
    job = upload(picture(3), case_id=case, modality="mammography", view="CC", laterality="R").json()["job"]["id"]
    worker.infer(job, findings=1)
    worker.render(job)
    return case, job


def actions(client, root):
    return [event["action"] for event in client.get("/api/v1/audit?limit=500", headers=root).json()["items"]]


class TestGroups:
    def test_a_name_that_is_taken_at_the_same_moment(self, client, root, group, monkeypatch):
        monkeypatch.setattr(repository, "by_name", lambda *_: None)  # as another transaction would have found it
        answer = client.post("/api/v1/groups", headers=root, json={"name": "Unit B"})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")

    def test_only_administrators_make_them(self, client, alice, group, root):
        assert client.post("/api/v1/groups", headers=alice, json={"name": "Mine"}).status_code == 403
        assert client.put(f"/api/v1/groups/{group}/members/root", headers=alice).status_code == 403
        again = client.post("/api/v1/groups", headers=root, json={"name": " Unit B "})
        assert (again.status_code, again.json()["code"]) == (409, "group_exists")
        assert client.put(f"/api/v1/groups/{group}/members/nobody", headers=root).status_code == 404
        assert client.patch(f"/api/v1/groups/{group}", headers=root, json={"name": "Unit C"}).json()["name"] == "Unit C"
        assert {"group.create", "group.add_member", "group.rename"} <= set(actions(client, root))

    def test_a_member_sees_the_case_and_all_of_it(self, client, bob, shared):
        case, job = shared
        assert [item["id"] for item in client.get("/api/v1/cases", headers=bob).json()["items"]] == [case]
        detail = client.get(f"/api/v1/cases/{case}", headers=bob).json()
        image = detail["images"][0]["id"]
        for path in (f"jobs/{job}/result", f"images/{image}/content", f"jobs/{job}/report?format=json"):
            assert client.get(f"/api/v1/{path}", headers=bob).status_code == 200, path
        answer = client.put(f"/api/v1/cases/{case}/reviews/{job}/0", headers=bob, json={"verdict": "confirmed"})
        assert (answer.status_code, answer.json()["reviewer"]) == (200, "bob")

    def test_who_leaves_the_group_sees_nothing_any_more(self, client, bob, root, group, shared):
        case, job = shared
        client.delete(f"/api/v1/groups/{group}/members/bob", headers=root)
        assert client.get("/api/v1/cases", headers=bob).json()["items"] == []
        assert client.get(f"/api/v1/cases/{case}", headers=bob).status_code == 404
        assert client.get(f"/api/v1/jobs/{job}/result", headers=bob).status_code == 404

    def test_a_case_is_shared_by_its_owner_and_with_their_own_groups(self, client, alice, bob, root, group, shared):
        case, _ = shared
        other = client.post("/api/v1/groups", headers=root, json={"name": "Other"}).json()["id"]
        here = f"/api/v1/cases/{case}/group"
        assert client.put(here, headers=bob, json={"group_id": None}).status_code == 404
        assert client.put(here, headers=alice, json={"group_id": other}).status_code == 404
        assert client.put(here, headers=alice, json={"group_id": None}).status_code == 200
        assert client.get(f"/api/v1/cases/{case}", headers=bob).status_code == 404
        assert client.post("/api/v1/cases", headers=bob, json={"pseudonym": "P", "group_id": other}).status_code == 404

    def test_what_a_program_sends_is_seen_by_its_group(self, new_user, client, headers_of, bob, root, group):
        """Cases that it sent before it joined, and later ones; those of no other account."""
        new_user("pacs", role="service")
        pacs = headers_of("pacs")
        client.post("/api/v1/cases", headers=pacs, json={"pseudonym": "BEFORE"})
        assert client.get("/api/v1/cases", headers=bob).json()["items"] == []
        client.put(f"/api/v1/groups/{group}/members/pacs", headers=root)
        client.post("/api/v1/cases", headers=pacs, json={"pseudonym": "AFTER"})
        client.post("/api/v1/cases", headers=headers_of("alice"), json={"pseudonym": "OWN"})
        seen = client.get(f"/api/v1/cases?group={group}&sort=pseudonym", headers=bob).json()["items"]
        assert [item["pseudonym"] for item in seen] == ["AFTER", "BEFORE"]
        assert client.delete(f"/api/v1/groups/{group}", headers=root).status_code == 204
        assert client.get("/api/v1/cases", headers=bob).json()["items"] == []

    def test_a_program_belongs_to_one_group(self, new_user, client, headers_of, root, bob, group):
        new_user("pacs", role="service")
        other = client.post("/api/v1/groups", headers=root, json={"name": "Unit C"}).json()["id"]
        assert client.put(f"/api/v1/groups/{group}/members/pacs", headers=root).status_code == 200
        refused = client.put(f"/api/v1/groups/{other}/members/pacs", headers=root)
        assert (refused.status_code, refused.json()["code"]) == (409, "one_group_only")
        assert client.put(f"/api/v1/groups/{group}/members/pacs", headers=root).status_code == 200, "it is in it"
        client.post("/api/v1/cases", headers=headers_of("pacs"), json={"pseudonym": "SENT"})
        assert len(client.get("/api/v1/cases", headers=bob).json()["items"]) == 1, "what it sends is still seen"

    def test_a_program_that_an_earlier_version_let_into_two_groups(
        self, app, new_user, client, headers_of, root, bob, group, user_id, cookie_of
    ):
        new_user("pacs", role="service")
        other = client.post("/api/v1/groups", headers=root, json={"name": "Unit C"}).json()["id"]
        with app.state.sessions.begin() as session:
            session.add_all(GroupMember(group_id=each, user_id=user_id("pacs")) for each in (group, other))
        client.post("/api/v1/cases", headers=headers_of("pacs"), json={"pseudonym": "SENT"})
        assert client.get("/api/v1/cases", headers=bob).json()["items"] == [], "it shares with none of them"
        client.cookies.set(*cookie_of("root"))
        assert "The program account pacs is in several groups" in client.get("/admin/users").text

    def test_a_member_is_told_of_no_copy_that_they_may_not_see(self, client, alice, bob, group, upload, picture):
        film = picture(6)
        shared = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-1", "group_id": group}).json()["id"]
        private = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P-2"}).json()["id"]
        own = upload(film, case_id=private).json()["image"]["id"]
        sent = upload(film, headers=bob, case_id=shared).json()
        assert sent["also_in"] == []
        client.delete(f"/api/v1/images/{sent['image']['id']}", headers=alice)
        assert [twin["image_id"] for twin in upload(film, case_id=shared).json()["also_in"]] == [own]


class TestClaims:
    def test_nobody_else_changes_a_claimed_case(self, client, alice, bob, root, shared, upload, picture):
        case, job = shared
        claimed = client.post(f"/api/v1/cases/{case}/claim", headers=bob).json()
        assert (claimed["reader"], claimed["reading_since"] is None) == ("bob", False)
        image = client.get(f"/api/v1/jobs/{job}", headers=bob).json()["image_id"]
        drawn = {"image_id": image, "kind": "mass", "shape": "box", "box": {"x": 1, "y": 1, "width": 3, "height": 3}}
        pair = {name: {"job_id": job, "finding_id": "f1"} for name in ("one", "other")}
        for answer in (
            client.post(f"/api/v1/cases/{case}/claim", headers=alice),
            client.put(f"/api/v1/cases/{case}/reviews/{job}/0", headers=alice, json={"verdict": "confirmed"}),
            client.post(f"/api/v1/cases/{case}/reports", headers=alice, json=APART),
            client.put(f"/api/v1/cases/{case}/reader", headers=alice, json={"username": "alice"}),
            client.put(f"/api/v1/cases/{case}/reader-findings/{uuid4()}", headers=alice, json=drawn),
            client.delete(f"/api/v1/cases/{case}/reader-findings/{uuid4()}", headers=alice),
            client.put(f"/api/v1/cases/{case}/same-lesions/{uuid4()}", headers=alice, json=pair),
            client.delete(f"/api/v1/cases/{case}/same-lesions/{uuid4()}", headers=alice),
            client.patch(f"/api/v1/images/{image}", headers=alice, json={"laterality": "L"}),
            client.patch(f"/api/v1/images/{image}", headers=alice, json={"case_id": None}),
            client.delete(f"/api/v1/images/{image}", headers=alice),
            client.post(f"/api/v1/images/{image}/jobs", headers=alice),
            client.post(f"/api/v1/jobs/{job}/retry", headers=alice),
            client.post(f"/api/v1/jobs/{job}/cancel", headers=alice),
            client.post(f"/api/v1/admin/jobs/{job}/retry", headers=root),
            client.post(f"/api/v1/admin/jobs/{job}/cancel", headers=root),
            upload(picture(4), case_id=case, modality="mammography", replaces=image),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "case_claimed")
            assert answer.json()["reader"] == "bob"
        assert client.get(f"/api/v1/cases/{case}/reader", headers=alice).json()["yours"] is False
        assert client.post(f"/api/v1/cases/{case}/reports", headers=bob, json=APART).status_code == 201
        assert client.get(f"/api/v1/cases/{case}/reader", headers=bob).json() == {
            "reader": "bob",
            "since": None,
            "yours": True,
        }
        for answer in (
            client.put(f"/api/v1/cases/{case}/reader", headers=alice, json={"username": "alice"}),
            client.post(f"/api/v1/cases/{case}/claim", headers=alice),
            client.post(f"/api/v1/cases/{case}/release", headers=alice),
            client.post(f"/api/v1/cases/{case}/release", headers=bob),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "case_signed")
        assert client.get(f"/api/v1/cases/{case}/reader", headers=alice).json()["reader"] == "bob"
        assert {"case.claim"} <= set(actions(client, root))

    def test_an_analysis_that_failed_waits_for_the_reader(self, client, alice, bob, root, shared, upload, picture):
        """Neither sending its image again nor an administrator starts it under the eyes of the reader."""
        case, _ = shared
        film = picture(9)
        job = upload(film, case_id=case, modality="mammography").json()["job"]["id"]
        client.post(f"/api/v1/jobs/{job}/cancel", headers=alice)
        client.post(f"/api/v1/cases/{case}/claim", headers=bob)
        form = {"username": "alice", "password": PASSWORD, "modality": "mammography"}
        again = client.post("/api/v1/diagnose", data=form, files={"file": ("film.png", film)})
        assert (again.status_code, again.json()["code"]) == (409, "case_claimed")
        with client.app.state.sessions.begin() as session:
            session.get_one(Job, job).state = "dead"
        all_dead = client.post("/api/v1/admin/jobs/retry-dead", headers=root)
        assert all_dead.json() == {"count": 0, "claimed": 1}
        client.post(f"/api/v1/cases/{case}/release", headers=bob)
        assert client.post("/api/v1/admin/jobs/retry-dead", headers=root).json() == {"count": 1, "claimed": 0}

    def test_a_reader_is_told_what_they_may_not_remove(self, client, alice, bob, shared):
        case, _ = shared
        kept = {
            name: client.get(f"/api/v1/cases/{case}", headers=headers).json()["images"][0]["kept_by"]
            for name, headers in (("alice", alice), ("bob", bob))
        }
        assert kept == {"alice": None, "bob": "owner"}

    def test_members_remove_nothing_that_is_not_theirs(self, client, bob, shared, upload, picture):
        case, job = shared
        image = client.get(f"/api/v1/jobs/{job}", headers=bob).json()["image_id"]
        for answer in (
            client.delete(f"/api/v1/images/{image}", headers=bob),
            client.patch(f"/api/v1/images/{image}", headers=bob, json={"case_id": None}),
            upload(picture(4), headers=bob, case_id=case, modality="mammography", replaces=image),
        ):
            assert (answer.status_code, answer.json()["reason"]) == (403, "removal")
        assert client.patch(f"/api/v1/images/{image}", headers=bob, json={"laterality": "L"}).status_code == 200

    def test_it_ends_with_its_release_or_with_the_day(
        self, app, new_user, client, alice, bob, root, group, shared, headers_of
    ):
        case, _ = shared
        new_user("carol")
        client.put(f"/api/v1/groups/{group}/members/carol", headers=root)
        carol = headers_of("carol")
        claim, release = f"/api/v1/cases/{case}/claim", f"/api/v1/cases/{case}/release"
        client.post(claim, headers=bob)
        assert client.post(release, headers=carol).json()["code"] == "case_claimed"
        assert client.post(release, headers=alice).json()["reader"] == "", "its owner takes it back"
        client.post(claim, headers=bob)
        with app.state.sessions.begin() as session:
            session.get_one(Case, case).reading_since = now() - LAPSES_AFTER - timedelta(seconds=1)
        assert client.post(claim, headers=carol).json()["reader"] == "carol"

    def test_an_assignment_names_a_reader_who_may_see_it(self, new_user, client, alice, bob, shared):
        case, _ = shared
        new_user("carol")
        here = f"/api/v1/cases/{case}/reader"
        for name in ("carol", "nobody"):
            answer = client.put(here, headers=alice, json={"username": name})
            assert (answer.status_code, answer.json()["code"]) == (422, "reader_cannot_see")
        assert client.put(here, headers=alice, json={"username": "bob"}).json()["reader"] == "bob"
        assert [item["id"] for item in client.get("/api/v1/cases?reader=me", headers=bob).json()["items"]] == [case]
        assert client.get("/api/v1/cases?reader=none", headers=bob).json()["items"] == []
        assert client.post(f"/api/v1/cases/{case}/claim", headers=alice).status_code == 200, "it has not begun"


class TestViews:
    def test_a_view_is_kept_by_name_for_its_user(self, client, alice, bob):
        body = {"name": " Urgent ", "query": "state=ready&sort=study_date&next=//evil&cursor=x"}
        kept = client.post("/api/v1/views", headers=alice, json=body).json()
        assert (kept["name"], kept["query"]) == ("Urgent", "state=ready&sort=study_date")
        client.post("/api/v1/views", headers=alice, json={"name": "Urgent", "query": "state=signed"})
        assert [view["query"] for view in client.get("/api/v1/views", headers=alice).json()] == ["state=signed"]
        assert client.get("/api/v1/views", headers=bob).json() == []
        assert client.delete(f"/api/v1/views/{kept['id']}", headers=bob).status_code == 404
        assert client.delete(f"/api/v1/views/{kept['id']}", headers=alice).status_code == 204
        for number in range(20):
            client.post("/api/v1/views", headers=alice, json={"name": str(number), "query": ""})
        full = client.post("/api/v1/views", headers=alice, json={"name": "one more", "query": ""})
        assert (full.status_code, full.json()["code"]) == (409, "too_many_views")

    def test_a_view_that_cannot_be_kept_or_counted(self, app, client, alice, cookie_of):
        for query in ("q=%00", "q=a%0Ab", "q=" + "乳" * 60):
            answer = client.post("/api/v1/views", headers=alice, json={"name": "V", "query": query})
            assert (answer.status_code, answer.json()["reason"]) == (422, "view_query")
        fits = client.post("/api/v1/views", headers=alice, json={"name": "V", "query": "q=" + "乳" * 50})
        assert fits.status_code == 201
        with app.state.sessions.begin() as session:  # of a version that kept anything
            session.get_one(SavedView, fits.json()["id"]).query = "q=%00"
        client.cookies.set(*cookie_of("alice"))
        assert client.get("/").status_code == 200

    def test_a_case_is_unread_until_it_is_seen_and_again_after_a_change(self, client, alice, bob, shared):
        case, job = shared

        def unread(headers):
            return [item["id"] for item in client.get("/api/v1/cases?unread=1", headers=headers).json()["items"]]

        assert unread(alice) == unread(bob) == [case]
        assert client.put(f"/api/v1/cases/{case}/visit", headers=bob).status_code == 204
        assert (unread(alice), unread(bob)) == ([case], [])
        seen = client.get(f"/api/v1/cases/{case}", headers=bob).headers["ETag"]
        client.put(f"/api/v1/cases/{case}/reviews/{job}/0", headers=alice, json={"verdict": "confirmed"})
        assert unread(bob) == [case]
        late = client.put(f"/api/v1/cases/{case}/visit", headers={**bob, "If-Match": seen})
        assert (late.status_code, late.json()["code"], unread(bob)) == (412, "case_changed", [case])
        seen = client.get(f"/api/v1/cases/{case}", headers=bob).headers["ETag"]
        assert client.put(f"/api/v1/cases/{case}/visit", headers={**bob, "If-Match": seen}).status_code == 204
        assert unread(bob) == []
