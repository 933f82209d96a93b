"""A clinician's day in the portal: a real Chromium, the real workers, real films."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect

from lobule.launcher.system import DEMO, RunningSystem, running_system

pytestmark = pytest.mark.browser

VIEWS = {("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")}
PATIENT_MS = 180_000  # four films on two busy cores


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """The whole system with both models; that of the other tests has none for mammograms."""
    with running_system(
        tmp_path_factory.mktemp("home"), "127.0.0.1", 0, show_logs=False, log_format="json", say=print
    ) as running:
        yield running


@pytest.fixture(scope="module")
def password(system: RunningSystem) -> str:
    """The demo user's password."""
    return system.home.secrets["demo_password"]


@pytest.fixture
def page(chromium: Browser, system):
    context = chromium.new_context(base_url=system.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    # A refused login or upload is an error answer by design; everything else in the console is a fault.
    assert [problem for problem in problems if "Failed to load resource" not in problem] == []


@pytest.fixture(scope="module")
def patient(shared_data: Path, tmp_path_factory) -> list[Path]:
    """The four films of a patient of CBIS-DDSM, in their own proportions, and a field that was cut off."""
    folder = tmp_path_factory.mktemp("patient")
    source = shared_data / "cbis_ddsm_mass"
    films = defaultdict(list)
    with (source / "index.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            films[row["patient"]].append(row)
    whole = [rows for rows in films.values() if {(row["laterality"], row["view"]) for row in rows} == VIEWS]
    files = []
    for row in whole[3]:
        film = cv2.imread(str(source / "images" / row["image"]), cv2.IMREAD_GRAYSCALE)
        height = 1200
        size = (round(int(row["orig_cols"]) * height / int(row["orig_rows"])), height)
        side = "RIGHT" if row["laterality"] == "R" else "LEFT"
        files.append(folder / f"{row['patient']}_{side}_{row['view']}.png")
        cv2.imwrite(str(files[-1]), cv2.resize(film, size, interpolation=cv2.INTER_AREA))
    field = sorted((shared_data / "breakhis" / "images").glob("SOB_M_*-100-*.jpg"))[3].read_bytes()
    files.append(folder / "SOB_M_cut-off-100-001.jpg")
    files[-1].write_bytes(field[: len(field) * 2 // 3])
    return files


def log_in(page: Page, password: str, path: str = "/new") -> None:
    page.goto(path)
    page.get_by_label("User name").fill(DEMO)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_a_wrong_password_is_refused(page, system):
    log_in(page, "not my password")
    expect(page.get_by_role("alert")).to_contain_text("not right")
    assert page.url.endswith("/login")


def test_from_four_films_to_a_signed_report_and_out(page, password, patient):
    log_in(page, password)
    page.get_by_label("Pseudonym").fill("P-END-TO-END")
    page.set_input_files("#files", patient)
    expect(page.get_by_text("All four views are here.")).to_be_visible()
    page.get_by_role("button", name="Upload and analyse 5 images").click()
    broken = page.locator(".entry", has_text="cut-off")
    expect(broken.locator('[data-step="inference"]')).to_have_attribute("data-state", "failed", timeout=PATIENT_MS)
    expect(broken.get_by_role("alert")).to_contain_text("cut off")
    expect(page.locator('.entry[data-state="done"]')).to_have_count(4, timeout=PATIENT_MS)

    page.get_by_role("link", name="Open the case").click()
    panel = page.get_by_role("complementary", name="Reading and report")
    expect(panel.locator('[data-role="assessment"]')).to_have_text(
        re.compile("Malignancy suspected|Not sure|No sign of malignancy")
    )
    for view in ("RCC", "LCC", "RMLO", "LMLO"):
        expect(page.locator(f'.pane[data-view="{view}"]')).to_have_attribute("data-scale", re.compile("."))
    expect(panel.locator(".findings .of-image")).to_have_count(4)
    findings = panel.locator(".findings .finding")
    assert findings.count() >= 2, "these films hold masses; without a mark there is nothing to review"
    findings.nth(0).get_by_role("button", name=re.compile("^Confirm")).click()
    expect(findings.nth(0)).to_have_attribute("data-verdict", "confirmed")
    findings.nth(1).get_by_role("button", name=re.compile("^Dismiss")).click()
    expect(findings.nth(1)).to_have_attribute("data-verdict", "dismissed")

    panel.get_by_role("button", name="Sign report").click()
    page.get_by_label("Comment in the report").fill("Seen by hand.")
    page.get_by_role("button", name=re.compile("^Sign as")).click()
    expect(panel.locator(".versions")).to_contain_text("Version 1")
    expect(page.locator(".case-state")).to_have_text("Signed")
    with page.expect_download(timeout=PATIENT_MS) as saved:
        panel.get_by_role("link", name="PDF of version 1").click()
    assert saved.value.path().read_bytes().startswith(b"%PDF")

    findings.nth(1).get_by_role("button", name=re.compile("^Dismissed")).click()
    expect(panel.get_by_text("Something has changed since version 1")).to_be_visible()
    panel.get_by_role("button", name="Sign a new version").click()
    page.get_by_role("button", name=re.compile("^Sign as")).click()
    expect(panel.locator(".versions li")).to_have_count(2)
    expect(panel.locator(".versions li[data-old]")).to_contain_text("Version 1")

    page.goto("/")
    row = page.get_by_role("row", name=re.compile("P-END-TO-END"))
    expect(row).to_contain_text("Signed")
    expect(row).to_contain_text("version 2")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(re.compile("/login"))
    page.goto("/")
    assert "/login" in page.url
