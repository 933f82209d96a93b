"""A Chinese report holds no English but names, codes and what people typed."""

import ast
import html
import itertools
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from lobule.contracts.case import CaseContent, CaseImage, Conclusion, Reason, Suggestion
from lobule.contracts.errors import INPUT_ERROR_CODES
from lobule.contracts.models import ModelManifest
from lobule.contracts.progress import StepError
from lobule.contracts.reasons import ReasonCode, SuggestionCode
from lobule.contracts.result import ImageInfo, MammographyView
from lobule.words import make_notice
from lobule.words.catalogue import sentences
from report.composition import case_report
from report.exporters.html import export_html

ROOT = Path(__file__).parents[3]
SOURCES = (
    ROOT / "shared" / "src",
    ROOT / "services" / "mammo-worker" / "src",
    ROOT / "services" / "histo-worker" / "src",
)
NAMES = (
    r"Lobule|BreakHis|CBIS-DDSM|CDD-CESM|Spanhol|IEEE|TBME|Platt|Zhou|Zhu|CVPR|ResNet|DenseNet|Grad-CAM|BI-RADS|SHA|UTC|sRGB|"
    r"CC|MLO|[LR]CC|[LR]MLO|XCCL|MAG|SPOT|MIT|Apache|BY|px|mm|µm|AT|H&E|x"
)


def notice_codes() -> set[str]:
    """Every code that a reader or pipeline gives a notice."""
    codes: set[str] = set()
    for path in itertools.chain.from_iterable(folder.rglob("*.py") for folder in SOURCES):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "make_notice":
                code = node.args[0]
                codes |= {n.value for n in ast.walk(code) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return codes


def manifests() -> list[ModelManifest]:
    return [
        ModelManifest.model_validate_json(path.read_text("utf-8"))
        for path in ROOT.glob("services/*/src/*/model_packages/*/model.json")
    ]


def english_in(text: str, allowed: set[str]) -> list[str]:
    """Runs of Latin letters that are no name, fingerprint or number with a unit."""
    for word in sorted(allowed, key=len, reverse=True):
        text = re.sub(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", " ", text)
    return [w for w in re.findall(r"[A-Za-z][A-Za-z'&-]+", text) if not re.fullmatch(NAMES, w)]


def test_every_notice_has_its_chinese():
    codes = notice_codes()
    assert len(codes) > 20
    assert {f"notice.{code}" for code in codes} - sentences("zh").keys() == set()


@pytest.mark.parametrize(
    ("probability", "views"),
    [(0.0000001, ()), (0.1, ()), (0.4, get_args(MammographyView)[2:]), (0.87, ()), (0.9999999, ())],
    ids=["0", "0.1", "0.4, every view", "0.87", "1"],
)
def test_no_english_is_left(mammogram, make_histology, probability, views):
    """Cases of every state, with every notice, reason, suggestion and error, by every shipped model."""
    models = {manifest.modality: manifest.info() for manifest in manifests()}
    assert set(models) >= {"mammography", "histopathology"}
    notices = [make_notice(code, **_values(f"notice.{code}")) for code in sorted(notice_codes())]
    results, files = [], []
    for (result, pictures), view in [(mammogram, view) for view in ("CC", None, *views)] + [(make_histology(), None)]:
        modality = result.image.modality
        image = result.image.model_copy(update={"view": view, "file_name": "1.dcm", "sha256": "00" * 32})
        said = {key: str(sentences("en")[f"package.heat_map.{key}.{modality}"]) for key in ("meaning", "method")}
        heat_map = result.heat_map and result.heat_map.model_copy(update=said)
        changes = {"image": image, "model": models[modality], "notices": notices, "heat_map": heat_map}
        changes |= {"probability_malignant": probability}
        results.append(result.model_copy(update=changes | {"assessment": result.thresholds.assess(probability)}))
        files.append(pictures)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    images = [
        CaseImage(image_id=str(i), job_id=str(i), image=r.image, state="assessed", result_prefix=str(i), analysed_at=at)
        for i, r in enumerate(results)
    ]
    blank = ImageInfo(sha256="00" * 32, file_name="1.dcm", modality="mammography", width=100, height=100)
    images += [
        CaseImage(image_id=code, job_id=code, image=blank, state="failed", error=StepError(code=code, detail="Error."))
        for code in sorted(INPUT_ERROR_CODES)
    ]
    conclusion = Conclusion(
        assessment=results[0].assessment,
        probability_malignant=probability,
        reasons=[Reason(code=code, values=_values(f"reason.{code}")) for code in get_args(ReasonCode)],
        suggestions=[Suggestion(code=c, values=_values(f"suggestion.{c}")) for c in get_args(SuggestionCode)],
    )
    content = CaseContent(
        case_id="1", pseudonym="1", revision=1, created_at=at, images=images, conclusion=conclusion, signature=None
    )
    page = export_html(case_report(content, list(zip(results, files, strict=True)), "zh")).decode("utf-8")
    seen = html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", "\n", page, flags=re.DOTALL))
    allowed = {"1.dcm", *get_args(MammographyView)} | {
        part for m in models.values() for part in (m.name, m.weights_sha256[:16])
    }
    left = english_in(seen, allowed)
    assert set(left) == set()
    assert re.findall(r".*[\u4e00-\u9fff%][,;:] .*|.*[，；：。] [\u4e00-\u9fff].*", seen) == [], (
        "marks of Chinese, no spaces"
    )


def _values(key: str) -> dict[str, str]:
    fill = {
        "images": ["1.dcm", "LCC"],
        "side": "L",
        "file_side": "R",
        "magnification": "40X",
        "pixels": "9",
        "scale": "50%",
    }
    return {name: fill.get(name, "RCC") for name in re.findall(r"{(\w+)}", str(sentences("zh")[key]))}
