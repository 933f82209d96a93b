"""What the signer concluded of each breast, in every form and both languages."""

import io
import json

import pypdf
import pytest
from rendered_reports import render_case

from lobule.contracts.breasts import BreastConclusion, BreastConclusions
from lobule.contracts.case import CaseContent, Conclusion, ReaderOfReport, Signature
from lobule.words import Words
from report.clinician import clinician_of
from report.document import case_document

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


def test_everyone_who_read_it_is_named_in_their_role(signature, analysed_at):
    readers = [
        ReaderOfReport(role=role, name=name, signed_at=analysed_at, conclusion=None)
        for role, name in (("first", "Dr Lee"), ("second", "Dr Kim"), ("arbiter", "Dr Wu"))
    ]
    content = CaseContent(
        case_id="c", pseudonym="P-1", revision=1, created_at=analysed_at, images=[],
        conclusion=Conclusion(assessment=None, probability_malignant=None),
        signature=signature.model_copy(update={"readers": readers}),
    )  # fmt: skip
    made = render_case(content, [], language="en", forms={"html", "pdf", "json"})
    pages = pypdf.PdfReader(io.BytesIO(made["report.en.pdf"])).pages
    printed = "".join("".join(page.extract_text() for page in pages).split())
    for role, name in (("First reader", "Dr Lee"), ("Second reader", "Dr Kim"), ("Arbiter", "Dr Wu")):
        assert f"<dt>{role}</dt><dd><bdi>{name}, " in made["report.en.html"].decode()
        assert "".join(role.split()) in printed
        assert "".join(name.split()) in printed
    signers = json.loads(made["report.en.json"])["clinician"]["signers"]
    assert [each["label"] for each in signers] == ["First reader", "Second reader", "Arbiter"]


@pytest.mark.parametrize(
    ("right", "left", "agrees"),
    [
        ("no_sign_of_malignancy", "malignancy_suspected", True),
        ("malignancy_suspected", "no_sign_of_malignancy", False),
        (None, "malignancy_suspected", True),
    ],
)
def test_system_and_clinician_agree_only_where_they_do_on_each_breast(signature, right, left, agrees):
    by_side = {side: said for side, said in (("R", right), ("L", left)) if said}
    made = clinician_of(signature, "malignancy_suspected", Words("en"), by_side)
    assert made.overrules is not agrees
    assert ("not about each breast" in made.basis) is not agrees


def test_the_system_says_of_a_breast_what_its_most_urgent_film_says(make_content, mammogram, signature):
    """A film of which the system is not sure may have the lower number."""
    result, _ = mammogram
    films = [
        result.model_copy(update={"probability_malignant": number, "assessment": said})
        for number, said in ((0.05, "not_sure"), (0.10, "no_sign_of_malignancy"))
    ]
    conclusion = Conclusion(assessment="not_sure", probability_malignant=0.10)
    breasts = BreastConclusions(left=BreastConclusion(bi_rads=0))
    signed = signature.model_copy(update={"conclusion": "not_sure", "breasts": breasts})
    content = make_content(signed).model_copy(update={"conclusion": conclusion})
    image = content.images[0]
    content.images[:] = [image, image.model_copy(update={"job_id": "1"})]
    made = case_document(content, films, Words("en")).clinician
    assert made is not None
    assert not made.overrules


def test_without_them_the_conclusion_stands_first(signature):
    alone = clinician_of(signature.model_copy(update={"breasts": None}), None, Words("en"))
    assert (alone.headline, alone.breasts) == ("Malignancy suspected", ())


def test_a_long_name_leaves_the_facts_of_a_report_side_by_side(make_content, results, signature):
    """They stood below one another, and took half a page."""
    content = make_content(signature.model_copy(update={"signed_by": "Dr Katharina Schmidt-Oberhauser"}))
    pdf = render_case(content, results, language="en", forms=["pdf"])["report.en.pdf"]
    heights: dict[str, float] = {}

    def note(text: str, at: list[float], of_line: list[float], *_: object) -> None:
        heights.setdefault(text.strip(), round(at[5] + of_line[5] * at[3]))

    pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=note)
    assert heights["Signed by"] == heights["Signed on"] == heights["Case"]
