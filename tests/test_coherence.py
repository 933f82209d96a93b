"""API, portal, report and command line show the same number, text and colour for the same result."""

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gateway.portal
from lobule.cli.diagnose import Outcome, print_outcomes
from lobule.contracts.examination import BreastReading, ExaminationReading, Lesion, LesionMark
from lobule.contracts.language import LANGUAGES
from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, ModelInfo, Result, Thresholds
from lobule.numbering import numbers_of
from lobule.words import Words
from mammo_worker.calibration import cap_suspicion
from report.section import build_section

STATIC = Path(gateway.portal.__file__).parent / "web"
RANK = ("unknown", "no_sign_of_malignancy", "not_sure", "malignancy_suspected")
PORTAL = """async (results) => {
  const { headlineOf } = await import("/static/reading/certainty.js");
  const { probability, stateOf } = await import("/static/core/numbers.js");
  return results.map((result) => ({
    percent: probability(result.probability_malignant, result.thresholds),
    state: stateOf(result.probability_malignant, result.thresholds),
    findings: result.findings.map((finding, index) => headlineOf(result, finding, index + 1)),
  }));
}"""
NUMBERS = """async ({films, together}) => {
  const { numberOf } = await import("/static/reading/numbering.js");
  const images = films.map(([jobId, result]) => ({ prior: false, jobId, result }));
  return films.map(([jobId, { findings }]) =>
    findings.map(({ id }, index) => numberOf({ images, together }, { jobId, findingId: id, index })));
}"""
Probability = st.floats(0, 1) | st.sampled_from([0.0, 0.125, 0.145, 0.5, 0.5999, 0.875, 0.99996, 1.0])


@st.composite
def results(draw) -> Result:
    """Possible results of a mammography pipeline; capping a finding's suspicion is the pipeline's own rule."""
    low, high = sorted((draw(Probability), draw(Probability)))
    thresholds = Thresholds(low=low, high=high, finding=draw(st.floats(0, 0.6)))
    film = draw(Probability | st.sampled_from([low, high]))
    raw = draw(
        st.lists(st.tuples(Probability, Probability, st.sampled_from(["benign", "malignant", "mass"])), max_size=4)
    )
    raw.sort(key=lambda finding: -finding[0])
    capped = cap_suspicion(np.array([suspicion for _, suspicion, _ in raw]), film)
    findings = [
        Finding(
            label=label,
            probability=there,
            probability_malignant=None if label == "mass" else float(capped[index]),
            box=Box(x=1, y=1, width=9, height=9),
        )
        for index, (there, _, label) in enumerate(raw)
    ]
    return Result(
        image=ImageInfo(sha256="0" * 64, file_name="film.png", modality="mammography", width=400, height=800),
        model=ModelInfo(name="m", version="1", weights_sha256="0" * 64, calibration="none", trained_on="nothing"),
        thresholds=thresholds,
        assessment=thresholds.assess(film),
        probability_malignant=film,
        findings=findings,
        display=DisplayImage(file="display.png", width=400, height=800),
    )


@pytest.fixture(scope="module")
def portal(chromium):
    """Asks the portal's scripts, in each language, how they show results."""
    pages = {}
    for language in LANGUAGES:
        words = html.escape(json.dumps(Words(language).parts("reading", "steps", "common")))
        context = chromium.new_context(base_url="http://portal.test")

        def answer(route, *, words=words, language=language):
            path = route.request.url.removeprefix("http://portal.test/static/")
            if path.endswith(".js"):
                route.fulfill(body=(STATIC / path).read_text("utf-8"), content_type="text/javascript")
            else:
                page = f'<!doctype html><html lang="{language}"><body data-words="{words}"></body></html>'
                route.fulfill(body=page, content_type="text/html; charset=utf-8")

        context.route("**/*", answer)
        pages[language] = context.new_page()
        pages[language].goto("/")
    yield lambda language, script, given: pages[language].evaluate(script, given)
    for page in pages.values():
        page.context.close()


@given(result=results())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.browser
def test_everywhere_the_same_number_text_and_state(portal, result):
    strongest = max((f.probability_malignant or 0.0 for f in result.findings), default=0.0)
    assert result.probability_malignant >= strongest, "no finding is more suspicious than its film"
    for language in LANGUAGES:
        section = build_section(result, datetime.now(UTC), Words(language))
        [shown] = portal(language, PORTAL, [result.model_dump(mode="json")])
        assert (shown["percent"], shown["state"]) == (section.percent, section.assessment)
        assert section.assessment == result.assessment
        for row in section.findings:
            found = shown["findings"][row.number - 1]
            assert row.state == found["state"]
            assert RANK.index(row.state) <= RANK.index(section.assessment)
            if row.state == "unknown":
                assert row.tag == found["tag"]["long"] == str(row.number)
                continue
            assert row.suspicion == found["percent"]
            assert row.tag.split() == found["tag"]["long"].replace("·", " ").split()
            assert row.headline.endswith(row.suspicion)


@st.composite
def examinations(draw) -> tuple[list[tuple[str, Result]], ExaminationReading]:
    """Films by their analyses, and lesions of one or two of their findings, including equal suspicions."""
    films = [
        (f"job{number}", result) for number, result in enumerate(draw(st.lists(results(), min_size=1, max_size=4)))
    ]
    marks = [
        LesionMark(job_id=job, finding_id=finding.id, view="CC") for job, film in films for finding in film.findings
    ]
    waiting = draw(st.permutations(marks))
    breasts: list[BreastReading] = []
    for side in ("R", "L"):
        lesions: list[Lesion] = []
        while waiting and draw(st.booleans()):
            pair, waiting = waiting[:2], waiting[2:]
            suspicion = draw(Probability)
            lesions.append(Lesion(marks=pair, probability_malignant=suspicion, same_lesion=None, place=None))
        breasts.append(
            BreastReading(
                laterality=side,
                views=["CC"],
                assessment="not_sure",
                probability_malignant=0.5,
                bi_rads=0,
                lesions=lesions,
            )
        )
    reading = ExaminationReading(method="rule", breasts=breasts, assessment="not_sure", probability_malignant=0.5)
    return films, reading


@given(examination=examinations())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.browser
def test_portal_and_report_number_lesions_alike(portal, examination):
    films, reading = examination
    given = {
        "films": [[job, film.model_dump(mode="json")] for job, film in films],
        "together": reading.model_dump(mode="json"),
    }
    numbers = numbers_of(reading, films)
    said = [[numbers[job][finding.id] for finding in film.findings] for job, film in films]
    assert portal("en", NUMBERS, given) == said


@given(result=results())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_command_line_says_what_the_report_says(result, capsys):
    section = build_section(result, datetime.now(UTC), Words("en"))
    print_outcomes([Outcome(Path("film.png"), "job", result)])
    first, *findings = capsys.readouterr().out.splitlines()
    assert first.endswith(section.percent)
    assert section.conclusion in first
    said = [re.search(r": suspicion of malignancy (.*?%)", line) for line in findings]
    assert [match[1] if match else None for match in said] == [
        None if row.state == "unknown" else row.suspicion for row in section.findings
    ]
