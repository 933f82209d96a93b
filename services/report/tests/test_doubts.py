"""What of a film has to be checked is said on the first page of every report, and beside the film."""

import io
import re

import pypdf
import pytest
from rendered_reports import render_case

from lobule.words import Words, make_notice
from report.document import case_document
from report.notes import doubts_of


@pytest.fixture
def doubted(make_content, mammogram):
    """Builds a case of two films, CC and MLO, whose files name both sides."""

    def build(signature=None):
        content = make_content(signature)
        first = content.images[0]
        image = first.image.model_copy(update={"view": "MLO"})
        other = first.model_copy(update={"job_id": "1", "image_id": "1", "image": image, "reviews": []})
        result, files = mammogram
        notices = [make_notice("laterality_conflict", side="L")]
        left = result.image.model_copy(update={"laterality": "L"})
        film = result.model_copy(update={"notices": notices, "image": left}), files
        return content.model_copy(update={"images": [first, other]}), [film, film]

    return build


def spaceless(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_films_of_which_the_same_is_said_stand_together(doubted):
    content, results = doubted()
    document = case_document(content, [result for result, _ in results], Words("en"))
    assert document.doubts == (
        "LCC and LMLO: The file names both sides. The side of the image itself (left) is used; please check it.",
    )
    assert document.in_doubt == ("check the side", "check the side")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("signed", [True, False])
def test_stands_on_the_first_page_and_beside_the_film(doubted, signature, signed, language):
    content, results = doubted(signature if signed else None)
    words = Words(language)
    sentence = words.notice(make_notice("laterality_conflict", side="L"))
    forms = render_case(content, results, language=language, forms=["pdf", "html"])
    page = spaceless(pypdf.PdfReader(io.BytesIO(forms[f"report.{language}.pdf"])).pages[0].extract_text())
    assert spaceless(words("doubts.heading")) in page
    assert spaceless(words("findings.of_image", image=words.list(["LCC", "LMLO"]), value=sentence)) in page
    assert page.count(spaceless(words("doubts.side"))) >= 2
    html = forms[f"report.{language}.html"].decode().split('id="appendix"')[0]
    assert sentence in html
    assert html.count(f'<span class="doubt">{words("doubts.side")}</span>') == 2


def test_films_without_doubts_have_none(doubted, signature):
    content, results = doubted(signature)
    clear = [(result.model_copy(update={"notices": []}), files) for result, files in results]
    html = render_case(content, clear, forms=["html"])["report.en.html"].decode()
    assert Words("en")("doubts.heading") not in html
    assert 'class="doubt"' not in html


@pytest.mark.parametrize(
    ("what", "notice"),
    [
        ("map", make_notice("tumour_map_disagrees", percent="63%")),
        ("scale", make_notice("scale_unknown")),
        ("scale", make_notice("scale_against_magnification", um="1.2", magnification="400X", usual="0.12")),
        ("tissue", make_notice("unlike_training")),
        ("unread", make_notice("tissue_sampled", share="40%")),
        ("magnification", make_notice("magnification_not_measured", magnification="200X")),
    ],
)
def test_of_a_field_it_stands_on_the_first_page_too(make_content, make_histology, what, notice):
    content = make_content()
    result, files = make_histology(0.1)
    result = result.model_copy(update={"notices": [notice]})
    content = content.model_copy(update={"images": [content.images[1]]})
    document = case_document(content, [result], Words("en"))
    assert document.in_doubt == (Words("en")(f"doubts.{what}"),)
    assert len(document.doubts) == 1
    pdf = render_case(content, [(result, files)], forms=["pdf"])["report.en.pdf"]
    page = spaceless(pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text())
    assert spaceless(document.doubts[0]) in page


def test_fields_whose_maps_mark_something_stand_in_one_sentence(make_histology):
    images = [
        (f"f{number}.png", make_histology(0.1, notices=[make_notice("tumour_map_disagrees", percent=percent)])[0])
        for number, percent in enumerate(("33%", "84%", "9%"))
    ]
    text = Words("en")
    highest = text.notice(make_notice("tumour_map_disagrees", percent="84%"))
    assert list(doubts_of(images, text)) == [f"f0.png, f1.png and f2.png: {highest}"]
