"""The report service: cases and single images rendered from the object store."""

import hashlib
import io
import re
from datetime import UTC, datetime

import pypdf
import pytest

from lobule.contracts.case import (
    ImageContent,
    RenderRequest,
)
from lobule.contracts.steps import Claim, RenderClaim
from lobule.errors import AnalysisError
from lobule.storage import open_store
from report.worker import ReportHandler

AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def pdf_text(data: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


class TestWorker:
    @pytest.fixture
    def store(self, tmp_path, results):
        store = open_store(tmp_path.as_uri())
        for index, (result, files) in enumerate(results):
            for name, content in files.items():
                store.put(f"jobs/{index}/inference/1/{name}", content)
            store.put(f"jobs/{index}/inference/1/result.json", result.model_dump_json().encode())
        return store

    def claim(self, **request) -> Claim:
        asked = RenderRequest.model_validate(request)
        return RenderClaim(job_id="r", attempt=1, lease_seconds=9, render=asked, output_prefix="jobs/r/render/1")

    def test_renders_a_case_in_both_languages(self, store, make_content, signature):
        forms = ["html", "pdf", "png", "json"]
        claim = self.claim(case=make_content(signature), languages=["en", "zh"], forms=forms)
        said = ReportHandler(store)(claim, lambda fraction, activity: None)
        names = {f"report.{language}.{form}" for language in ("en", "zh") for form in forms}
        left = {name: hashlib.sha256(store.get(f"jobs/r/render/1/{name}")).hexdigest() for name in names}
        assert said == left, "the gateway knows them by it"

    def test_renders_one_image(self, store):
        image = ImageContent(result_prefix="jobs/1/inference/1", analysed_at=AT)
        ReportHandler(store)(self.claim(image=image, languages=["zh"], forms=["pdf"]), lambda fraction, activity: None)
        assert "怀疑恶性" in pdf_text(store.get("jobs/r/render/1/report.zh.pdf"))

    @pytest.mark.parametrize("name", ["result.json", "display.png"])
    def test_a_damaged_result_is_named_in_its_case_and_ends_its_own_report(self, store, make_content, signature, name):
        store.put(f"jobs/0/inference/1/{name}", b"{")
        claim = self.claim(case=make_content(signature), languages=["en"], forms=["json"])
        ReportHandler(store)(claim, lambda fraction, activity: None)
        assert b"can no longer be read" in store.get("jobs/r/render/1/report.en.json")
        image = ImageContent(result_prefix="jobs/0/inference/1", analysed_at=AT)
        with pytest.raises(AnalysisError) as caught:
            ReportHandler(store)(self.claim(image=image, languages=["en"], forms=["pdf"]), lambda f, a: None)
        assert caught.value.code == "result_unreadable"

    def test_a_result_of_a_newer_version_is_named_as_such(self, store):
        stored = store.get("jobs/0/inference/1/result.json")
        store.put("jobs/0/inference/1/result.json", stored.rstrip()[:-1] + b', "of_tomorrow": 1}')
        image = ImageContent(result_prefix="jobs/0/inference/1", analysed_at=AT)
        with pytest.raises(AnalysisError) as caught:
            ReportHandler(store)(self.claim(image=image, languages=["en"], forms=["pdf"]), lambda f, a: None)
        assert (caught.value.code, caught.value.reason) == ("result_unreadable", "newer")

    def test_says_what_is_gone(self, store):
        image = ImageContent(result_prefix="jobs/9/inference/1", analysed_at=AT)
        with pytest.raises(AnalysisError, match="no longer in the object store"):
            ReportHandler(store)(self.claim(image=image, languages=["en"], forms=["pdf"]), lambda f, a: None)
