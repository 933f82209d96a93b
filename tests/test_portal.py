"""A clinician's and an administrator's day in the portal: a real Chromium, the real workers, real films.

The same day three times: in English on a desk, in Chinese on a phone, and by keyboard alone.
"""

import csv
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import cv2
import pytest
from playwright.sync_api import Browser, Error, FileChooser, Locator, Page, TimeoutError, expect

from lobule.contracts.language import Language
from lobule.contracts.result import Assessment
from lobule.launcher.system import DEMO, RunningSystem, running_system
from lobule.words import Words

pytestmark = pytest.mark.browser

VIEWS = {("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")}
# How many pixels of the overlays are not clear.
INK = """() => [...document.querySelectorAll('.pane:not([hidden]) canvas.overlay')].reduce((sum, canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 3; at < data.length; at += 4) if (data[at]) sum += 1;
    return sum;
}, 0)"""
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


@dataclass
class Day:
    """Someone in front of a browser.

    Attributes:
        page: What they see.
        t: The words of their language.
        keyboard: They have no mouse.
        width: Of the window, CSS pixels.
    """

    page: Page
    t: Words
    keyboard: bool
    width: int

    def words(self, key: str) -> re.Pattern[str]:
        """The sentence of a key, whatever its blanks hold."""
        sentences = self.t.parts(key.split(".")[0])
        sentence = sentences.get(key) or sentences[f"{key}.other"]
        return re.compile(r".+".join(re.escape(part) for part in re.split(r"{\w+}", sentence)))

    def reach(self, target: Locator) -> Locator:
        """Go to something by the Tab key."""
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
        """A button by the key of its words."""
        return (within or self.page).get_by_role("button", name=self.words(key)).first

    def fits(self) -> None:
        """Nothing is wider than the window."""
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.width, self.page.url

    def log_in(self, name: str, password: str) -> None:
        """Fill in the login form."""
        self.write(self.page.get_by_label(self.t("common.user_name")), name)
        self.write(self.page.get_by_label(self.t("login.password")), password)
        self.press(self.button("login.submit", self.page.locator("main")))


@pytest.fixture
def begin(chromium: Browser, system: RunningSystem) -> Iterator[Callable[..., Day]]:
    """Opens a browser for someone; fails the test where a script or the policy complains."""
    contexts, problems = [], []

    def begin(language: Language = "en", width: int = 1440, keyboard: bool = False) -> Day:
        locale = {"en": "en-GB", "zh": "zh-CN"}[language]
        viewport = {"width": width, "height": 900 if width > 500 else 740}
        context = chromium.new_context(base_url=system.url, viewport=viewport, locale=locale)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.set_default_navigation_timeout(60_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: dialog.accept())
        return Day(page, Words(language), keyboard, width)

    yield begin
    for context in contexts:
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


PATHS = pytest.mark.parametrize(
    ("language", "width", "keyboard"),
    [("en", 1440, False), ("zh", 360, False), ("en", 1440, True)],
    ids=["english-desk", "chinese-phone", "keyboard-alone"],
)


def test_a_wrong_password_is_refused(begin):
    day = begin()
    day.page.goto("/new")
    day.log_in(DEMO, "not my password")
    expect(day.page.get_by_role("alert")).to_contain_text(day.t("errors.wrong_credentials"))
    assert day.page.url.endswith("/login")


@PATHS
def test_from_four_films_to_a_signed_report_and_out(begin, password, patient, language, width, keyboard):
    day: Day = begin(language, width, keyboard)
    day.page.goto("/new")
    day.log_in(DEMO, password)
    name = f"P-{language}-{width}-{keyboard}".upper()
    send(day, name, patient)
    day.press(day.page.get_by_role("link", name=day.t("newcase.open_case")))
    panel = day.page.locator(".panel")
    conclusion = read(day, panel)
    review(day, panel)

    sign(day, panel, "reading.sign", password, comment="Seen by hand.")
    expect(panel.locator(".versions")).to_contain_text(day.t("reading.version", version=1))
    expect(day.page.locator(".case-state")).to_have_text(day.t("common.state.signed"))
    with day.page.expect_download(timeout=PATIENT_MS) as saved:
        day.press(panel.get_by_role("link", name=day.t("reading.pdf.of", version=1)))
    pdf = saved.value.path()
    assert pdf.read_bytes().startswith(b"%PDF")
    text = text_of(pdf)
    assert squeezed(conclusion) in squeezed(text), "the conclusion can be read out of the PDF"
    assert "Seen by hand." in " ".join(text.split())

    judge(day, panel.locator(".finding").nth(1), "dismissed")  # taken back
    day.press(day.button("supersede.yes"))
    expect(panel.get_by_text(day.words("reading.changed.since"))).to_be_visible()
    sign(day, panel, "reading.sign.again", password)
    expect(panel.locator(".versions li")).to_have_count(2)
    expect(panel.locator(".versions li[data-old]")).to_contain_text(day.t("reading.version", version=1))
    day.fits()

    day.page.goto("/")
    row = day.page.get_by_role("row", name=re.compile(name))
    expect(row).to_contain_text(day.t("common.state.signed"))
    expect(row).to_contain_text(day.t("worklist.signed.version", version=2))
    day.fits()
    day.press(day.button("common.log_out"))
    day.page.wait_for_url(re.compile("/login"))
    day.page.goto("/")
    assert "/login" in day.page.url


