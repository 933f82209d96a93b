"""The reading page on a tablet that is held upright."""

import pytest

pytestmark = pytest.mark.browser


def test_the_films_take_most_of_the_page(logged_in, study, picture):
    """They had the smallest height that the style sheet allows, whatever the screen."""
    study.add(picture(91), [], laterality="R", view="CC")
    page = logged_in(study.url, viewport={"width": 820, "height": 1180})
    panes = page.locator('[data-role="panes"]')
    panes.locator(".pane canvas").first.wait_for()
    assert panes.bounding_box()["height"] == pytest.approx(0.62 * 1180, abs=1)
