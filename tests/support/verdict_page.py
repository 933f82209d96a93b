"""What tests of verdicts read and press on the reading page."""

DESK = {"width": 1300, "height": 900}


def line(page):
    """What the line below the films says of the last change."""
    return page.locator('.status-line [role="status"]')


def target(page):
    return page.locator('.status-line [data-role="target"]')


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def said(study) -> list[tuple]:
    """The verdicts of the case as the API shows them."""
    return [(review["finding_id"], review["verdict"], review["comment"]) for review in study.read()["reviews"]]