def send(day: Day, name: str, files: list[Path]) -> None:
    """Open a case with four films and a broken field, and watch until all that can be assessed is."""
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
    expect(broken.locator('[data-step="upload"] progress')).to_be_visible()
    expect(broken.locator('[data-step="inference"]')).to_have_attribute("data-state", "failed", timeout=PATIENT_MS)
    expect(broken.get_by_role("alert")).to_contain_text(day.t("errors.image_truncated"))
    expect(page.locator('.entry[data-state="done"]')).to_have_count(4, timeout=PATIENT_MS)
    expect(page.locator('.entry[data-state="done"] [data-state="done"]')).to_have_count(16)
    day.fits()


def choose_by_keyboard(page: Page) -> FileChooser:
    """Open the dialog of the file field that has the focus.

    A headless Chromium that has closed other windows now and then opens none at the first press.
    """
    page.bring_to_front()
    for _ in range(4):
        with suppress(TimeoutError), page.expect_file_chooser(timeout=5_000) as chosen:
            page.keyboard.press("Enter")
        with suppress(TimeoutError, Error):
            return chosen.value
    raise AssertionError("Enter opens no dialog to choose files")


def read(day: Day, panel: Locator) -> str:
    """Look at the case: every view hangs, overlays come and go. Gives its conclusion in words."""
    page = day.page
    for view in ("RCC", "LCC", "RMLO", "LMLO"):
        expect(page.locator(f'.pane[data-view="{view}"]')).to_have_attribute("data-scale", re.compile("."))
    expect(panel.locator(".findings .of-image")).to_have_count(4)
    said = panel.locator('[data-role="assessment"]')
    expect(said).to_have_text(
        re.compile("|".join(day.t(f"common.assessment.{a}") for a in get_args(Assessment))), timeout=PATIENT_MS
    )
    overlays = page.get_by_role("toolbar").locator('[data-act="overlays"]')
    for pressed, drawn in (("true", True), ("false", False), ("true", True)):
        expect(overlays).to_have_attribute("aria-pressed", pressed)
        for _ in range(100):  # not Playwright's own waiting: it evaluates words, which the page's policy forbids
            if (page.evaluate(INK) > 0) is drawn:
                break
            page.wait_for_timeout(100)
        assert (page.evaluate(INK) > 0) is drawn
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
    """State of each breast what contradicts no verdict."""
    for side in ("R", "L"):
        for field, value in (("bi_rads", "3"), ("density", "b"), ("recommendation", "short_follow_up")):
            choice = panel.locator(f'[name="{field}-{side}"][value="{value}"]')
            if day.keyboard:
                choice.focus()
                day.page.keyboard.press("Space")
            else:
                choice.check(force=True)
            expect(choice).to_be_checked()


def sign(day: Day, panel: Locator, key: str, password: str, comment: str = "") -> None:
    """Sign the report as not sure, which contradicts no verdict."""
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
    day.write(dialog.get_by_label(day.t("reading.sign.password")), password)
    day.press(dialog.locator('[data-role="submit"]'))
    expect(dialog).to_be_hidden()


def text_of(pdf: Path) -> str:
    """What can be selected in a PDF."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed (apt-get install poppler-utils)")
    return subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout


def squeezed(text: str) -> str:
    return "".join(text.split())


@PATHS
def test_an_administrator_lets_a_colleague_in(begin, system, language, width, keyboard):
    """A user is added, who has to choose a password; a role is changed; a token comes and goes; the log knows it."""
    name, given, own = f"new.{language}.{width}.{keyboard}".lower(), "a password that is given", "a password of my own"
    admin: Day = begin(language, width, keyboard)
    page, t = admin.page, admin.t
    page.goto("/admin/users")
    admin.log_in("admin", system.home.secrets["admin_password"])
    form = page.locator('form[data-url="/api/v1/users"]')
    admin.write(form.get_by_label(t("common.user_name")), name)
    admin.write(form.get_by_label(t("admin.password.new")), given)
    admin.press(form.get_by_role("button"))
    row = page.get_by_role("row", name=re.compile(re.escape(name)))
    expect(row).to_be_visible()
    admin.fits()

    colleague: Day = begin(language, width, keyboard)
    colleague.page.goto("/")
    colleague.log_in(name, given)
    expect(colleague.page.get_by_role("heading", name=t("login.password.title"))).to_be_visible()
    colleague.fits()
    colleague.write(colleague.page.get_by_label(t("login.password.given")), given)
    colleague.write(colleague.page.get_by_label(t("admin.password.new")), own)
    colleague.press(colleague.button("login.password.submit"))
    expect(colleague.page.get_by_role("heading", name=t("worklist.empty.title"))).to_be_visible()
    colleague.page.goto("/account")
    colleague.write(colleague.page.get_by_label(t("admin.token.name")), "PACS bridge")
    colleague.press(colleague.button("admin.token.make"))
    expect(colleague.page.locator("#secret-value")).to_contain_text("lobule_")
    colleague.fits()

    page.goto("/admin/users")
    revoke = page.get_by_role("row", name=re.compile("PACS bridge")).get_by_role("button", name=t("admin.token.revoke"))
    admin.press(revoke)
    expect(page.get_by_role("row", name=re.compile("PACS bridge"))).to_have_count(0)
    admin.press(row.get_by_role("button", name=t("admin.disable")))
    expect(row).to_contain_text(t("admin.inactive"))
    for path, heading in (("/admin/work", "admin.work"), (f"/admin/audit?actor={name}", "admin.audit")):
        page.goto(path)
        expect(page.get_by_role("heading", name=t(heading), level=1)).to_be_visible()
        admin.fits()
    expect(page.locator("td", has_text=re.compile("^user.password$"))).to_be_visible()
    with page.expect_download() as export:
        admin.press(page.get_by_role("link", name=t("admin.audit.export")))
    assert name in export.value.path().read_text("utf-8")
    colleague.page.goto("/")
    assert "/login" in colleague.page.url, "whoever is disabled is out at once"
