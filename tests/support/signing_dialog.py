"""Fills in the signing dialog in tests."""

from playwright.sync_api import expect

PASSWORD = "correct horse battery staple"


DESK = {"width": 1300, "height": 900}


def sign(page):
    """Open the dialog and wait for its draft, which would otherwise replace a test's input."""
    page.locator('.panel [data-role="sign"]').click()
    expect(page.locator("#signing")).to_be_visible()
    expect(page.locator('#signing [data-role="submit"]')).to_be_enabled()


def submit(page):
    page.locator('#signing [data-role="submit"]').click()


CATEGORIES = {"malignancy_suspected": 4, "not_sure": 0, "no_sign_of_malignancy": 2}


def state(page, side="R", bi_rads=2, density="b", recommendation="further_imaging"):
    """State all values of a breast in the panel."""
    for field, value in (("bi_rads", bi_rads), ("density", density), ("recommendation", recommendation)):
        choice = page.locator(f'.panel [name="{field}-{side}"][value="{value}"]')
        expect(choice).to_be_visible()  # `force` does not wait, and the panel may not be drawn yet
        choice.check(force=True)


def choose(page, assessment):
    """State a category of the right breast with this assessment, and open the dialog again."""
    page.keyboard.press("Escape")
    expect(page.locator("#signing")).to_be_hidden()
    state(page, bi_rads=CATEGORIES[assessment])
    sign(page)


def alert(page, name):
    return page.locator(f'#signing [data-role="{name}"]')
