"""Reports that version 0.1.0 signed can be read, match their fingerprint, and can be rendered in every form.

`signed_report/` contains a signed content and its results as that version stored them. A failure here means that
signed reports could no longer be opened: keep the new code able to read them, and do not change the files.
"""

import io
import itertools
import json
from pathlib import Path

import numpy as np
import pypdf
import pytest

from gateway.reports.content import fingerprint, signed_content, stored_bytes
from gateway.reports.models import CaseReport
from lobule.contracts.case import REPORT_FILES, CaseContent, RenderRequest
from lobule.contracts.language import LANGUAGES
from lobule.contracts.result import Result
from lobule.contracts.steps import RenderClaim
from lobule.imaging.decode import encode_png
from lobule.layout import report_file
from lobule.storage import ObjectStore, open_store
from report.worker import ReportHandler

STORED = Path(__file__).parent / "signed_report"
SHA256 = (STORED / "content.sha256").read_text().strip()


@pytest.fixture
def stored() -> dict:
    return json.loads((STORED / "content.json").read_text("utf-8"))


@pytest.fixture
def store(tmp_path, stored) -> ObjectStore:
    """The stored results, with pictures of the sizes that they state."""
    store = open_store(tmp_path.as_uri())
    for image in stored["images"]:
        if prefix := image["result_prefix"]:
            content = (STORED / f"result_{image['job_id']}.json").read_bytes()
            store.put(f"{prefix}/result.json", content)
            result = Result.model_validate_json(content)
            size = (result.display.height, result.display.width)
            store.put(f"{prefix}/{result.display.file}", encode_png(np.full((*size, 3), 120, np.uint8)))
            if result.heat_map is not None:
                store.put(f"{prefix}/{result.heat_map.file}", encode_png(np.full(size, 90, np.uint8)))
    return store


def render(store: ObjectStore, content: CaseContent, language, form) -> bytes:
    request = RenderRequest(case=content, languages=[language], forms=[form])
    claim = RenderClaim(job_id="r", attempt=1, lease_seconds=9, render=request, output_prefix="jobs/r/render/1")
    ReportHandler(store)(claim, lambda fraction, activity: None)
    return store.get(f"jobs/r/render/1/{report_file(language, form)}")


def test_the_fingerprint_is_that_of_the_letters_whatever_fields_came_since(stored):
    assert fingerprint(stored) == SHA256
    assert fingerprint(json.loads(json.dumps(stored))) == SHA256, "as a database returns it"
    assert fingerprint(stored | {"pseudonym": "P-43"}) != SHA256


@pytest.mark.parametrize("probability", [1e-05, 1e-07, 0.1 + 0.2, 1.0, 0.0])
def test_numbers_keep_their_letters_in_the_database(stored, probability):
    stored["conclusion"]["probability_malignant"] = probability
    signed = CaseContent.model_validate(stored).model_dump(mode="json")
    returned = json.loads(json.dumps(signed))
    assert stored_bytes(returned) == CaseContent.model_validate(stored).model_dump_json().encode()


@pytest.mark.parametrize(("language", "form"), list(itertools.product(LANGUAGES, REPORT_FILES)))
def test_every_form_is_rendered_from_what_is_stored(stored, store, language, form):
    content = signed_content(CaseReport(content=stored, sha256=SHA256))
    assert len(render(store, content, language, form)) > 1000


@pytest.mark.parametrize("gone", ["result.json", "display.png"])
def test_an_image_whose_result_is_gone_is_named_and_the_rest_stands(stored, store, gone):
    store.delete(f"jobs/j0/inference/1/{gone}")
    pdf = render(store, CaseContent.model_validate(stored), "en", "pdf")
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    for words in ("Not sure", "Dr Anna Lee", "Biopsy first.", "The stored result of this image can no longer be read"):
        assert words in text, words
