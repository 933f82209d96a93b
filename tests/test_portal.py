"""A clinician's and an administrator's work in the portal, in a real Chromium with real workers and films.

The same day runs three times: in English on a desktop, in Chinese on a phone, and by keyboard alone.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, expect
from portal_day import (
    PATIENT_MS,
    Day,
    judge,
    read,
    review,
    send,
    sign,
    squeezed,
    text_of,
)

from lobule.contracts.language import Language
from lobule.launcher.system import DEMO, RunningSystem
from lobule.words import Words

pytestmark = pytest.mark.browser


VIEWS = {("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")}


@pytest.fixture(scope="module")
def system(system_with_models) -> Iterator[RunningSystem]:
    """The whole system with both models, because that of the other tests has none for mammograms."""
    yield system_with_models.start()
    system_with_models.close()  # this module is the last that uses it


@pytest.fixture(scope="module")
def password(system: RunningSystem) -> str:
    """The demo user's password."""
    return system.home.secrets["demo_password"]


@pytest.fixture
def begin(chromium: Browser, system: RunningSystem) -> Iterator[Callable[..., Day]]:
    """Opens a browser for a person; fails the test if a script or the content security policy reports an error."""
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

    sign(day, panel, "reading.sign", comment="Seen by hand.")
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
    sign(day, panel, "reading.sign.again")
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


@PATHS
def test_an_administrator_lets_a_colleague_in(begin, system, language, width, keyboard):
    """A user is added and has to choose a password; a role is changed; a token is made and revoked; all is logged."""
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
    expect(page.locator("td", has_text=t("audit.user.password"))).to_be_visible()
    with page.expect_download() as export:
        admin.press(page.get_by_role("link", name=t("admin.audit.export")))
    assert name in export.value.path().read_text("utf-8")
    colleague.page.goto("/")
    assert "/login" in colleague.page.url, "whoever is disabled is out at once"
