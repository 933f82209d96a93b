"""The OpenAPI document tells the truth, and the API does what HTTP's clients expect."""

import ast
import base64
import re
from pathlib import Path

import jsonschema
import pytest

import gateway
from gateway.error_codes import CODES
from lobule.contracts.errors import INPUT_ERROR_CODES, PIPELINE_ERROR_CODES
from lobule.words import Words

PASSWORD = "correct horse battery staple"
SOURCE = Path(gateway.__file__).parent
API_DOC = Path(__file__).parents[3] / "docs" / "api.md"
OF_WORKERS = {"attempt_not_current", "not_claimable", "result_missing"}
"""Codes of the internal API of workers, which the document does not describe."""


@pytest.fixture
def document(client):
    return client.get("/api/v1/openapi.json").json()


def operations(document):
    return [(f"{verb} {path}", o) for path, verbs in document["paths"].items() for verb, o in verbs.items()]


class TestDocument:
    def test_every_error_is_a_problem_document_and_nothing_else(self, document):
        own = {"get /readyz": {"503"}}
        for name, operation in operations(document):
            for status, answer in operation["responses"].items():
                if status[0] in "45" and status not in own.get(name, ()):
                    fhir = name.startswith("get /fhir/")
                    media_type, kind = ("fhir", "FhirOutcome") if fhir else ("problem", "Problem")
                    assert answer["content"] == {
                        f"application/{media_type}+json": {"schema": {"$ref": f"#/components/schemas/{kind}"}}
                    }, (name, status)
        assert not {"HTTPValidationError", "ValidationError"} & document["components"]["schemas"].keys()

    def test_every_success_has_a_type(self, document):
        for name, operation in operations(document):
            for status, answer in operation["responses"].items():
                if status[0] == "2":
                    assert status == "204" or answer["content"], (name, status)
                    assert all(body["schema"] for body in answer.get("content", {}).values()), (name, status)

    def test_names_are_short_and_unique(self, document):
        names = [o["operationId"] for _, o in operations(document)]
        assert len(set(names)) == len(names) > 50
        assert [name for name in names if not re.fullmatch("[a-z]+([A-Z][a-z]+)*", name)] == []

    def test_everything_is_described(self, document):
        for name, operation in operations(document):
            assert operation["description"], name
            assert [p["name"] for p in operation.get("parameters", ()) if not p.get("description")] == [], name
        for name, schema in document["components"]["schemas"].items():
            assert [f for f, value in schema.get("properties", {}).items() if "description" not in value] == [], name
        named = {tag["name"] for tag in document["tags"]}
        assert {tag for _, o in operations(document) for tag in o["tags"]} == named

    def test_every_schema_has_an_example_that_fits(self, document):
        for name, schema in document["components"]["schemas"].items():
            whole = schema | {"components": document["components"]}
            faults = list(jsonschema.Draft202012Validator(whole).iter_errors(schema["example"]))
            assert faults == [], (name, faults)

    def test_waiting_is_documented_where_it_may_be_asked_for(self, document):
        for name, operation in operations(document):
            for status in {"429", "503"} & operation["responses"].keys():
                assert "Retry-After" in operation["responses"][status]["headers"], name
        assert "ETag" in document["paths"]["/api/v1/jobs/{job_id}/report"]["get"]["responses"]["200"]["headers"]

    def test_messages_to_webhooks_are_described(self, document):
        for name, schema in (
            ("jobFinished", "JobFinished"),
            ("reportSigned", "ReportSignedMessage"),
            ("webhookTest", "WebhookTest"),
        ):
            message = document["webhooks"][name]["post"]
            assert message["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith(f"/{schema}")

    def test_a_tag_that_is_sent_can_be_sent_back(self, document):
        tagged = [
            (name, operation)
            for name, operation in operations(document)
            if name.upper().startswith("GET") and "ETag" in operation["responses"].get("200", {}).get("headers", {})
        ]
        assert len(tagged) > 6
        assert [name for name, operation in tagged if "304" not in operation["responses"]] == []

    def test_codes_are_those_that_the_source_gives(self, document):
        given = set(codes_in_source())
        assert given - CODES.keys() - OF_WORKERS == set()
        of_jobs = INPUT_ERROR_CODES | PIPELINE_ERROR_CODES
        assert of_jobs <= CODES.keys()
        assert CODES.keys() - given - of_jobs == {"cancelled", "dead", "failed"}, "states of a job that /diagnose tells"
        assert document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == sorted(CODES)

    def test_the_published_list_is_the_same(self):
        published = re.findall(r"^\| `(\w+)` \| ([\d, ]*) \| (.+) \|$", API_DOC.read_text("utf-8"), re.MULTILINE)
        words = Words("en")
        expected = [(c, ", ".join(map(str, s)), words(f"errors.{c}")) for c, s in sorted(CODES.items())]
        assert published == expected

    def test_what_has_changed_is_published_and_speaks_of_what_is_there(self, client, document):
        assert "/api/changelog" in document["info"]["description"]  # no address of its own: the server's is not known
        answer = client.get("/api/changelog")
        assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
        there = {name for name, _ in operations(document)}
        named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`]+)`", answer.text)
        assert len(named) > 5
        assert {f"{verb.lower()} {path}" for verb, path in named} - there == set()
        codes = re.findall(r"(?:40\d|422) `(\w+)`", answer.text)
        assert codes
        assert set(codes) <= CODES.keys()


def codes_in_source():
    """The error codes in the source: string arguments of `ProblemError` and of the functions that make one."""
    place = {"ProblemError": 1, "unauthorized": 0, "_away": 0, "not_ready": 0}
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in place:
                code = node.args[place[node.func.id]]
                yield from (n.value for n in ast.walk(code) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    yield from ("not_found", "method_not_allowed", "bad_request", "request_timeout", "request_too_large", "http_error")


class TestRequests:
    def test_broken_json_is_a_400(self, client):
        answer = client.post("/api/v1/auth/token", content=b"{", headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")

    def test_another_media_type_is_a_415(self, client):
        answer = client.post("/api/v1/auth/token", data={"username": "alice", "password": "x"})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    def test_errors_point_to_what_is_wrong(self, client, alice):
        body = client.post("/api/v1/cases", headers=alice, json={"pseudonym": 5}).json()
        assert [e["pointer"] for e in body["errors"]] == ["#/pseudonym"]
        query = client.get("/api/v1/jobs", headers=alice, params={"limit": 0}).json()
        assert [e["parameter"] for e in query["errors"]] == ["limit"]

    @pytest.mark.parametrize("path", ["/api/v1/auth/token", "/internal/v1/queues/histo/claim"])
    @pytest.mark.parametrize("announced", [True, False])
    def test_a_large_body_is_refused_before_it_is_read(self, client, path, announced):
        sent = 0

        def pieces():
            nonlocal sent
            for _ in range(64):
                sent += 1
                yield b" " * 65536

        headers = {"Content-Type": "application/json"}
        content = b" " * 4_194_304 if announced else pieces()
        answer = client.post(path, content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")

    def test_head_is_get_without_a_body(self, client, alice):
        got, head = (client.request(verb, "/api/v1/users/me", headers=alice) for verb in ("GET", "HEAD"))
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(got.content)))

    def test_what_the_client_has_is_not_sent_again(self, client, alice, upload):
        image = upload().json()["image"]
        address = f"/api/v1/images/{image['id']}/content"
        first = client.get(address, headers=alice)
        for tags in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
            again = client.get(address, headers=alice | {"If-None-Match": tags})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert client.get(address, headers=alice | {"If-None-Match": '"other"'}).content == first.content

    def test_what_a_browser_keeps_is_of_one_session(self, client, alice, upload):
        kept = client.get(f"/api/v1/images/{upload().json()['image']['id']}/content", headers=alice).headers
        assert kept["Cache-Control"] == "private, no-cache"
        assert "Cookie" in kept["Vary"]

    def test_pages_are_linked(self, client, alice):
        for number in range(3):
            client.post("/api/v1/cases", headers=alice, json={"pseudonym": f"P-{number}"})
        first = client.get("/api/v1/cases", headers=alice, params={"limit": 2, "sort": "newest"})
        found = re.fullmatch(r'<(/api/v1/cases\?[^>]+)>; rel="next"', first.headers["link"])
        second = client.get(found[1], headers=alice)
        assert len(second.json()["items"]) == 1
        assert "link" not in second.headers

    @pytest.mark.parametrize("scheme", ["bearer", "basic"])
    def test_diagnose_takes_the_authorization_header(self, client, bearer_of, picture, scheme):
        given = bearer_of("alice")["Authorization"]
        if scheme == "basic":
            given = "Basic " + base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
        answer = client.post(
            "/api/v1/diagnose",
            headers={"Authorization": given, "Prefer": "wait=0"},
            files={"file": ("field.png", picture(3))},
        )
        assert answer.status_code == 202, answer.text

    def test_diagnose_need_not_wait(self, client, bearer_of, picture):
        headers = bearer_of("alice") | {"Prefer": "return=minimal, respond-async"}
        answer = client.post("/api/v1/diagnose", headers=headers, files={"file": ("field.png", picture(4))})
        assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "respond-async")

    @pytest.mark.parametrize(("scopes", "status"), [(["read", "write"], 202), (["write"], 403), (["read"], 403)])
    def test_an_api_token_at_diagnose_needs_both_scopes(self, client, alice, picture, scopes, status):
        token = client.post("/api/v1/tokens", headers=alice, json={"name": "PACS", "scopes": scopes}).json()["secret"]
        headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=0"}
        answer = client.post("/api/v1/diagnose", headers=headers, files={"file": ("field.png", picture(3))})
        assert answer.status_code == status, answer.text
        assert status == 202 or answer.json()["code"] == "scope_missing"

    def test_diagnose_refuses_a_malformed_one(self, client, picture):
        headers = {"Authorization": "Basic 不".encode(), "Prefer": "wait=0"}
        answer = client.post("/api/v1/diagnose", headers=headers, files={"file": ("field.png", picture(3))})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
