"""Renews the pictures in README.md: `make pictures`, or `python docs/images/renew.py [--only reading] [--home FOLDER]`.

Starts the whole system with the models that ship, fills it with synthetic films (`films.py`, `hospital.py`), and takes
screenshots of the portal in Chromium. Needs Chromium and poppler's pdftoppm. On two cores it takes five minutes. With
`--home`, the folder is kept, and a folder that was filled before is used as it is.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from hospital import (
    PASSWORD,
    PATIENTS,
    READER,
    add_cases,
    add_people,
    draw_dicom,
    draw_field,
    judge,
    report_pdf,
    sign,
)
from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from lobule.client import Client
from lobule.launcher.system import RunningSystem, running_system

HERE = Path(__file__).parent
MAIN, BESIDE, SIGNED = "P-XDZ2XK", "P-K20VN", "P-VV8CK"
DESK: ViewportSize = {"width": 1440, "height": 900}
_NOTHING = {"bi_rads": 1, "density": "a", "recommendation": "routine_screening"}
_STATED = {
    "right": {"bi_rads": 2, "density": "c", "recommendation": "routine_screening"},
    "left": {"bi_rads": 5, "density": "c", "recommendation": "biopsy"},
}
_WARNINGS = ["contradiction"]


def fill(system: RunningSystem, drawings: Path) -> dict[str, str]:
    """Fill the system, unless that was done before; returns the cases by pseudonym."""
    kept = system.home.folder / "pictures.json"
    if kept.exists():
        return json.loads(kept.read_text("utf-8"))
    add_people(system.home.folder)
    cases = add_cases(system.url, drawings, date.today())
    judge(system.url, cases[MAIN])
    sign(system.url, READER, cases[SIGNED], {"breasts": {"right": _NOTHING, "left": _NOTHING}})
    kept.write_text(json.dumps(cases), "utf-8")
    return cases


def until_still(page: Page) -> None:
    """Wait until every film is painted."""
    page.wait_for_load_state("networkidle")
    expect(page.locator('.pane:visible [data-role="depth"]', has_text="loading")).to_have_count(0, timeout=60_000)
    expect(page.locator(".pane:visible[data-painting]")).to_have_count(0, timeout=60_000)


def reading(page: Page, cases: dict[str, str]) -> None:
    """The reading page: four views, a lesion that both views show is chosen."""
    page.goto(f"/cases/{cases[MAIN]}")
    page.locator(".finding").first.wait_for()
    until_still(page)
    page.locator(".finding .go").first.click()
    page.locator('[data-act="reset"]').click()
    page.locator('[data-role="facts"]').click()
    until_still(page)


def side_by_side(page: Page, cases: dict[str, str]) -> None:
    """A film beside a microscope field."""
    page.goto(f"/cases/{cases[BESIDE]}")
    page.locator(".finding").first.wait_for()
    until_still(page)
    page.locator(".finding .go").first.click()
    page.locator('[data-layout="two"]').click()
    page.locator('[data-role="facts"]').click()
    until_still(page)


def new_case(page: Page, _cases: dict[str, str]) -> None:
    """The page for a new case, with the files of a patient."""
    patient = next(patient for patient in PATIENTS if patient.name == BESIDE)
    with tempfile.TemporaryDirectory() as folder:
        files = draw_dicom(Path(folder), patient, date.today() - timedelta(days=patient.days))
        files.append(draw_field(Path(folder) / "field_100X.png"))
        page.goto("/new")
        page.locator('[name="pseudonym"]').fill(patient.name)
        page.set_input_files("#files", files)
        page.locator(".entry").nth(len(files) - 1).wait_for()
        page.locator("h1").click()
        expect(page.get_by_text("found, please check")).to_have_count(4, timeout=60_000)
        expect(page.get_by_text("The preview is being drawn")).to_have_count(0, timeout=60_000)
        page.wait_for_load_state("networkidle")


def worklist(page: Page, _cases: dict[str, str]) -> None:
    """The worklist, with the glance pane that wide screens have."""
    page.goto("/")
    page.locator("#glance canvas[data-drawn]").nth(3).wait_for()
    page.wait_for_load_state("networkidle")


PAGES: dict[str, tuple[ViewportSize, Callable[[Page, dict[str, str]], None]]] = {
    "reading": (DESK, reading),
    "side-by-side": (DESK, side_by_side),
    "new-case": (DESK, new_case),
    "worklist": ({"width": 2100, "height": 960}, worklist),
}


def report(url: str, case: str, folder: Path) -> Image.Image:
    """Sign the case; returns the first two pages of its report side by side."""
    with Client(url, READER, PASSWORD) as lobule:
        if not lobule.reports(case):
            comment = "Left: spiculated mass, grown since 2024. Right: round mass, unchanged."
            sign(url, READER, case, {"breasts": _STATED, "comment": comment, "acknowledged": _WARNINGS})
        (folder / "report.pdf").write_bytes(report_pdf(lobule, case))
    subprocess.run(["pdftoppm", "-r", "91", "-png", "-l", "2", folder / "report.pdf", folder / "page"], check=True)
    pages = [Image.open(path) for path in sorted(folder.glob("page-*.png"))]
    width = sum(page.width for page in pages) + 8 * (len(pages) - 1)
    sheet = Image.new("RGB", (width, pages[0].height), (86, 96, 102))
    left = 0
    for page in pages:
        sheet.paste(page, (left, 0))
        left += page.width + 8
    return sheet


def save(picture: Image.Image, name: str, widest: int = 1600) -> None:
    """Write a picture beside this script."""
    if picture.width > widest:
        size = (widest, round(picture.height * widest / picture.width))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    picture.convert("RGB").save(HERE / f"{name}.webp", quality=88, method=6)
    print(HERE / f"{name}.webp")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[*PAGES, "report"], default=[*PAGES, "report"])
    parser.add_argument("--home", type=Path, help="folder of the system, which is kept")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home = arguments.home or folder / "home"
        system = stack.enter_context(
            running_system(home, "127.0.0.1", 0, show_logs=False, log_format="json", echo=print)
        )
        cases = fill(system, folder)
        play = stack.enter_context(sync_playwright())
        browser = play.chromium.launch(executable_path=shutil.which("chromium"))
        stack.callback(browser.close)
        pages = [name for name in PAGES if name in arguments.only]  # the worklist comes last, with a signed case
        for name in [*pages, "report"]:
            if name == "report" and name in arguments.only:
                save(report(system.url, cases[MAIN], folder), "report")
                continue
            if name not in pages:
                continue
            size, prepare = PAGES[name]
            page = browser.new_context(base_url=system.url, viewport=size, locale="en-GB").new_page()
            page.goto("/login")
            page.fill('[name="username"]', READER)
            page.fill('[name="password"]', PASSWORD)
            page.locator('main button[type="submit"]').click()
            page.wait_for_url("**/")
            prepare(page, cases)
            picture = folder / f"{name}.png"
            page.screenshot(path=picture)
            save(Image.open(picture), name)
            page.context.close()


if __name__ == "__main__":
    main()
