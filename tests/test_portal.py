"""A clinician's way through the portal, in a real Chromium, with the real workers behind it."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from lobule.launcher.system import DEMO

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser, system):
    context = chromium.new_context(base_url=system.url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    # A refused login or upload is an error answer by design; everything else in the console is a fault.
    assert [problem for problem in problems if "Failed to load resource" not in problem] == []


def log_in(page: Page, password: str, path: str = "/new") -> None:
    page.goto(path)
    page.get_by_label("User name").fill(DEMO)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name=re.compile("log in|sign in", re.IGNORECASE)).click()


def test_a_wrong_password_is_refused(page, system):
    log_in(page, "not my password")
    expect(page.get_by_role("alert")).to_contain_text("not right")
    assert page.url.endswith("/login")


def test_from_login_to_report_and_out(page, password, shared_data):
    log_in(page, password)
    field = sorted((shared_data / "breakhis" / "images").glob("SOB_B_*-100-*.jpg"))[7]
    page.set_input_files("#file", field)
    expect(page.get_by_alt_text(re.compile("Preview of"))).to_be_visible()
    page.get_by_role("button", name="Upload and analyse").click()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]+$"))
    for name in ("upload", "queue", "inference", "report"):
        expect(page.locator(f'[data-step="{name}"]')).to_have_attribute("data-state", "done", timeout=60_000)
    conclusion = page.locator('[data-role="assessment"]')
    expect(conclusion).to_have_text(re.compile("Malignancy suspected|Not sure|No sign of malignancy"))
    expect(conclusion).to_be_in_viewport()
    page.goto("/")
    expect(page.get_by_text(field.name)).to_be_visible()
    page.get_by_role("button", name=re.compile("log out", re.IGNORECASE)).click()
    page.wait_for_url(re.compile("/login"))
    page.goto("/")
    assert "/login" in page.url


def test_a_broken_file_fails_at_its_step_in_words(page, password, real_field, tmp_path):
    whole = real_field.read_bytes()
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(whole[: len(whole) * 2 // 3])
    log_in(page, password)
    page.set_input_files("#file", broken)
    page.get_by_role("button", name="Upload and analyse").click()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]+$"))
    inference = page.locator('[data-step="inference"]')
    expect(inference).to_have_attribute("data-state", "failed", timeout=30_000)
    expect(page.locator('[data-role="failure"]')).to_contain_text("cut off")


def test_a_text_file_is_refused_before_sending(page, password, tmp_path):
    text = tmp_path / "notes.png"
    text.write_text("words " * 100)
    log_in(page, password)
    page.set_input_files("#file", text)
    expect(page.get_by_role("button", name="Upload and analyse")).to_be_disabled()
