"""Whatever stands in a case, its report can be made in every form, and says all of it.

`LOBULE_REPORT_DOCUMENTS=300 pytest services/report/tests/test_any_report.py` makes so many reports; 15 without it.
"""

import html
import io
import os
import re
import shutil
import subprocess
import unicodedata
from datetime import UTC, datetime
from typing import get_args

import numpy as np
import pypdf
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lobule.contracts.case import (
    CaseContent,
    CaseImage,
    Conclusion,
    Reason,
    Review,
    Signature,
    Suggestion,
    Verdict,
)
from lobule.contracts.language import LANGUAGES
from lobule.contracts.progress import StepError
from lobule.contracts.result import (
    Assessment,
    Box,
    DisplayImage,
    Finding,
    Hanging,
    HeatMap,
    ImageInfo,
    ModelInfo,
    Notice,
    Result,
    Thresholds,
)
from lobule.imaging.decode import decode_rgb, encode_png
from lobule.words.notices import make_notice
from report.composition import Report, case_report
from report.document import ReportDocument
from report.exporters import EXPORTERS

DOCUMENTS = int(os.environ.get("LOBULE_REPORT_DOCUMENTS", "15"))
AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
THRESHOLDS = Thresholds(low=0.25, high=0.6, finding=0.3)
MODEL = ModelInfo(
    name="test", version="1", weights_sha256="cd" * 32, calibration="Platt scaling", trained_on="32 patients"
)
SEEDS = (
    "Biopsy of the mass is recommended. ",
    "先活检。建议随访六个月，",
    "unbreakable",
    "。，）",
    "!).",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 ",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 ",
    "<script>alert(1)</script> & <b>",
    '#let x = 1\n#import "a.typ": *\n= Head\n$ x^2 $ @ref <label> *strong* _emph_ \\ // /* `raw` [',
    "{pages} {name} {{ t }} {% if %} %s \\n \\u{200b} ",
    "\x07\x1b[31m\x7f\u202edetalpmoc\u202c\ufeff ",
    "line\nline\ttab\r\n\n",
    "e\u0301a\u0308\ufb01\u00ad½№ⅷ①Ω",
)


