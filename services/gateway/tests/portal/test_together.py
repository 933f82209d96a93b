"""What the films of a case say together, on the reading page."""

import pytest
from playwright.sync_api import expect
from signing_dialog import DESK, alert, sign, state, submit

from lobule.contracts.examination import (
    BreastReading,
    BreastReason,
    ExaminationReading,
    Lesion,
    LesionChange,
    LesionMark,
    LesionPlace,
)

pytestmark = pytest.mark.browser


def reading(cc: str, mlo: str) -> ExaminationReading:
    """One lesion on both films, new since the examination before."""
    lesion = Lesion(
        marks=[LesionMark(job_id=cc, finding_id="f1", view="CC"), LesionMark(job_id=mlo, finding_id="f1", view="MLO")],
        probability_malignant=0.7,
        same_lesion=0.87,
        place=LesionPlace(across="outer", along="upper", clock=2, depth="middle", retroareolar=False),
        change=LesionChange(change="new", growth=None, growth_mm=None, prior=None),
    )
    breast = BreastReading(
        laterality="L",
        views=["CC", "MLO"],
        assessment="malignancy_suspected",
        probability_malignant=0.9,
        bi_rads=4,
        density="c",
        lesions=[lesion],
        reasons=[BreastReason(code="lesion_on_both_views", lesion=0)],
    )
    return ExaminationReading(
        method="rule", breasts=[breast], assessment="malignancy_suspected", probability_malignant=0.9
    )


def finish(worker) -> None:
    """Read the films of the case together."""
    claim = worker.claim_next("mammo")
    cc, mlo = (image["job_id"] for image in claim["examination"]["images"])
    worker.store.put(f"{claim['output_prefix']}/examination.json", reading(cc, mlo).model_dump_json().encode())
    said = worker.post(claim["job_id"], "examination", "complete", attempt=claim["attempt"])
    assert said.status_code == 204


def test_a_signature_waits_for_the_numbers_that_the_report_will_have(study, picture, masses, worker, logged_in):
    for colour, view in ((1, "CC"), (2, "MLO")):
        study.add(picture(colour), masses[:1], view=view, laterality="L", name=f"{view}.png")
    page = logged_in(study.url, viewport=DESK)
    state(page, side="L", bi_rads=4)
    sign(page)
    awaited = alert(page, "not_read_together")
    expect(awaited).to_contain_text("still being read together")
    expect(alert(page, "settled")).to_be_hidden()
    finish(worker)
    expect(alert(page, "stale")).to_contain_text("findings may have other numbers now")
    expect(awaited).to_be_hidden()
    submit(page)
    expect(alert(page, "conclusion-problem")).to_be_visible()  # it is stated anew
    assert study.read()["reports"] == []
    page.keyboard.press("Escape")
    state(page, side="L", bi_rads=4)
    sign(page)
    submit(page)
    expect(page.locator(".versions")).to_contain_text("Version 1")


def test_a_lesion_shows_its_other_mark_its_place_and_its_change(study, picture, masses, worker, logged_in):
    for colour, view in ((1, "CC"), (2, "MLO")):
        study.add(picture(colour), masses[:1], view=view, laterality="L", name=f"{view}.png")
    page = logged_in(study.url)
    row = page.locator("li.finding").first
    expect(row).to_be_visible()
    expect(row.locator('[data-role="together"]')).to_be_hidden()  # the films are not read together yet

    finish(worker)
    together = row.locator('[data-role="together"]')
    expect(together).to_have_text("One lesion with the mark on LMLO: 87% · new since the earlier examination")
    expect(row.locator('[data-role="place"]')).to_have_text("2 o'clock · middle third")
    expect(page.locator("li.finding")).to_have_count(1)
    expect(row.locator('[data-role="short"]')).to_have_text("LCC · LMLO")
    expect(row.locator('[data-role="swatch"]')).to_have_text("1")
    breast = page.locator('[data-side="L"]')
    expect(breast.locator('[data-role="density"]')).to_have_text("System suggests c")
    breast.get_by_text("Reasons").click()
    expect(breast.locator("details li")).to_have_count(3)
    expect(breast.locator("details li").nth(1)).to_contain_text("density c, heterogeneously dense")

    # A verdict is given on both marks, and undo takes it back of both, also after the page was loaded anew.
    page.keyboard.press("j")
    page.keyboard.press("c")
    line = page.locator('.status-line [data-role="words"]')
    expect(line).to_have_text("Confirmed: LCC and LMLO, finding 1")
    assert [review["verdict"] for review in study.read()["reviews"]] == ["confirmed", "confirmed"]
    page.reload()
    undo = page.locator('[data-role="undo"]')
    undo.wait_for()
    undo.click()
    expect(line).to_have_text("Undone: LCC, finding 1 is without a verdict again")
    expect(undo).to_be_hidden()
    assert study.read()["reviews"] == []

    # The steps go on from a chosen finding: of a lesion, the mark on the film that is read stays chosen.
    for key in ("n", "p"):  # the verdict that was undone is chosen: to the next row, and back
        page.keyboard.press(key)
    expect(row).to_have_attribute("data-chosen", "")
    for layout in ("row", "cc", "mlo", "one", "two"):
        page.keyboard.press("Space")
        expect(page.locator(f'button[data-layout="{layout}"]')).to_have_attribute("aria-pressed", "true")
        expect(row).to_have_attribute("data-chosen", "")


@pytest.mark.parametrize(("probability", "names_place"), [(0.9, True), (0.1, False)])
def test_the_worklist_names_no_place_beside_no_sign_of_malignancy(
    study, picture, masses, worker, logged_in, probability, names_place
):
    for colour, view in ((1, "CC"), (2, "MLO")):
        study.add(picture(colour), masses[:1], probability=probability, view=view, laterality="L", name=f"{view}.png")
    finish(worker)
    cell = logged_in("/").locator("td.assessment")
    expect(cell).to_contain_text("Malignancy suspected" if names_place else "No sign of malignancy")
    expect(cell.locator(".site")).to_have_count(int(names_place))
