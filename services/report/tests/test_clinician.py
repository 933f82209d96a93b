"""What the signer concluded of each breast, in every form and both languages."""

import io
import json

import pypdf
import pytest

from lobule.contracts.breasts import BreastConclusion, BreastConclusions
from lobule.contracts.case import CaseContent, Conclusion, Signature
from lobule.words import Words
from report.clinician import clinician_of
from report.renderer import render_case

SAID = {
    "en": ("Left breast: suspicious. Right breast: benign.", "c, heterogeneously dense", "biopsy", "not stated"),
    "zh": ("左乳：可疑恶性。右乳：良性。", "c，不均匀致密", "活检", "未填写"),
}


@pytest.fixture
def signature(analysed_at) -> Signature:
    left = BreastConclusion(bi_rads=4, density="c", recommendation="biopsy")
    return Signature(
        version=1,
        signed_by="Dr Lee",
        signed_at=analysed_at,
        conclusion="malignancy_suspected",
        breasts=BreastConclusions(right=BreastConclusion(bi_rads=2), left=left),
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_breasts_are_in_every_form(signature, analysed_at, language):
    content = CaseContent(
        case_id="c", pseudonym="P-1", revision=1, created_at=analysed_at, images=[],
        conclusion=Conclusion(assessment=None, probability_malignant=None), signature=signature,
    )  # fmt: skip
    made = render_case(content, [], language=language, forms={"html", "pdf", "json"})
    html = made[f"report.{language}.html"].decode()
    pages = pypdf.PdfReader(io.BytesIO(made[f"report.{language}.pdf"])).pages
    printed = "".join("".join(page.extract_text() for page in pages).split())
    for words in SAID[language]:
        assert words in html
        assert "".join(words.split()) in printed
    left = json.loads(made[f"report.{language}.json"])["clinician"]["breasts"][1]
    assert (left["side"], left["bi_rads"], left["density"], left["recommendation"]) == ("L", 4, "c", "biopsy")


def test_without_them_the_conclusion_stands_first(signature):
    alone = clinician_of(signature.model_copy(update={"breasts": None}), None, Words("en"))
    assert (alone.headline, alone.breasts) == ("Malignancy suspected", ())
