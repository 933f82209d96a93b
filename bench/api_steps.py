"""What the callers of `bench/api_walk.py` do, in an order in which every operation can succeed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import api_case_steps
import api_fuzz
import pyotp
from api_case_steps import CASE, CASES
from node_report import told
from played_worker import Worker
from soft_key import SoftKey

from gateway.users.permissions import needed_permission
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.region import RegionOpinion

if TYPE_CHECKING:
    from api_walk import Caller, Walk

SETTINGS: dict[str, Any] = {
    "public_url": "https://lobule.example",
    "secure_cookies": False,
    "webhook_networks": "127.0.0.0/8",
    "names": "keep",
    "names_key": "a key of the benchmark that encrypts names",
}
_NEW_PASSWORD = "another long password of the benchmark"
_ME, _INSTANCE = "/api/v1/users/me", "/dicom-web/studies/{study}/series/{series}/instances/{instance}"
_REASONS = {
    ("administrator", "POST /api/v1/emergency-access/{access_id}/seen"): "an administrator owns no case",
    ("administrator", "GET /api/v1/previews/{preview_id}/picture"): "an administrator uploads nothing",
}


def is_public(method: str, path: str) -> bool:
    """Whether an operation needs no login."""
    return needed_permission(method, path) == "public"


def reason(kind: str, label: str) -> str | None:
    """Why an operation cannot succeed for a caller whose role may use it; None if no reason is known."""
    return _REASONS.get((kind, label))


@contextmanager
def playing(worker: Worker) -> Iterator[threading.Lock]:
    """Analyse what is queued in a thread, as inference workers do; while its lock is held, nothing is analysed."""
    paused, ended = threading.Lock(), threading.Event()

    def play() -> None:
        while not ended.is_set():
            with paused:
                claims = [worker.claim_next(queue) for queue in ("mammo", "histo")]
                for claim in filter(None, claims):
                    _work(worker, claim)
            if not any(claims):
                ended.wait(0.1)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield paused
    finally:
        ended.set()
        thread.join()


def _work(worker: Worker, claim: dict[str, Any]) -> None:
    step, prefix = claim["step"], claim["output_prefix"]
    if step == "inference":
        worker.leave_result({**claim, "image": claim["unit"]["images"][0]["image"]}, findings=2)
    elif step == "examination":
        said = {"method": "rule", "breasts": [], "assessment": "not_sure", "probability_malignant": None}
        worker.store.put(f"{prefix}/examination.json", ExaminationReading(**said).model_dump_json().encode())
    elif step == "region":
        opinion = RegionOpinion(outcome="too_coarse", mm_per_pixel=0.3, coarsest_mm_per_pixel=0.1, scale_assumed=True)
        worker.store.put(f"{prefix}/region.json", opinion.model_dump_json().encode())
    worker.post(claim["job_id"], step, "complete", attempt=claim["attempt"])


def take(walk: Walk) -> dict[str, Caller | None]:
    """Let the callers do everything; returns those whose requests follow."""
    with playing(walk.worker) as paused:
        alice, bob, carol, dora = (walk.enter("clinician", f"{letter}-clinician") for letter in "abcd")
        root, eve = walk.enter("administrator", "a-admin"), walk.enter("administrator", "e-admin")
        pacs, orders = walk.enter("program", "a-service"), walk.enter("program", "b-service")
        _public(walk)
        for person in (dora, eve, orders):
            _account(walk, person)
        _administer(walk, root, alice, pacs)
        for owner in (pacs, alice):
            api_case_steps.describe_case(walk, owner, alice, paused)
            _emergency(walk, root, owner, walk.known["case_id"])
        api_case_steps.read_twice(walk, alice, bob, carol)
        _of_all_users(walk, root, alice, paused)
        for each in (root, pacs, alice):
            _webhooks(walk, each)
            _views(walk, each)
        for reader in (pacs, root, alice):
            _reads(walk, reader)
        _deletions(walk, root, (pacs, alice))
    return {"clinician": alice, "administrator": root, "program": pacs, "anonymous": None}


def _public(walk: Walk) -> None:
    for path in ("/healthz", "/readyz", "/fhir/metadata"):
        walk.ok(None, f"GET {path}")
    walk.ok(None, "POST /api/v1/auth/token", json={"username": "a-clinician", "password": api_fuzz.PASSWORD})


def _account(walk: Walk, who: Caller) -> None:
    """Everything of an account, which ends with its logins."""
    own = f"{_ME}/second-factor"
    for path in (_ME, own, "/api/v1/tokens", "/api/v1/sessions"):
        walk.ok(who, f"GET {path}")
    grant = {"username": who.username, "password": api_fuzz.PASSWORD}
    walk.ok(who, "POST /api/v1/auth/token", by="", json=grant)
    walk.ok(who, "PUT /api/v1/hints/{hint}", hint="tour")
    token = walk.ok(who, "POST /api/v1/tokens", json={"name": "script", "scopes": ["read"]})
    walk.ok(who, "DELETE /api/v1/tokens/{token_id}", token_id=token.get("id"))
    walk.ok(who, "POST /api/v1/sessions/current/activity")
    walk.ok(who, "POST /api/v1/sessions/current/authentication", json={"password": api_fuzz.PASSWORD})
    app = pyotp.TOTP(walk.ok(who, f"POST {own}")["secret"])
    walk.ok(who, f"POST {own}/confirmation", json={"code": app.now()})
    key, asked = SoftKey(), walk.ok(who, f"POST {own}/keys/challenge")
    said = {"name": "Key ring", "credential": key.register(asked["public_key"])}
    added = walk.ok(who, f"POST {own}/keys", json=said)
    walk.ok(who, "POST /api/v1/sessions/current/challenge")
    walk.ok(who, f"PATCH {own}/keys/{{key_id}}", key_id=added.get("id"), json={"name": "Desk"})
    walk.ok(who, f"DELETE {own}/keys/{{key_id}}", key_id=added.get("id"))
    walk.ok(who, f"DELETE {own}")
    other = walk.enter(who.kind, who.username)
    sessions = walk.ok(who, "GET /api/v1/sessions")
    another = next(each["id"] for each in sessions if not each["current"])
    walk.ok(who, "DELETE /api/v1/sessions/{session_id}", session_id=another)
    walk.ok(who, "DELETE /api/v1/sessions")
    walk.ok(who, f"POST {_ME}/password", json={"current": api_fuzz.PASSWORD, "new": _NEW_PASSWORD})
    walk.ok(who, "POST /api/v1/auth/logout")
    assert walk.send(other, f"GET {_ME}").status_code == 401


def _administer(walk: Walk, root: Caller, alice: Caller, pacs: Caller) -> None:
    """Users, groups and nodes."""
    new = {"username": "new", "password": _NEW_PASSWORD, "display_name": "New", "role": "clinician"}
    user = walk.ok(root, "POST /api/v1/users", json=new)["id"]
    walk.ok(root, "GET /api/v1/users")
    walk.ok(root, "PATCH /api/v1/users/{user_id}", user_id=user, json={"display_name": "Newer"})
    walk.ok(root, "POST /api/v1/users/{user_id}/password", user_id=user, json={"password": api_fuzz.PASSWORD})
    walk.ok(root, "DELETE /api/v1/users/{user_id}/second-factor", user_id=user)
    group = walk.ok(root, "POST /api/v1/groups", json={"name": "Breast unit"})["id"]
    gone = walk.ok(root, "POST /api/v1/groups", json={"name": "Closed unit"})["id"]
    walk.ok(root, "PATCH /api/v1/groups/{group_id}", group_id=gone, json={"name": "Former unit"})
    for name in ("a-clinician", "b-clinician", "c-clinician", "a-service"):
        walk.ok(root, "PUT /api/v1/groups/{group_id}/members/{username}", group_id=group, username=name)
    walk.ok(root, "PUT /api/v1/groups/{group_id}/members/{username}", group_id=gone, username="new")
    walk.ok(root, "DELETE /api/v1/groups/{group_id}/members/{username}", group_id=gone, username="new")
    walk.ok(root, "DELETE /api/v1/groups/{group_id}", group_id=gone)
    walk.ok(pacs, "POST /api/v1/nodes/report", json={"report": told(), "outcomes": []})
    node = walk.ok(root, "GET /api/v1/nodes")[0]["id"]
    task = walk.ok(root, "POST /api/v1/nodes/{node_id}/tasks", node_id=node, json={"kind": "echo", "peer": "PACS"})
    walk.known |= {"user_id": user, "username": "new", "group_id": group, "node_id": node, "task_id": task["id"]}
    for path in ("", "/{task_id}"):
        walk.ok(root, f"GET /api/v1/nodes/{{node_id}}/tasks{path}")
    for who in (alice, root, pacs):
        walk.ok(who, "GET /api/v1/groups")


def _webhooks(walk: Walk, who: Caller) -> None:
    urls = [f"http://127.0.0.1:9/{name}" for name in ("a", "b")]  # where nothing listens
    made = [walk.ok(who, "POST /api/v1/webhooks", json={"url": url})["id"] for url in urls]
    walk.ok(who, "DELETE /api/v1/webhooks/{webhook_id}", webhook_id=made[0])
    walk.known["webhook_id"] = made[1]
    walk.ok(who, "PATCH /api/v1/webhooks/{webhook_id}", json={"events": ["report.signed"]})
    walk.known["delivery_id"] = walk.ok(who, "POST /api/v1/webhooks/{webhook_id}/test")["id"]
    walk.ok(who, "POST /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/retry")
    for path in ("", "/{webhook_id}", "/{webhook_id}/deliveries"):
        walk.ok(who, f"GET /api/v1/webhooks{path}")


def _views(walk: Walk, who: Caller) -> None:
    made = [walk.ok(who, "POST /api/v1/views", json={"name": name, "query": "state=ready"}) for name in ("a", "b")]
    walk.ok(who, "DELETE /api/v1/views/{view_id}", view_id=made[0]["id"])
    walk.known["view_id"] = made[1]["id"]


def _emergency(walk: Walk, root: Caller, owner: Caller, case: str) -> None:
    said = {"reason": "the owner is on leave"}
    access = walk.ok(root, f"POST {CASE}/emergency-access", case_id=case, json=said)["id"]
    walk.ok(owner, "GET /api/v1/emergency-access")
    walk.ok(owner, "POST /api/v1/emergency-access/{access_id}/seen", access_id=access)
    walk.known["access_id"] = access


def _of_all_users(walk: Walk, root: Caller, alice: Caller, paused: threading.Lock) -> None:
    """What an administrator does with work and patients."""
    with paused:
        job = api_case_steps.upload(walk, alice, walk.known["other_case"], api_case_steps.new_film(patient="P9"))[
            "job"
        ]["id"]
        walk.ok(root, "POST /api/v1/admin/jobs/{work_id}/cancel", work_id=job)
        walk.ok(root, "POST /api/v1/admin/jobs/{work_id}/retry", work_id=job)
    walk.ok(root, "POST /api/v1/admin/jobs/retry-dead")
    walk.ok(root, "POST /api/v1/patients/purge", json={"patient_id": "P9", "reason": "her wish"})
    walk.ok(root, f"PUT {CASE}/group", json={"group_id": walk.known["group_id"]})
    walk.ok(root, f"PUT {CASE}/visit")
    walk.ok(root, f"POST {CASE}/reports/{{version}}/renderings", json={"languages": ["zh"], "forms": ["html"]})


def _reads(walk: Walk, who: Caller) -> None:
    """All that is read of what there is."""
    document = {"series": walk.known["document_series"], "instance": walk.known["document"]}
    further: dict[str, dict[str, Any]] = {
        "GET /fhir/{resource_type}": {"params": {"identifier": "P-3"}},
        f"GET {_INSTANCE}/bulkdata/{{tag}}": document,
    }
    for label in walk.operations:
        if label.startswith("GET ") and not walk.succeeded(who.kind, label):
            walk.ok(who, label, **further.get(label, {}))


def _deletions(walk: Walk, root: Caller, owners: Sequence[Caller]) -> None:
    """The sample case, other cases and the node; the objects that generated requests name stay."""
    for who in owners:
        walk.ok(who, "POST /api/v1/sample-case")
        walk.ok(who, "DELETE /api/v1/sample-case")
        for deleting in (who, root):
            case = walk.ok(who, f"POST {CASES}", json={"pseudonym": "P-5"})["id"]
            _emergency(walk, root, who, case)
            walk.ok(deleting, f"DELETE {CASE}", case_id=case)
    node = walk.known["node_id"]
    walk.ok(root, "DELETE /api/v1/nodes/{node_id}", node_id=node)
    walk.ok(owners[0], "POST /api/v1/nodes/report", json={"report": told(), "outcomes": []})