def long(most: int) -> st.SearchStrategy[str]:
    """Text from empty to `most` characters, of one kind or of any."""
    kinds = st.one_of(
        st.sampled_from(SEEDS),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30),
    )
    sizes = st.sampled_from([0, 1, 7, 60, 476, most])
    return st.builds(lambda kind, size: (kind * (size // len(kind) + 1))[:size], kinds, sizes)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    x, y = draw(st.integers(0, 70)), draw(st.integers(0, 50))
    box = Box(x=x, y=y, width=draw(st.integers(1, 10)), height=draw(st.integers(1, 10)))
    return Finding(
        label=draw(st.sampled_from(["benign", "malignant", "mass"])),
        probability=draw(st.floats(0, 1)),
        probability_malignant=draw(st.none() | st.floats(0, 1)),
        box=box,
        outline=draw(st.none() | st.just([(x + 0.0, y + 0.0), (x + 4.0, y + 0.0), (x + 2.0, y + 3.0)])),
    )


@st.composite
def images(draw: st.DrawFn) -> tuple[CaseImage, tuple[Result, dict[str, bytes]] | None, list[str]]:
    """An image, its result where it was assessed, and what people wrote about it."""
    film = draw(st.booleans())
    info = ImageInfo(
        sha256="ab" * 32,
        file_name=draw(long(5000)),
        modality="mammography" if film else "histopathology",
        width=80,
        height=60,
        view=draw(st.sampled_from([None, "CC", "MLO", "XCCL"])) if film else None,
        laterality=draw(st.sampled_from([None, "L", "R"])) if film else None,
        pixel_spacing_mm=draw(st.sampled_from([None, (0.1, 0.1)])) if film else None,
        hanging=draw(st.sampled_from([None, Hanging(rotation=90, mirrored=True)])) if film else None,
    )
    common = {"image_id": "i", "job_id": "j", "image": info}
    if draw(st.integers(0, 3)) == 0:
        error = draw(st.sampled_from([None, StepError(code="image_truncated", detail="The file ends too early.")]))
        return CaseImage(**common, state="failed", error=error), None, [info.file_name]
    found = sorted(draw(st.lists(findings(), max_size=4)), key=lambda f: -f.probability) if film else []
    said = draw(st.lists(st.sampled_from(["image", *map(str, range(len(found)))]), unique=True, max_size=3))
    reviews = [
        Review(
            job_id="j",
            finding=name,
            verdict=draw(st.sampled_from([None, *get_args(Verdict)])),
            comment=draw(long(2000)),
            reviewer="Dr Lee",
            reviewed_at=AT,
        )
        for name in said
    ]
    probability, coarse = draw(st.floats(0, 1)), draw(st.booleans())
    display = DisplayImage(file="d.png", width=80, height=60)
    result = Result(
        image=info,
        model=MODEL,
        thresholds=THRESHOLDS,
        assessment="not_sure" if coarse else THRESHOLDS.assess(probability),
        probability_malignant=probability,
        findings=found,
        display=display,
        heat_map=None if film else HeatMap(file="h.png", method="how", meaning="what"),
        notices=[
            *draw(st.lists(st.just(Notice(code="x", detail="Said by the pipeline.")), max_size=3)),
            *[make_notice("scale_too_coarse", um="4")] * coarse,
        ],
    )
    files = {
        "d.png": encode_png(np.full((60, 80, 3), 99, np.uint8)),
        "h.png": encode_png(np.eye(60, 80, dtype=np.uint8)),
    }
    image = CaseImage(**common, state="assessed", result_prefix="p", analysed_at=AT, reviews=reviews)
    return image, (result, files), [info.file_name, *(review.comment for review in reviews)]


@st.composite
def cases(draw: st.DrawFn):
    """A case, signed or not, the results of its images, and every text that people wrote."""
    drawn = draw(st.lists(images(), min_size=1, max_size=draw(st.sampled_from([1, 4, 12, 40]))))
    system = draw(st.none() | st.sampled_from(get_args(Assessment)))
    signature = None
    if draw(st.integers(0, 4)):
        own = draw(st.none() | st.sampled_from(get_args(Assessment)))
        signature = Signature(
            version=3, signed_by=draw(long(5000)), signed_at=AT, conclusion=own, comment=draw(long(5000))
        )
    content = CaseContent(
        case_id="6f0b3c5e-0000",
        pseudonym=draw(long(5000)),
        revision=3,
        created_at=AT,
        images=[image for image, _, _ in drawn],
        conclusion=Conclusion(
            assessment=system,
            probability_malignant=draw(st.none() | st.floats(0, 1)),
            reasons=[Reason(code="film_suspected", job_id="j", values={"image": draw(long(476))})],
            suggestions=[Suggestion(code="repeat_failed", values={"images": draw(long(476))})],
        ),
        signature=signature,
    )
    texts = [content.pseudonym, *(text for _, _, texts in drawn for text in texts)]
    texts += [signature.signed_by, signature.comment] if signature else []
    return content, [known for image, known, _ in drawn if image.state == "assessed"], texts


def bare(words: str) -> str:
    """What can be seen of words, in one way of writing: without spaces and marks that only steer layout."""

    def steers(character: str) -> bool:
        return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"

    seen = "".join(c for c in unicodedata.normalize("NFKD", words) if not c.isspace() and not steers(c))
    decoded = re.sub(r"\[U\+([0-9A-F]{4,6})\]", lambda code: chr(int(code[1], 16)), seen)
    return "".join(c for c in unicodedata.normalize("NFKD", decoded) if not c.isspace() and not steers(c))


def pages_of(pdf: bytes) -> list[str]:
    """The text of every page, by poppler where it is installed: it is many times faster."""
    if shutil.which("pdftotext") is None:
        return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    command = ["pdftotext", "-raw", "-enc", "UTF-8", "-", "-"]
    return subprocess.run(command, input=pdf, capture_output=True, check=True).stdout.decode().split("\f")[:-1]


def plain(words: str) -> str:
    """Words without spaces, in one way of writing."""
    return "".join(unicodedata.normalize("NFKD", words).split())


def body_of(page: str, report: Report) -> str:
    """What stands between the head of a page and its foot, without spaces."""
    head = plain(report.text("document.product") + report.text("document.tagline"))
    foot = plain(report.text("common.research_use_only") + report.text("document.footer"))
    version = report.document.about[2].value
    text = plain(page).removeprefix(plain(report.text("document.draft.watermark")))
    assert text.startswith(head), text[:80]
    body, _, number = text.rpartition(foot)
    assert re.search(r"\d", number), "pages are numbered"
    return body.partition(plain(f"· {version}"))[2]


@settings(
    max_examples=DOCUMENTS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=DOCUMENTS == 15,
    database=None,
    phases=[Phase.generate],  # a report takes seconds: what fails is not made smaller
)
@given(case=cases(), language=st.sampled_from(LANGUAGES))
def test_every_form_of_every_report_is_made_and_says_all(case, language):
    content, results, texts = case
    report = case_report(content, results, language)
    made = {form: export(report) for form, export in EXPORTERS.items()}
    clinician = report.document.clinician
    lead = clinician.conclusion if clinician else report.document.conclusion

    document = ReportDocument.model_validate_json(made["json"])
    assert document == report.document

    page = made["html"].decode("utf-8")
    seen = html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", "", page, flags=re.DOTALL))
    read = bare(seen)
    for text in [lead, *texts]:
        assert bare(text) in read, f"the page lacks {text[:80]!r}"
    assert "<script" not in page

    height, width, _ = decode_rgb(made["png"]).shape
    assert (width, height) == (992, 1403), "one page of A4"

    whole = bare("".join(body_of(page, report) for page in pages_of(made["pdf"])))
    for text in [lead, *texts]:
        assert bare(text) in whole, f"the PDF lacks {text[:80]!r}"
