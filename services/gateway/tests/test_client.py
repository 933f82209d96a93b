"""`lobule.client` against a gateway: its methods are operations of the document, and do what they say."""

import ast
import re
from pathlib import Path

import httpx
import pytest

import lobule.client
from lobule.client import ApiError, Client

PASSWORD = "correct horse battery staple"
SOURCE = Path(lobule.client.__file__).parent
BY_CALL = {"auth", "users", "sessions", "tokens", "views", "pictures", "administration", "audit", "diagnose", "system"}
"""Tags of people's and administrators' operations, which `Client.call` reaches."""
IN_THE_PORTAL = re.compile(
    r"/(claim|release|reader|visit|emergency-access|reads/|arbitration|same-lesions|reports/text|exclusion|dismissal)"
)
OTHER = {
    "GET /api/v1/cases/{}/identity",  # people ask for it
    "GET /api/v1/cases/{}/reviews/last",  # what a page undoes
    "POST /api/v1/cases/{}/reads",
    "POST /api/v1/cases/{}/reports",  # a person signs
    "POST /api/v1/cases/{}/reports/{}/renderings",
    "PUT /api/v1/hints/{}",
    "POST /api/v1/sample-case",
    "DELETE /api/v1/sample-case",
    "GET /api/v1/webhooks/{}",
    "POST /api/v1/webhooks/{}/deliveries/{}/retry",
}


@pytest.fixture
def program(client):
    """A client of the gateway under test, as Alice."""
    with Client("http://testserver", "alice", PASSWORD, patience_s=5) as program:
        program._http = client
        yield program


def plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def operations_of_client() -> set[str]:
    """Method and path of every call in the source."""
    found = set()
    for file in SOURCE.glob("*.py"):
        calls = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)]
        for call in calls:
            words = [plain(ast.unparse(argument).strip("f").strip("'\"")) for argument in call.args]
            name = getattr(call.func, "attr", "")
            if name in ("call", "request", "once"):
                found.add(" ".join(words[:2]))
            elif name == "pages":
                found.add(f"GET {words[0]}")
    return {name for name in found if "/api/v1/" in name}


def test_each_operation_of_a_program_has_a_method(client):
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    there = {f"{verb.upper()} {plain(p)}": o["tags"] for p, verbs in paths.items() for verb, o in verbs.items()}
    known = operations_of_client()
    assert known - there.keys() == set()
    assert len(known) > 40
    wanted = {name for name, tags in there.items() if "/api/v1/" in name and not BY_CALL & set(tags)}
    wanted = {name for name in wanted if not IN_THE_PORTAL.search(name)} - OTHER
    left = {name for name in wanted - known if not name.split()[1].startswith(("/api/v1/nodes", "/api/v1/groups"))}
    assert {name for name in left if "/reports/draft" not in name and "/reports/{}" not in name} == set()


def test_the_sample_case_is_opened_once(program):
    case = program.open_sample_case()["id"]
    assert program.open_sample_case()["id"] == case
    assert program.case(case)["sample"] is True


def test_a_case_from_its_opening_to_its_deletion(program, worker, picture, tmp_path):
    case = program.open_case("P-1")
    (tmp_path / "film.png").write_bytes(picture(1))
    said = {"view": "CC", "laterality": "R", "case_id": case}
    job = program.upload(tmp_path / "film.png", "mammography", **said)
    assert program.upload(tmp_path / "film.png", "mammography", **said) == job, "sent twice, it is one image"
    [image] = program.each_image(case_id=case)
    assert program.image_content(image["id"]) == picture(1)
    assert program.correct_image(image["id"], view="MLO")["view"] == "MLO"
    with pytest.raises(ApiError) as early:
        program.result(job)
    assert early.value.code == "result_not_ready"
    worker.infer(job, findings=1)
    assert program.result(job).findings[0].id == "f1"
    assert program.review(case, job, "f1", "confirmed", "seen")["verdict"] == "confirmed"
    assert [review["comment"] for review in program.reviews(case)] == ["seen"]
    again = program.analyse_again(image["id"])
    program.cancel(again)
    assert [each["id"] for each in program.each_job(image_id=image["id"], limit=1)] == [again, job]
    assert program.rename_case(case, "P-2")["pseudonym"] == "P-2"
    assert program.losses_of_case(case)["refused"] is None
    assert program.delete_case(case)["images"] == 1
    assert list(program.each_case()) == []


def test_a_change_whose_answer_was_lost_is_made_once(program, monkeypatch):
    send, lost = program._http.request, []

    def lose_the_first(method, path, **arguments):
        answer = send(method, path, **arguments)
        if path == "/api/v1/cases" and not lost:
            lost.append(answer)
            raise httpx.ReadError("the connection was lost")
        return answer

    monkeypatch.setattr(program._http, "request", lose_the_first)
    monkeypatch.setattr("lobule.client.connection.time.sleep", lambda _seconds: None)
    assert program.open_case("P-1") == lost[0].json()["id"]
    assert len(program.cases("P-1")) == 1
