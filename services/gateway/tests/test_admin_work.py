"""The audit log, queues, and dead work."""

import csv
import io
from typing import get_args

import pytest
from fastapi.testclient import TestClient
from signed_apart import APART

from gateway.admin import audit_endpoints
from gateway.audit import repository
from gateway.audit.repository import AuditFilter
from gateway.jobs.models import Rendering
from lobule.contracts.steps import StepName
from lobule.words import Words

OTHER = "another long sentence of words"


class TestAudit:
    def test_filter_and_pages(self, client, alice, bearer_of, root, job):
        for username in ("alice", "bob"):
            bearer_of(username)  # which is logged
        client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=alice)
        found = client.get("/api/v1/audit?actor=ALI&action=case", headers=root).json()["items"]
        assert [event["action"] for event in found] == ["case.create"]
        assert (
            client.get("/api/v1/audit", params={"target_id": found[0]["target_id"]}, headers=root).json()["items"]
            == found
        )
        assert client.get("/api/v1/audit?since=2100-01-01T00:00:00Z", headers=root).json()["items"] == []
        first = client.get("/api/v1/audit?limit=2", headers=root).json()
        second = client.get(f"/api/v1/audit?limit=2&cursor={first['next_cursor']}", headers=root).json()
        ids = [event["id"] for event in first["items"] + second["items"]]
        assert ids == sorted(ids, reverse=True)
        assert len(set(ids)) == 4

    def test_everything_an_administrator_does_is_in_it(self, client, alice, root, user_id):
        target = user_id("alice")
        client.patch(f"/api/v1/users/{target}", json={"role": "service"}, headers=root)
        client.post(f"/api/v1/users/{target}/password", json={"password": OTHER}, headers=root)
        client.post("/api/v1/tokens", json={"name": "x"}, headers=root)
        client.get("/api/v1/audit.csv", headers=root)
        events = client.get("/api/v1/audit?actor=root", headers=root).json()["items"]
        assert [event["action"] for event in events[:4]] == [
            "audit.export",
            "token.create",
            "user.password_reset",
            "user.update",
        ]
        assert OTHER not in str(events)

    def test_export(self, client, root):
        client.post("/api/v1/auth/token", json={"username": "=cmd()", "password": "wrong password"})
        answer = client.get("/api/v1/audit.csv?action=auth.failed", headers=root)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["actor_name"] for row in rows] == ["'=cmd()"], "no formula for a spreadsheet"
        assert {"request_id", "token_id", "reason"} <= rows[0].keys()

    @pytest.mark.parametrize(
        ("name", "written"),
        [
            ("=cmd()", "'=cmd()"),
            ("＝cmd()", "'＝cmd()"),
            ("\tx", "'\tx"),
            ("\t=cmd()", "'\t'=cmd()"),
            ("x;=cmd();-1", "x;'=cmd();'-1"),
            ("x\n@cmd()", "x\n'@cmd()"),
            ("a-b; c=d", "a-b; c=d"),
        ],
    )
    def test_nothing_in_a_cell_is_a_formula(self, name, written):
        assert audit_endpoints._safe(name) == written

    def test_no_connection_is_in_use_while_a_batch_is_sent(self, app, root, monkeypatch):
        client = TestClient(app)  # without its loops, which use connections, too
        for number in range(5):
            client.post("/api/v1/auth/token", json={"username": f"nobody {number}", "password": "wrong password"})
        monkeypatch.setattr(repository, "_BATCH", 2)
        wanted, pool = AuditFilter(action="auth.failed"), app.state.sessions.kw["bind"].pool
        found = [(len(batch), pool.checkedout()) for batch in audit_endpoints._batches(app.state.sessions, wanted)]
        assert found == [(2, 0), (2, 0), (1, 0)]
        answer = client.get("/api/v1/audit.csv?action=auth.failed", headers=root)
        names = [row["actor_name"] for row in csv.DictReader(io.StringIO(answer.text))]
        assert names == [f"nobody {number}" for number in range(4, -1, -1)]


class TestWork:
    def kill(self, client, worker, job, step="inference"):
        for _ in range(3):
            worker.claim(job, step)
            worker.expire(job)
            client.app.state.reaper.requeue_expired()

    def test_queues(self, client, root, job):
        queues = {row["queue"]: row for row in client.get("/api/v1/admin/queues", headers=root).json()}
        assert (queues["histo"]["waiting"], queues["histo"]["workers"]) == (1, 0)
        assert queues["histo"]["oldest_s"] >= 0
        assert queues["report"]["oldest_s"] is None

    def test_dead_work_is_started_again(self, client, root, worker, job):
        self.kill(client, worker, job)
        [dead] = client.get("/api/v1/admin/jobs?state=dead", headers=root).json()["items"]
        assert (dead["id"], dead["owner"], dead["error"]["code"]) == (job, "alice", "worker_lost")
        assert (dead["step"], dead["tries"], dead["subject"]) == ("inference", 3, job)
        assert client.post(f"/api/v1/admin/jobs/{job}/retry", headers=root).json()["state"] == "queued"
        self.kill(client, worker, job)
        assert client.post("/api/v1/admin/jobs/retry-dead", headers=root).json() == {"count": 1, "claimed": 0}
        worker.infer(job)

    def test_the_page_names_every_kind_of_work(self, client, alice, worker, upload, picture, cookie_of):
        """Also the reading of a case's films together, and each step that there is."""
        assert [step for step in get_args(StepName) if f"admin.step.{step}" not in Words("en")] == []
        case = client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=alice).json()["id"]
        film = {"modality": "mammography", "view": "CC", "laterality": "L", "case_id": case}
        worker.infer(upload(picture(7), **film).json()["job"]["id"])
        client.cookies.set(*cookie_of("root"))
        page = client.get("/admin/work?state=queued")
        assert page.status_code == 200
        assert "Films read together" in page.text

    def test_renderings_too(self, client, alice, root, worker, upload):
        case = client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=alice).json()["id"]
        worker.infer(upload(case_id=case).json()["job"]["id"])
        client.post(f"/api/v1/cases/{case}/reports", json=APART, headers=alice)
        with client.app.state.sessions() as session:
            first = session.query(Rendering).order_by(Rendering.key).first()
            rendering, key = first.id, first.key
        self.kill(client, worker, rendering, "render")
        [dead] = client.get("/api/v1/admin/jobs?state=dead", headers=root).json()["items"]
        assert key.startswith(f"case:{case}:version:1")
        assert (dead["kind"], dead["subject"]) == ("rendering", key)
        client.post(f"/api/v1/admin/jobs/{rendering}/retry", headers=root)
        assert worker.claim(rendering, "render")["attempt"] == 4

    def test_cancel(self, client, root, job):
        assert client.post(f"/api/v1/admin/jobs/{job}/cancel", headers=root).json()["state"] == "cancelled"
        assert client.post(f"/api/v1/admin/jobs/{job}/cancel", headers=root).json()["code"] == "job_finished"
        assert client.post("/api/v1/admin/jobs/nothing/cancel", headers=root).status_code == 404
