"""Problems: codes, reasons and values, and their sentences in the language of the request."""

import ast
from pathlib import Path

import pytest

import gateway
from gateway.error_codes import CODES
from gateway.errors import ProblemError
from lobule.contracts.language import LANGUAGES
from lobule.words import Words


class TestCodes:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_code_has_a_sentence(self, language):
        words = Words(language)
        for code in CODES:
            words(f"errors.{code}")  # needs no values, for clients that know the code alone


def raised() -> list[tuple[str, str]]:
    """The code and the reason of each problem that the source names with literals."""
    found = []
    places = {"ProblemError": (1, 2), "unauthorized": (0, 1)}
    for path in Path(gateway.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            said = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args]
            if node.func.id == "not_found" and said:
                found.append(("not_found", said[0]))
            elif node.func.id in places:
                code, reason = places[node.func.id]
                found.append((said[code], said[reason] if len(said) > reason else None))
    return [(code, reason) for code, reason in found if code and reason]


class TestReasons:
    def test_every_reason_in_the_source_has_a_sentence(self):
        reasons = raised()
        assert len(reasons) > 50, "the source was read"
        assert [f"errors.{code}.{reason}" for code, reason in reasons if f"errors.{code}.{reason}" not in Words()] == []

    def test_a_reason_or_a_value_that_is_missing_hides_no_problem(self):
        assert ProblemError(404, "not_found", "no such reason").detail == Words()("errors.not_found")
        assert ProblemError(422, "invalid_request", "fields").detail == Words()("errors.invalid_request")
        assert ProblemError(422, "no_such_code", "no such reason").detail == Words()("errors.unknown")


class TestLanguage:
    def test_a_problem_speaks_the_language_that_is_asked_for(self, client, alice):
        url = "/api/v1/cases/none"
        english, chinese = (
            client.get(url, headers={**alice, "Accept-Language": language}) for language in ("fr, en;q=0.5", "zh-CN")
        )
        assert english.json()["detail"] == "This case does not exist, or it belongs to another user."
        assert chinese.json()["detail"] == Words("zh")("errors.not_found.case")
        assert chinese.headers["content-language"] == "zh"
        assert all("Accept-Language" in a.headers["vary"] for a in (english, chinese))
        same = {"code": "not_found", "reason": "case", "values": {}}
        assert [{key: a.json()[key] for key in same} for a in (english, chinese)] == [same, same]

    def test_values_fill_the_sentence_and_stand_beside_it(self, client, alice):
        answer = client.post(
            "/api/v1/images", headers={**alice, "Accept-Language": "zh"}, files={"file": b"x"}, data={"modality": "x"}
        )
        problem = answer.json()
        assert (problem["code"], problem["reason"]) == ("unknown_modality", "upload")
        assert problem["values"]["known"] == ["histopathology", "mammography"]
        assert "histopathology和mammography" in problem["detail"]

    def test_a_refused_image_is_told_in_the_language_of_the_request(self, client, alice):
        english, chinese = (
            client.post(
                "/api/v1/images",
                headers={**alice, "Accept-Language": language},
                files={"file": b"GIF89a and more"},
                data={"modality": "histopathology"},
            ).json()
            for language in ("en", "zh")
        )
        values = {"found": "GIF", "modality": "histopathology", "formats": ["PNG", "JPEG", "TIFF"]}
        for problem in (english, chinese):
            assert (problem["code"], problem["reason"]) == ("unsupported_format", "not_accepted")
            assert problem["values"] == values
        assert english["detail"].startswith("This file is GIF, which cannot be analysed as histopathology.")
        assert chinese["detail"].startswith("该文件为 GIF，无法作为组织病理图像分析。")

    def test_a_worker_of_another_kind_may_bring_its_own_words(self):
        problem = ProblemError(422, "not_a_code_of_ours", detail="The slide is upside down.")
        assert problem.detail == problem.detail_in("zh") == "The slide is upside down."


def test_the_path_of_a_problem_is_a_uri_reference(client):
    answer = client.get("/nowhere:1/<script>alert('x')</script>")
    assert answer.json()["instance"] == "/nowhere:1/%3Cscript%3Ealert(%27x%27)%3C/script%3E"
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/cases", "GET, HEAD, POST"),
        ("/api/v1/cases/some", "DELETE, GET, HEAD, PATCH"),
        ("/fhir/Device/some", "GET, HEAD"),
        ("/help", "GET, HEAD"),
        ("/static/styles/tokens.css", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_method_that_is_not_accepted_names_all_that_are(client, alice, path, methods, accept):
    answer = client.request("PURGE", path, headers={**alice, "Accept": accept})
    assert (answer.status_code, answer.headers.get("Allow")) == (405, methods)
