"""Problems: codes, reasons and values, and their sentences in the language of the request."""

import pytest

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


class TestLanguage:
    def test_a_problem_speaks_the_language_that_is_asked_for(self, client, alice):
        url = "/api/v1/cases/none"
        english, chinese = (
            client.get(url, headers={**alice, "Accept-Language": language}) for language in ("fr, en;q=0.5", "zh-CN")
        )
        assert english.json()["detail"] == "This case does not exist, or it belongs to another user."
        assert chinese.json()["detail"] == Words("zh")("errors.not_found.case")
        assert chinese.headers["content-language"] == "zh"
        assert {a.headers["vary"] for a in (english, chinese)} == {"Accept-Language"}
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

    def test_a_worker_of_another_kind_may_bring_its_own_words(self):
        problem = ProblemError(422, "not_a_code_of_ours", detail="The slide is upside down.")
        assert problem.detail == problem.detail_in("zh") == "The slide is upside down."
