"""Every route that changes something writes to the audit log, or is named here with the reason why it need not."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from types import ModuleType

from gateway_routes import every_route

from gateway.serving import adopt_reading_rule
from gateway.users.permissions import needed_permission

NOTES = {"record", "record_apart", "note_login"}

PASSED_ON = {
    "POST /api/v1/images": "the service of uploads writes it",
    "POST /api/v1/patients/merges": "the service of merges writes it",
    "POST /failed-logins/seen": "`gateway.auth.failed_logins` writes it",
}
UNNOTED = {
    "POST /api/v1/previews": "deleted within the hour; the upload that follows is noted",
    "DELETE /api/v1/previews/{preview_id}": "as above",
    "POST /api/v1/cases/{case_id}/reports/text": "stores nothing; `gateway.audit.reads` notes the reading",
    "POST /api/v1/nodes/report": "a node's state, twice a minute",
    "POST /api/v1/sessions/current/activity": "only says that the person is there",
    "POST /api/v1/sessions/current/challenge": "its answer is noted",
    "POST /api/v1/users/me/second-factor": "its confirmation is noted",
    "POST /api/v1/users/me/second-factor/keys/challenge": "its answer is noted",
    "POST /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/retry": "sends again what was sent",
    "POST /api/v1/webhooks/{webhook_id}/test": "tells nothing but the webhook's own id",
    "POST /language": "a cookie of the browser",
    "PUT /api/v1/cases/{case_id}/visit": "only for the user's own list; the reading is noted",
    "PUT /api/v1/hints/{hint}": "only for the user's own pages",
}


def changing() -> Iterator[tuple[str, Callable[..., object]]]:
    """The routes that may change something, but those of workers, with their functions."""
    for route in every_route():
        for method in route.methods - {"GET", "HEAD"}:
            if needed_permission(method, route.path) != "worker":
                yield f"{method} {route.path}", route.endpoint


def notes(function: object, module: ModuleType, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a function writes to the audit log, itself or by a function of its module that it names."""
    names = {
        getattr(node, "id", getattr(node, "attr", ""))
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function))))
        if isinstance(node, ast.Name | ast.Attribute)
    }
    if names & NOTES:
        return True
    found = [getattr(module, name, None) for name in names - seen]
    own = [each for each in found if inspect.isfunction(each) and each.__module__ == module.__name__]
    return any(notes(each, module, seen | names) for each in own)


def test_every_change_is_noted():
    routes = dict(changing())
    lacking = {name for name, function in routes.items() if not notes(function, inspect.getmodule(function))}
    assert len(routes) > 80
    assert lacking <= UNNOTED.keys() | PASSED_ON.keys()
    assert UNNOTED.keys() | PASSED_ON.keys() <= routes.keys()


def test_what_another_module_writes(client, alice, upload, picture, audited):
    assert upload(picture(1)).status_code == 202
    assert len(audited("image.upload")) == 1


def test_an_analysis_that_diagnose_starts_again_is_noted(client, alice, upload, picture, audited):
    job = upload(picture(1)).json()["job"]["id"]
    assert client.post(f"/api/v1/jobs/{job}/cancel", headers=alice).status_code == 200
    form = {"username": "alice", "password": "correct horse battery staple"}
    files = {"file": ("a.png", picture(1))}
    again = client.post("/api/v1/diagnose", data=form, files=files, headers={"Prefer": "respond-async"})
    assert (again.status_code, again.json()["id"]) == (202, job)
    assert len(audited("job.retry")) == 1


def test_another_rule_of_reading_is_noted(app, case, audited):
    for rule in ("all", "all", "off"):
        adopt_reading_rule(app.state.sessions, app.state.settings.model_copy(update={"double_reading": rule}))
    assert audited("case.reading_rule") == [{"rule": None, "cases": 1}, {"rule": "all", "cases": 1}]


def test_a_report_that_diagnose_answers_is_noted_as_read(client, alice, upload, worker, picture, audited):
    job = upload(picture(5)).json()["job"]["id"]
    worker.infer(job)
    worker.render(job)
    form = {"username": "alice", "password": "correct horse battery staple"}
    answer = client.post("/api/v1/diagnose", data=form, files={"file": ("a.png", picture(5))})
    assert answer.status_code == 200, answer.text
    assert audited("report.read") == [{"format": "png", "language": "en"}]
