"""A clinician's work at the portal on its pages, in each language, by mouse or keyboard."""

import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from film_pane import ink
from playwright.sync_api import Error, FileChooser, Locator, Page, TimeoutError, expect

from lobule.contracts.result import Assessment
from lobule.words import Words

PATIENT_MS = 180_000  # four films on two busy cores
PHONE = 600  # CSS pixels


@dataclass
class Day:
    """A person at a browser.

    Attributes:
        page: The page in the browser.
        t: The words of their language.
        keyboard: Whether the person uses only the keyboard.
        width: Width of the window in CSS pixels.
    """

    page: Page
    t: Words
    keyboard: bool
    width: int

    def words(self, key: str) -> re.Pattern[str]:
        """The sentence of a key, with any values."""
        sentences = self.t.parts(key.split(".")[0])
        sentence = sentences.get(key) or sentences[f"{key}.other"]
        return re.compile(r".+".join(re.escape(part) for part in re.split(r"{\w+}", sentence)))

    def reach(self, target: Locator) -> Locator:
        """Move the focus to an element with the Tab key."""
        expect(target).to_be_visible()
        expect(target).to_be_enabled()
        for _ in range(120):
            if target.evaluate("element => element === document.activeElement"):
                return target
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key never comes to {target}")

    def press(self, target: Locator) -> None:
        """Use a button or a link."""
        if self.keyboard:
            self.reach(target)
            self.page.keyboard.press("Enter")
        else:
            target.click()

    def write(self, target: Locator, text: str) -> None:
        """Fill in a field."""
        if self.keyboard:
            self.reach(target)
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(text)
        else:
            target.fill(text)

    def button(self, key: str, within: Locator | Page | None = None) -> Locator:
        """A button by the key of its label."""
        return (within or self.page).get_by_role("button", name=self.words(key)).first

    def fits(self) -> None:
        """Check that nothing is wider than the window."""
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.width, self.page.url

    def log_in(self, name: str, password: str) -> None:
        """Fill in the login form."""
        self.write(self.page.get_by_label(self.t("common.user_name")), name)
        self.write(self.page.get_by_label(self.t("login.password")), password)
        self.press(self.button("login.submit", self.page.locator("main")))


def send(day: Day, name: str, files: list[Path]) -> None:
    """Open a case with four films and a broken field, and wait until all assessable images are assessed."""
    page = day.page
    day.write(page.get_by_label(day.t("newcase.pseudonym")), name)
    chooser = page.locator("#files")
    if day.keyboard:
        day.reach(chooser)  # waits until the page's script has made it usable, too
        choose_by_keyboard(page).set_files(files)
    else:
        chooser.set_input_files(files)
    expect(page.get_by_text(day.t("newcase.views.complete"))).to_be_visible()
    day.fits()
    day.press(page.get_by_role("button", name=day.t("newcase.submit", count=len(files))))
    broken = page.locator(".entry", has_text="cut-off")
    expect(broken.locator('[data-step="upload"] progress')).to_be_attached()  # it is soon over, and hidden then
    expect(broken.locator('[data-step="inference"]')).to_have_attribute("data-state", "failed", timeout=PATIENT_MS)
    expect(broken.get_by_role("alert")).to_contain_text(day.t("errors.image_truncated"))
    expect(page.locator('.entry[data-state="done"]')).to_have_count(4, timeout=PATIENT_MS)
    expect(page.locator('.entry[data-state="done"] [data-state="done"]')).to_have_count(16)
    day.fits()


def choose_by_keyboard(page: Page) -> FileChooser:
    """Open the dialog of the focused file field.

    A headless Chromium that has closed other windows sometimes ignores the first key press.
    """
    page.bring_to_front()
    for _ in range(4):
        with suppress(TimeoutError), page.expect_file_chooser(timeout=5_000) as chosen:
            page.keyboard.press("Enter")
        with suppress(TimeoutError, Error):
            return chosen.value
    raise AssertionError("Enter opens no dialog to choose files")


def read(day: Day, panel: Locator) -> str:
    """Look at the case: every view hangs, overlays can be toggled. Returns its conclusion in words."""
    page = day.page
    for view in ("RCC", "LCC", "RMLO", "LMLO"):
        expect(page.locator(f'.pane[data-view="{view}"]')).to_have_attribute("data-scale", re.compile("."))
    expect(panel.locator(".findings .of-image")).to_have_count(4)
    said = panel.locator('[data-role="assessment"]')
    expect(said).to_have_text(
        re.compile("|".join(day.t(f"common.assessment.{a}") for a in get_args(Assessment))), timeout=PATIENT_MS
    )
    if day.width <= PHONE:
        return said.inner_text()  # a phone has no tools
    overlays = page.get_by_role("toolbar").locator('[data-act="overlays"]')
    for pressed, drawn in (("true", True), ("false", False), ("true", True)):
        expect(overlays).to_have_attribute("aria-pressed", pressed)
        for _ in range(100):  # Playwright's own waiting evaluates strings, which the page's policy forbids
            if (ink(page) > 0) is drawn:
                break
            page.wait_for_timeout(100)
        assert (ink(page) > 0) is drawn
        if day.keyboard:
            page.keyboard.press("a")
        else:
            overlays.click()
    page.keyboard.press("a")
    return said.inner_text()


def review(day: Day, panel: Locator) -> None:
    """Confirm the first finding, dismiss the second."""
    findings = panel.locator(".findings .finding")
    assert findings.count() >= 2, "these films hold masses; without a mark there is nothing to review"
    judge(day, findings.nth(0), "confirmed")
    expect(findings.nth(0)).to_have_attribute("data-verdict", "confirmed")
    judge(day, findings.nth(1), "dismissed")
    expect(findings.nth(1)).to_have_attribute("data-verdict", "dismissed")


def judge(day: Day, finding: Locator, verdict: str) -> None:
    day.press(finding.locator(f'[data-role="{verdict}"]'))


def state(day: Day, panel: Locator) -> None:
    """State a conclusion for each breast that contradicts no verdict."""
    for side in ("R", "L"):
        for field, value in (("bi_rads", "3"), ("density", "b"), ("recommendation", "short_follow_up")):
            choice = panel.locator(f'[name="{field}-{side}"][value="{value}"]')
            if day.keyboard:
                choice.focus()
                day.page.keyboard.press("Space")
            else:
                choice.locator("xpath=..").click()  # its label, once it no longer moves
            expect(choice).to_be_checked()


def sign(day: Day, panel: Locator, key: str, comment: str = "") -> None:
    """Sign the report as "not sure", which contradicts no verdict."""
    state(day, panel)
    day.press(panel.get_by_role("button", name=day.t(key), exact=True))
    dialog = day.page.locator("#signing")
    expect(dialog).to_be_visible()
    choice = dialog.get_by_role("radio", name=day.t("common.assessment.not_sure"))
    if day.keyboard:
        expect(dialog.get_by_role("radio").first).to_be_focused()
        day.page.keyboard.press("ArrowDown")
    else:
        choice.check()
    expect(choice).to_be_checked()
    if comment:
        day.write(dialog.get_by_label(day.t("reading.sign.comment")), comment)
    day.press(dialog.locator('[data-role="submit"]'))
    expect(dialog).to_be_hidden()


def text_of(pdf: Path) -> str:
    """The selectable text of a PDF."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed (apt-get install poppler-utils)")
    return subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout


def squeezed(text: str) -> str:
    return "".join(text.split())
