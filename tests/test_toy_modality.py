"""A third modality needs only its worker: it is announced, accepted, analysed, reported and shown.

Its worker is in `tests/toy_modality`; no file of gateway, portal, report or deployment refers to it.
"""

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import kubernetes_validate
import numpy as np
import pytest
from following import finish
from PIL import Image
from playwright.sync_api import expect

from lobule.client import ApiError, Client
from lobule.launcher.system import DEMO, RunningSystem

REPOSITORY = Path(__file__).parent.parent
TOY = Path(__file__).parent / "toy_modality"
NAME = "ultrasound-toy"
UNTOUCHED = ("services", "shared", "k8s", "docker-compose.yml")


@pytest.fixture(scope="module")
def system(system_with_additions) -> Iterator[RunningSystem]:
    """The system with the toy's worker."""
    yield system_with_additions.start()
    system_with_additions.close()  # this module is the last that uses it


@pytest.fixture(scope="module")
def lobule(system) -> Iterator[Client]:
    with Client(system.url, DEMO, system.home.secrets["demo_password"]) as client:
        yield client


@pytest.fixture(scope="module")
def sonogram(tmp_path_factory) -> Path:
    """A grey square with a large dark spot."""
    pixels = np.full((120, 160, 3), 140, np.uint8)
    pixels[40:80, 60:100] = 5
    path = tmp_path_factory.mktemp("images") / "sono_1.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="module")
def case(lobule) -> str:
    return lobule.open_case("Toy-1")


@pytest.fixture(scope="module")
def job(lobule, sonogram, case) -> str:
    """A finished analysis."""
    job = lobule.upload(sonogram, NAME, view="RAD", laterality="L", case_id=case)
    assert finish(lobule, job)[-1].state == "done"
    return job


def get(system, lobule, path: str, **headers) -> httpx.Response:
    token = {"Authorization": f"Bearer {lobule._token()}"}
    return httpx.get(f"{system.url}{path}", headers=token | headers, timeout=60)


def test_no_other_file_knows_of_it():
    listed = subprocess.run(
        ["git", "grep", "-il", "-e", "ultrasound.toy", "-e", "us-toy", "--untracked", "--", *UNTOUCHED],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    if listed.returncode > 1:
        pytest.skip("not a git checkout")
    assert listed.stdout == ""


def test_kubernetes_runs_it_from_the_base_of_every_worker(render):
    """Its manifests only patch that base; the deployment's policies select it by the base's label."""
    documents = {document["kind"]: document for document in render(TOY / "k8s")}
    for document in documents.values():
        kubernetes_validate.validate(document, "1.33", strict=True)
        assert document["metadata"]["name"] == "us-toy-worker"
    pod = documents["Deployment"]["spec"]["template"]
    assert pod["metadata"]["labels"]["lobule/worker"] == "true"
    assert pod["spec"]["containers"][0]["image"] == "localhost/toy/us-toy-worker:1"
    scaled = documents["HorizontalPodAutoscaler"]["spec"]
    assert scaled["scaleTargetRef"]["name"] == "us-toy-worker"
    assert scaled["metrics"][0]["external"]["metric"]["selector"]["matchLabels"]["queue"] == "us-toy"


def test_it_imports_nothing_of_a_service():
    for module in TOY.rglob("*.py"):
        for service in ("gateway", "report", "dicom_node", "histo_worker", "mammo_worker"):
            text = module.read_text("utf-8")
            assert f"import {service}" not in text
            assert f"from {service}" not in text


def test_the_api_lists_it_with_its_model(system, lobule, job):
    specs = {spec["name"]: spec for spec in get(system, lobule, "/api/v1/modalities").json()}
    assert {"mammography", "histopathology", NAME} <= specs.keys()
    assert specs[NAME]["views"]["codes"] == ["RAD", "ARAD", "TRANS"]
    [status] = [status for status in lobule.models() if status["modality"] == NAME]
    assert (status["queue"], status["workers"], status["model"]["name"]) == ("us-toy", 1, "toy")


@pytest.mark.parametrize(
    ("modality", "said", "code"),
    [
        (NAME, {"view": "CC"}, "invalid_request"),
        ("ultrasound-of-the-moon", {}, "unknown_modality"),
    ],
)
def test_what_its_specification_does_not_allow_is_refused(lobule, sonogram, modality, said, code):
    with pytest.raises(ApiError) as refused:
        lobule.upload(sonogram, modality, **said)
    assert refused.value.code == code


def test_a_file_of_a_format_that_it_does_not_take_is_refused(lobule, sonogram, tmp_path):
    jpeg = tmp_path / "sono.jpg"
    with Image.open(sonogram) as picture:
        picture.save(jpeg)
    with pytest.raises(ApiError) as refused:
        lobule.upload(jpeg, NAME)
    assert refused.value.code == "unsupported_format"
    assert NAME in refused.value.detail


def test_its_result_carries_its_specification(lobule, job):
    result = lobule.result(job)
    assert (result.assessment, [(f.id, f.label) for f in result.findings]) == (
        "malignancy_suspected",
        [("f1", "solid")],
    )
    assert result.modality is not None
    assert result.modality.titles["en"] == "Toy ultrasound"


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            ("Toy ultrasound", "The toy found a solid lesion", "solid lesion", "radial", "deeper than the toy looks"),
        ),
        ("zh", ("玩具超声", "玩具在该超声图像中发现实性病灶", "实性病灶", "放射状切面")),
    ],
)
def test_its_report_speaks_of_it_in_every_language(system, lobule, job, language, sentences):
    answer = get(system, lobule, f"/api/v1/jobs/{job}/report?format=html&lang={language}")
    assert answer.status_code == 200, answer.text
    for sentence in sentences:
        assert sentence in answer.text


def test_its_report_is_rendered_in_every_form(system, lobule, job):
    pdf = get(system, lobule, f"/api/v1/jobs/{job}/report?format=pdf")
    assert pdf.content.startswith(b"%PDF")
    with Image.open(io.BytesIO(lobule.report(job, "png"))) as picture:
        assert picture.width > 100


def test_it_is_part_of_its_cases_conclusion(lobule, job, case):
    read = lobule.case(case)
    assert read["conclusion"]["assessment"] == "malignancy_suspected"
    assert "image_suspected" in [reason["code"] for reason in read["conclusion"]["reasons"]]
    assert read["conclusion"]["missing_views"] == []


@pytest.mark.browser
def test_the_portal_shows_it(system, chromium, job, case, tmp_path, sonogram):
    page = chromium.new_page(base_url=system.url)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/login")
    page.get_by_label("User name").fill(DEMO)
    page.locator('[name="password"]').fill(system.home.secrets["demo_password"])
    page.locator('[name="password"]').press("Enter")
    page.wait_for_url("**/")
    page.goto(f"/cases/{case}")
    row = page.locator(".finding")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("solid lesion")
    row.get_by_role("button", name="Confirm").click()
    expect(row).to_have_attribute("data-verdict", "confirmed")
    page.goto("/new")
    page.locator("#files").set_input_files(sonogram)
    kind = page.locator('select[name="modality"]').first
    expect(kind).to_have_value(NAME)  # guessed from the file's name
    assert page.locator('select[name="view"] option:not([hidden])').all_text_contents()[1:] == ["RAD", "ARAD"]
    expect(page.locator('select[name="magnification"]').first).to_be_hidden()
    page.goto("/models")
    expect(page.get_by_text("Toy ultrasound").first).to_be_visible()
    assert errors == []
