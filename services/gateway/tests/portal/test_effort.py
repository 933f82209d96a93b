"""How many clicks and keys a reader needs from login to a signed, structured report with six findings reviewed."""

from collections import Counter

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"
CLICKS, KEYS = 8, 10
BY_KEYBOARD = 50
COUNT = """
const typedInto = ({ target, key }) => key.length === 1 && target.matches?.('input:not([type="radio"]), textarea');
addEventListener('pointerdown', (event) => event.isTrusted && noteInput('clicks'), true);
addEventListener('keydown', (event) => event.isTrusted && noteInput(typedInto(event) ? 'letters' : 'keys'), true);
"""


def test_a_case_of_six_findings_needs_few_clicks_and_keys(open_page, study, masses, picture):
    for number, (side, view) in enumerate([("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]):
        study.add(picture(90 + number), masses if number < 3 else [], laterality=side, view=view)
    page = open_page("/login", viewport={"width": 1440, "height": 900})
    counted: Counter[str] = Counter()
    page.context.expose_binding("noteInput", lambda _, kind: counted.update([kind]))
    page.add_init_script(COUNT)
    page.reload()

    expect(page.locator("[name=username]")).to_be_focused()
    page.keyboard.type("alice")
    page.keyboard.press("Tab")
    expect(page.locator("[name=password]")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="P-READ").click()
    expect(page.locator(".finding")).to_have_count(6)
    expect(page.locator(".pane[data-scale]")).to_have_count(4)
    page.keyboard.press("j")
    for number, key in enumerate("cxcxcx"):
        expect(page.locator(".finding[data-chosen]")).to_have_count(1)
        page.keyboard.press(key)
        expect(page.locator('.panel [data-role="to-review"]')).to_have_text(f"{number + 1} of 6 reviewed")
    for side in ("R", "L"):
        for field, value in (("bi_rads", 4), ("density", "c"), ("recommendation", "biopsy")):
            page.locator(f'[name="{field}-{side}"][value="{value}"]').click()
    page.get_by_role("button", name="Sign report").click()
    expect(page.locator('#signing [data-role="submit"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".versions")).to_contain_text("Version 1")

    print(f"login to signed report, six findings reviewed: {dict(counted)}")
    case = study.read()
    verdicts = Counter(review["verdict"] for review in case["reviews"])
    assert verdicts == {"confirmed": 3, "dismissed": 3}
    assert case["reports"][0]["breasts"]["left"] == {"bi_rads": 4, "density": "c", "recommendation": "biopsy"}
    assert 0 < counted["clicks"] <= CLICKS
    assert 0 < counted["keys"] <= KEYS


def test_a_case_of_32_findings_is_signed_by_keyboard_alone(logged_in, study, masses, picture):
    """From the worklist: each finding takes one key, and J goes from the last one through the conclusion to Sign."""
    for number, (side, view) in enumerate([("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]):
        found = [
            mass.model_copy(
                update={"id": f"f{4 * half + place}", "box": mass.box.model_copy(update={"y": 60 + 150 * half})}
            )
            for half in range(4)
            for place, mass in enumerate(masses, 1)
        ]
        study.add(picture(90 + number), found, laterality=side, view=view)
    page = logged_in("/", viewport={"width": 1440, "height": 900})
    pressed = []

    def press(key):
        pressed.append(key)
        page.keyboard.press(key)

    expect(page.locator("tbody .case > a")).to_have_count(1)
    press("j")
    press("Enter")
    expect(page.locator(".findings .finding")).to_have_count(32)
    expect(page.locator(".pane[data-scale]")).to_have_count(4)
    page.keyboard.press("Shift+J")  # the conclusion may come first, and the findings after it
    expect(page.locator('[name="bi_rads-R"]').first).to_be_focused()
    press("j")
    for number in range(32):
        expect(page.locator(".finding[data-chosen] .go")).to_be_focused()
        press("x")
        expect(page.locator('.panel [data-role="to-review"]')).to_have_text(f"{number + 1} of 32 reviewed")
    for side in ("R", "L"):
        for field, key, value in (
            ("bi_rads", "2", "2"),
            ("density", "b", "b"),
            ("recommendation", "Space", "routine_screening"),
        ):
            expect(page.locator(f'[name="{field}-{side}"]').first).to_be_focused()
            press(key)
            expect(page.locator(f'[name="{field}-{side}"][value="{value}"]')).to_be_checked()
            press("j")
    expect(page.locator('.panel [data-role="sign"]')).to_be_focused()
    press("Enter")
    expect(page.locator('#signing [data-role="submit"]')).to_be_focused()
    press("Enter")
    expect(page.locator(".versions")).to_contain_text("Version 1")
    assert len(pressed) <= BY_KEYBOARD
    assert study.read()["reports"][0]["breasts"]["left"]["bi_rads"] == 2
