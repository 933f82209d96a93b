"""Reads and operates verdicts on the reading page."""

DESK = {"width": 1300, "height": 900}


def line(page):
    """The message about the last change below the films."""
    return page.locator('.status-line [role="status"]')


def target(page):
    return page.locator('.status-line [data-role="target"]')


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def said(study) -> list[tuple]:
    """The verdicts of the case from the API."""
    return [(review["finding_id"], review["verdict"], review["comment"]) for review in study.read()["reviews"]]
